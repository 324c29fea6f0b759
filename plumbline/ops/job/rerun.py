"""`plumbline job rerun`."""

from __future__ import annotations

from typing import Any

import click

from plumbline.ops.errors import UserError
from plumbline.ops.job.create import answer_submission
from plumbline.ops.job.options import Place, job_name, place_options
from plumbline.ops.output import output_options


@click.command("rerun")
@job_name
@click.option("--stream", is_flag=True, help="Follow it to its end.")
@click.option("--web", is_flag=True, help="Open it in the browser.")
@place_options
@output_options
def command(job: str, stream: bool, web: bool, place: Place, output: str, query: str | None) -> None:
    """Submit a pipeline job's component versions, data and parameters again, as a new job.

    Steps that completed are reused, the others and what depends on them run. The new job's tag
    plumbline.rerun_of names the old one.

    \b
    Exit codes with --stream: 0 Completed, 3 the release gate closed, 1 anything else.
    Example: plumbline job rerun calm_lake_x7 --stream --stack local
    """
    from plumbline.ops.run_history import ENDED, RunHistory

    session = place.session()
    history = RunHistory(session)
    origin = history.job(job)
    properties = origin["properties"]
    if properties.get("jobType") != "Pipeline":
        raise UserError(
            f"job {job}: rerun: got a {str(properties.get('jobType')).lower()} job, expected a pipeline job. "
            "Submit its file again: plumbline job create --file FILE --anonymous"
        )
    if properties.get("status") not in ENDED:
        raise UserError(
            f"job {job}: rerun: got status {properties.get('status')}, expected an ended job. "
            f"Wait for it, or end it: plumbline job cancel {job}{place.words}"
        )
    hidden = history.undefined(origin)
    if hidden:
        raise UserError(
            f"job {job}: rerun: {hidden}, expected its definition. Nothing was submitted. "
            f"Start it as it was started (schedule or batch endpoint), or submit the pipeline's file: plumbline job create --file FILE{place.words}"
        )
    body = _submit(session, origin)
    talk_on_stderr = output != "table" or query is not None
    click.echo(
        f"{body['name']} is a rerun of {job}. See both: plumbline job open JOB{place.words}",
        err=talk_on_stderr,
    )
    answer_submission(body, session, place, stream=stream, web=web, output=output, query=query)


def _submit(session: Any, origin: dict[str, Any]) -> dict[str, Any]:
    from plumbline.ops.job.again import again
    from plumbline.ops.job.digest import job_digest, live_job
    from plumbline.ops.job.put_job import put_job
    from plumbline.ops.job.release_run import new_name
    from plumbline.ops.job.submission import DIGEST_TAG, OWN_TAGS, RERUN_TAG

    job = live_job(origin)
    tags = job.get("tags") or {}
    # What the first submission said holds for the same versions; the digest is recomputed.
    kept = {key: tags[key] for key in OWN_TAGS if key in tags}
    if DIGEST_TAG in kept:
        kept[DIGEST_TAG] = job_digest(job)
    kept[RERUN_TAG] = str(origin["name"])
    own = {key: value for key, value in tags.items() if key not in OWN_TAGS}
    properties = again(origin["properties"], tags={**own, **kept})
    name = new_name(str(job.get("display_name") or job.get("experiment_name") or "rerun"))
    return put_job(session, name, properties)
