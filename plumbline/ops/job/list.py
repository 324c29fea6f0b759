"""`plumbline job list`."""

from __future__ import annotations

from itertools import islice
from typing import Any

import click

from plumbline.ops.errors import UsageError
from plumbline.ops.job.options import Place, place_options
from plumbline.ops.output import output_options, print_answer

COLUMNS = {
    "Name": "name",
    "Status": "status",
    "Display name": "display_name",
    "Experiment": "experiment_name",
    "Created": "creation_context.created_at",
    "By": "creation_context.created_by",
}
STEP_COLUMNS = {"Name": "name", "Step": "display_name", "Status": "status", "Compute": "compute"}


@click.command("list")
@click.option("--parent-job-name", "-p", metavar="JOB", help="The steps of this job, instead of jobs.")
@click.option("--max-results", "-r", type=click.IntRange(1), help="At most so many.")
@click.option("--tag", metavar="KEY[=VALUE]", help="Jobs with this tag only.")
@click.option("--include-archived", is_flag=True, help="Archived jobs too.")
@click.option("--archived-only", is_flag=True, help="Archived jobs alone.")
@place_options
@output_options
def command(
    place: Place,
    parent_job_name: str | None,
    max_results: int | None,
    tag: str | None,
    include_archived: bool,
    archived_only: bool,
    output: str,
    query: str | None,
) -> None:
    """List jobs, newest first, or the steps of one.

    \b
    Example: plumbline job list --max-results 5 --stack local --output table
    """
    if include_archived and archived_only:
        raise UsageError("--archived-only: got it with --include-archived, expected one of the two.")
    from plumbline.azure.api_versions import api_version
    from plumbline.ops.job.shown_job import shown_job, shown_run
    from plumbline.ops.run_history import RunHistory

    session = place.session()
    if parent_job_name:
        rows: Any = (shown_run(row) for row in RunHistory(session).children(parent_job_name))
    else:
        view = "All" if include_archived else "ArchivedOnly" if archived_only else "ActiveOnly"
        words = {"listViewType": view} | ({"tag": tag} if tag else {})
        pages = session.pages(f"{session.target.workspace_id}/jobs", api_version=api_version("jobs"), **words)
        rows = (shown_job(body) for body in pages)
        if tag:
            rows = (row for row in rows if _has(row, tag))
    print_answer(
        list(islice(rows, max_results)),
        output=output,
        query=query,
        columns=STEP_COLUMNS if parent_job_name else COLUMNS,
        empty="No jobs.",
    )


def _has(row: dict[str, Any], tag: str) -> bool:
    """Whether a job has a tag; what the service does with `tag` beyond the key is not documented."""
    key, equals, value = tag.partition("=")
    return key in row["tags"] and (not equals or row["tags"][key] == value)
