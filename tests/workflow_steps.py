"""The commands of a CI workflow, read out of its YAML in their order, so that a test can run them as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.azure_pipelines import read_pipeline

_GITHUB = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
_MACRO = re.compile(r"\$\(([\w.]+)\)")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step that runs commands.

    Attributes:
        name: As the service shows it.
        job: The job that it belongs to.
        environ: What the workflow sets for it, expressions replaced.
    """

    name: str
    script: str
    environ: Mapping[str, str]
    job: str = ""


def github_steps(path: Path, values: Mapping[str, str]) -> list[Step]:
    """Steps of a GitHub workflow, job by job, each job after those it needs.

    Args:
        values: Expression, such as `vars.PULUMI_BACKEND_URL` -> what stands for it here. An unknown one is an error.
    """
    workflow = yaml.safe_load(path.read_text())

    def filled(environ: Mapping[str, Any] | None) -> dict[str, str]:
        return {
            name: _GITHUB.sub(lambda match: values[match[1]], str(text))
            for name, text in (environ or {}).items()
        }

    found = []
    for name, job in _in_order(workflow["jobs"]):
        for step in job["steps"]:
            if "run" in step:
                assert not _GITHUB.search(step["run"]), (
                    f"{step['name']}: an expression in a script may be code of others"
                )
                environ = filled(workflow.get("env")) | filled(job.get("env")) | filled(step.get("env"))
                found.append(Step(name=step["name"], script=step["run"], environ=environ, job=name))
    return found


def _in_order(jobs: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    done: set[str] = set()
    while len(done) < len(jobs):
        name = next(name for name, job in jobs.items() if name not in done and _needs(job) <= done)
        done.add(name)
        yield name, jobs[name]


def _needs(job: Mapping[str, Any]) -> set[str]:
    needs = job.get("needs") or []
    return {needs} if isinstance(needs, str) else set(needs)


def azure_steps(path: Path, values: Mapping[str, str]) -> list[Step]:
    """Scripts of an Azure pipeline, and the inline scripts of its Azure CLI tasks, with the parameters' defaults.

    Args:
        values: Variable, such as `System.AccessToken` -> what stands for it here. An unknown one is an error.
    """
    return [
        Step(
            name=step.title,
            script=step.script,
            environ={
                name: _MACRO.sub(lambda match: values[match[1]], str(text))
                for name, text in step.environ.items()
            },
            job=stage.job.name,
        )
        for stage in read_pipeline(path, {}).stages
        for step in stage.job.steps
        if step.script
    ]


def steps_of(node: Any) -> Iterator[Mapping[str, Any]]:
    """Every step below stages, jobs and deployments, in the order of the file."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name == "steps":
                yield from value
            else:
                yield from steps_of(value)
    elif isinstance(node, list):
        for value in node:
            yield from steps_of(value)
