"""`plumbline explain step`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from plumbline.ops.errors import UserError
from plumbline.ops.job.options import Place, place_options
from plumbline.ops.output import output_options

if TYPE_CHECKING:
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.explain.answer import Answer, Reason
    from plumbline.ops.explain.earlier_run import EarlierRun
    from plumbline.ops.run_history import StepRun

_PARENT = re.compile(r"^\$\{\{\s*parent\.inputs\.([^.\s}]+)\s*\}\}$")
_STEP = re.compile(r"\$\{\{\s*parent\.jobs\.([^.\s}]+)\.outputs\.")
# Of a node, what does not decide its results.
_LABELS = ("display_name", "comment", "properties", "compute", "description", "tags")


@click.command("step")
@click.argument("job")
@click.option("--step", help="One step. Default: every step of the job that ran.")
@place_options
@output_options
def command(job: str, step: str | None, place: Place, output: str, query: str | None) -> None:
    """Say why steps of JOB ran instead of being reused: component, inputs, environment, determinism.

    Each step is compared with the newest earlier run of it that completed, in the same experiment.

    \b
    Example: plumbline explain step calm_lake_x7 --step train --stack local
    """
    from plumbline.ops.explain.answer import print_answers
    from plumbline.ops.explain.earlier_run import earlier_jobs, earlier_run
    from plumbline.ops.job.digest import live_job
    from plumbline.ops.run_history import RunHistory

    session = place.session()
    history = RunHistory(session)
    body = history.job(job)
    hidden = history.undefined(body)
    if body["properties"].get("jobType") != "Pipeline" or hidden:
        raise UserError(
            f"job {job}: {hidden or 'got no pipeline job'}, expected one whose steps can be compared."
        )
    runs = {run.step: run for run in history.steps(body) if not run.is_group}
    if step is not None and step not in runs:
        raise UserError(f"--step: got {step!r}, expected one of {', '.join(runs) or 'no step yet'}.")
    canonical = live_job(body)
    jobs = list(earlier_jobs(session, history, body))
    answers = [
        _answer(session, canonical, run, runs, earlier_run(history, jobs, run.step))
        for run in runs.values()
        if run.step == step or (step is None and run.reused_from is None)
    ]
    if not answers:
        click.echo(f"{job}: every step was reused.", err=True)
    print_answers("step", answers, output=output, query=query)


def _answer(
    session: AzureSession,
    job: Mapping[str, Any],
    run: StepRun,
    runs: Mapping[str, StepRun],
    earlier: EarlierRun | None,
) -> Answer:
    from plumbline.ops.explain.answer import Answer

    if run.reused_from is not None:
        return Answer(
            subject=run.step,
            says=f"{run.step} did not run: it was reused from {run.reused_job or run.reused_from}, nothing of it differs.",
        )
    if earlier is None:
        return Answer(
            subject=run.step,
            says=f"{run.step} ran because no earlier run of it in this experiment completed.",
        )
    reasons = tuple(_reasons(session, job, run, runs, earlier))
    before = f"the run in {earlier.job['name']}"
    if reasons:
        return Answer(
            subject=run.step,
            says=f"{run.step} ran again, because this differs from {before}:",
            reasons=reasons,
        )
    return Answer(
        subject=run.step,
        says=f"{run.step} ran again although nothing of it differs from {before}: the service kept no result to reuse, "
        "or its own clock ended it.",
    )


def _reasons(
    session: AzureSession,
    job: Mapping[str, Any],
    run: StepRun,
    runs: Mapping[str, StepRun],
    earlier: EarlierRun,
) -> Iterator[Reason]:
    from plumbline.assets import changes
    from plumbline.ops.explain.answer import Reason
    from plumbline.ops.job.digest import live_job

    if (job.get("settings") or {}).get("force_rerun"):
        yield Reason(part="settings.force_rerun: the job asks every step to run", new=True)
    before = live_job(earlier.job)
    old, new = _node(before, run.step), _node(job, run.step)
    for change in changes(old, new):
        if change.path == "component" and change.old and change.new:
            yield from _component(session, str(change.old), str(change.new))
        else:
            yield Reason(part=change.path, old=change.old, new=change.new)
    component = str(new.get("component") or "")
    if component and _spec(session, component).get("is_deterministic") is False:
        yield Reason(
            part=f"is_deterministic: {component.removeprefix('azureml:')} says that equal inputs may give other results",
            new=False,
        )
    for source in _sources(job, run.step):
        if source in runs and runs[source].reused_from is None:
            yield Reason(part=f"inputs: {source}, whose output it reads, ran again")


def _component(session: AzureSession, old: str, new: str) -> Iterator[Reason]:
    """What differs between two versions of a component, as they are live."""
    from plumbline.assets import changes
    from plumbline.ops.explain.answer import Reason

    yield Reason(part="component", old=old.removeprefix("azureml:"), new=new.removeprefix("azureml:"))
    for change in changes(_spec(session, old), _spec(session, new)):
        yield Reason(part=f"component.{change.path}", old=change.old, new=change.new)


def _spec(session: AzureSession, reference: str) -> Mapping[str, Any]:
    """A registered component's canonical spec; empty when it cannot be read."""
    from plumbline.azure.api_versions import api_version
    from plumbline.azure.live_version import code_id, kept_code_hash, live_version

    name, _, version = reference.removeprefix("azureml:").partition(":")
    path = f"{session.target.workspace_id}/components/{name}/versions/{version}"
    body = session.get(path, api_version=api_version("components"))
    if body is None:
        return {}
    code = code_id("component", body)
    kept = kept_code_hash(session.get(code, api_version=api_version("codes"))) if code else None
    return live_version("component", body, code_hash=kept).spec


def _node(job: Mapping[str, Any], step: str) -> dict[str, Any]:
    """A step's node with the job's own inputs in place of bindings to them."""
    node = (job.get("jobs") or {}).get(step.split("/", maxsplit=1)[0]) or {}
    inputs = {}
    for name, value in (node.get("inputs") or {}).items():
        text = value.get("path") if isinstance(value, Mapping) else value
        bound = _PARENT.match(str(text))
        inputs[name] = (job.get("inputs") or {}).get(bound.group(1)) if bound else value
    return {**{key: value for key, value in node.items() if key not in _LABELS}, "inputs": inputs}


def _sources(job: Mapping[str, Any], step: str) -> list[str]:
    """Steps whose outputs a step reads."""
    values = ((job.get("jobs") or {}).get(step) or {}).get("inputs") or {}
    found = (
        _STEP.search(str(value.get("path") if isinstance(value, Mapping) else value))
        for value in values.values()
    )
    return list(dict.fromkeys(match.group(1) for match in found if match))
