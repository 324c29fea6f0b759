"""`plumbline job show`."""

from __future__ import annotations

from typing import Any

import click

from plumbline.ops.job.options import Place, job_name, place_options
from plumbline.ops.output import output_options, print_answer

STEP_COLUMNS = {
    "Step": "step",
    "Status": "status",
    "Seconds": "seconds",
    "Run": "name",
    "Reused from": "reused_from",
}
_LINES = {
    "Name": "name",
    "Status": "status",
    "Display name": "display_name",
    "Experiment": "experiment_name",
    "Submitted by": "creation_context.created_by",
    "Submitted at": "creation_context.created_at",
    "Commit": 'tags."plumbline.commit"',
    "Digest": 'tags."plumbline.digest"',
    "Rerun of": 'tags."plumbline.rerun_of"',
}


@click.command("show")
@job_name
@place_options
@output_options
def command(job: str, place: Place, output: str, query: str | None) -> None:
    """Show a job; a step is a job too.

    JSON has the fields of `az ml job show`; the table adds the steps, markdown their graph.

    \b
    Example: plumbline job show calm_lake_x7 --query status --output tsv
    """
    import jmespath

    from plumbline.ops.job.shown_job import shown_job
    from plumbline.ops.run_history import RunHistory

    history = RunHistory(place.session())
    body = history.job(job)
    shown = shown_job(body)
    hidden = history.undefined(body)
    if hidden:
        click.echo(f"{job}: {hidden}. What follows is the run's own record.", err=True)
    if output in {"json", "tsv"} or query is not None:
        columns = {"Name": "name", "Status": "status", "Type": "type"}
        print_answer(shown, output=output, query=query, columns=columns)
        return
    rows = [(label, jmespath.search(path, shown)) for label, path in _LINES.items()]
    for label, value in rows:
        if value:
            click.echo(f"- {label}: {value}" if output == "markdown" else f"{label:13} {value}")
    if "Studio" in shown["services"]:
        text = f"plumbline job open {job}{place.words}"
        click.echo(f"- Studio: `{text}`" if output == "markdown" else f"{'Studio':13} {text}")
    if shown["type"] != "pipeline":
        return
    click.echo()
    if output == "markdown":
        click.echo(f"```mermaid\n{_graph(body)}```\n")
    steps = [
        {"step": step.step, "status": step.status, "seconds": _shown(step.seconds), "name": step.name,
         "reused_from": step.reused_job or step.reused_from}
        for step in history.steps(body)
    ]  # fmt: skip
    # Azure lists no run of a step before it is scheduled.
    listed = {row["step"] for row in steps}
    steps += [
        {"step": name, "status": "NotStarted"} for name in shown.get("jobs") or {} if name not in listed
    ]
    print_answer(steps, output=output, query=None, columns=STEP_COLUMNS, empty="No steps yet.")


def _graph(body: dict[str, Any]) -> str:
    from plumbline.assets import spec_from_rest
    from plumbline.assets.graph import graph_of_jobs

    job = spec_from_rest("job", body, code_hash_of=lambda _: None)
    return graph_of_jobs(job.get("jobs") or {}).mermaid()


def _shown(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
