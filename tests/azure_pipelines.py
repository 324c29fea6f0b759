"""An Azure Pipelines file as the service resolves it: parameters, template expressions, stages, jobs, steps. Pure.

What none of our files uses is refused, so that a file never means more than what a test runs of it.

Source: learn.microsoft.com, Azure Pipelines: "Template expressions", "Runtime parameters", "Add stages, dependencies, and
conditions", and the YAML schema of pipelines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
_EACH = re.compile(r"\$\{\{ each (\w+) in ([\w.]+) \}\}")
_SUCCEEDED = "succeeded()"


@dataclass(frozen=True, kw_only=True)
class AzureStep:
    """One step.

    Attributes:
        name: What its output variables are found by.
        script: Empty of what runs none.
        connection: The service connection that an AzureCLI task logs in with; empty of what logs in nowhere.
        environ: Its `env`, with macros such as `$(Build.BuildId)` left in.
        transfer: `checkout`, `publish` or `download`; empty of a script.
        artifact: Name of what is published or downloaded.
        path: Folder that is published.
    """

    title: str
    name: str = ""
    script: str = ""
    connection: str = ""
    environ: Mapping[str, str]
    condition: str
    transfer: str = ""
    artifact: str = ""
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class AzureJob:
    """A job, or a deployment into an environment."""

    name: str
    environment: str
    variables: Mapping[str, str]
    steps: tuple[AzureStep, ...]


@dataclass(frozen=True, kw_only=True)
class AzureStage:
    """A stage with its one job: more than one is in none of our files."""

    name: str
    depends_on: tuple[str, ...]
    condition: str
    job: AzureJob


@dataclass(frozen=True, kw_only=True)
class AzurePipeline:
    """A whole file.

    Attributes:
        groups: Variable groups that it reads.
    """

    variables: Mapping[str, str]
    groups: tuple[str, ...]
    stages: tuple[AzureStage, ...]


def read_pipeline(path: Path, given: Mapping[str, str]) -> AzurePipeline:
    """A file with the parameters that a person fills in; those left out have their default."""
    text = yaml.safe_load(path.read_text())
    names = {"parameters": dict(_parameters(text.pop("parameters", ()), given))}
    document = _expanded(text, names)
    rows = document.get("variables") or ()
    return AzurePipeline(
        variables={row["name"]: str(row["value"]) for row in rows if "name" in row},
        groups=tuple(row["group"] for row in rows if "group" in row),
        stages=tuple(_stages(document)),
    )


def _parameters(rows: Sequence[Mapping[str, Any]], given: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    unknown = set(given) - {row["name"] for row in rows}
    assert not unknown, f"parameters: got {unknown}, expected those that the file declares"
    for row in rows:
        value = given.get(row["name"], row.get("default"))
        assert value not in (None, ""), f"parameter {row['name']}: a queued run needs a value"
        assert value in row.get("values", [value]), f"parameter {row['name']}: got {value!r}"
        yield row["name"], value


def _expanded(node: Any, names: Mapping[str, Any]) -> Any:
    """A node with its template expressions replaced."""
    if isinstance(node, Mapping):
        return {_expanded(key, names): _expanded(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [one for item in node for one in _expanded_item(item, names)]
    if isinstance(node, str):
        if whole := _EXPRESSION.fullmatch(node):
            return _value(whole[1], names)
        return _EXPRESSION.sub(lambda match: str(_value(match[1], names)), node)
    return node


def _expanded_item(item: Any, names: Mapping[str, Any]) -> Iterator[Any]:
    if isinstance(item, Mapping) and len(item) == 1:
        ((key, body),) = item.items()
        if each := _EACH.fullmatch(str(key)):
            for one in _value(each[2], names):
                yield from _expanded(body, {**names, each[1]: one})
            return
    yield _expanded(item, names)


def _value(path: str, names: Mapping[str, Any]) -> Any:
    found: Any = names
    for part in path.split("."):
        found = found[part]
    return found


def _stages(document: Mapping[str, Any]) -> Iterator[AzureStage]:
    if "stages" not in document:
        # Steps alone are one job of one stage.
        job = AzureJob(name="Job", environment="", variables={}, steps=_steps(document["steps"]))
        yield AzureStage(name="__default", depends_on=(), condition=_SUCCEEDED, job=job)
        return
    before: tuple[str, ...] = ()
    for stage in document["stages"]:
        (job,) = stage["jobs"]
        named = stage.get("dependsOn", before)
        yield AzureStage(
            name=stage["stage"],
            depends_on=(named,) if isinstance(named, str) else tuple(named),
            condition=stage.get("condition", _SUCCEEDED),
            job=_job(job),
        )
        before = (stage["stage"],)


def _job(job: Mapping[str, Any]) -> AzureJob:
    assert not set(job) & {"dependsOn", "condition"}, job
    steps = job["strategy"]["runOnce"]["deploy"]["steps"] if "deployment" in job else job["steps"]
    return AzureJob(
        name=job.get("deployment") or job["job"],
        environment=job.get("environment", ""),
        variables=dict(job.get("variables") or {}),
        steps=_steps(steps),
    )


def _steps(steps: Sequence[Mapping[str, Any]]) -> tuple[AzureStep, ...]:
    return tuple(_step(step) for step in steps)


def _step(step: Mapping[str, Any]) -> AzureStep:
    condition, environ = step.get("condition", _SUCCEEDED), dict(step.get("env") or {})
    for transfer in ("checkout", "publish", "download"):
        if transfer in step:
            return AzureStep(
                title=f"{transfer} {step.get('artifact', step[transfer])}",
                environ=environ,
                condition=condition,
                transfer=transfer,
                artifact=step.get("artifact", ""),
                path=str(step[transfer]),
            )
    title, name = step["displayName"], step.get("name", "")
    if "script" in step:
        return AzureStep(title=title, name=name, script=step["script"], environ=environ, condition=condition)
    inputs = step["inputs"]
    assert step["task"] == "AzureCLI@2", step["task"]
    assert (inputs["scriptType"], inputs["scriptLocation"]) == ("bash", "inlineScript"), inputs
    return AzureStep(
        title=title, name=name, script=inputs["inlineScript"], connection=inputs["azureSubscription"],
        environ=environ, condition=condition,
    )  # fmt: skip
