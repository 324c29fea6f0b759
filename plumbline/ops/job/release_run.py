"""Runs of a pipeline as its folder defines it: submit one, follow it, find the green one that is there already."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.assets import job_to_az_ml_yaml, resolved_job
from plumbline.azure.api_versions import api_version
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.checkout import git_properties, source_commit
from plumbline.ops.errors import UserError
from plumbline.ops.job.definition import JobDefinition
from plumbline.ops.job.digest import job_digest, live_job
from plumbline.ops.job.follow import follow
from plumbline.ops.job.outcome import Outcome
from plumbline.ops.job.override import Override, override_job
from plumbline.ops.job.plain_body import plain_body
from plumbline.ops.job.put_job import put_job
from plumbline.ops.job.registered import references_of, unregistered
from plumbline.ops.job.submission import (
    ANONYMOUS_TAG,
    COMMIT_TAG,
    DIGEST_TAG,
    OWN_TAGS,
    PIPELINE_TAG,
    Submitter,
)
from plumbline.ops.run_history import ENDED


def release_job(definition: JobDefinition, overrides: Sequence[Override] = ()) -> dict[str, Any]:
    """The canonical job of a pipeline, overrides laid over it.

    Raises: UsageError: an override does not fit.
    """
    return override_job(resolved_job(definition.pipeline), overrides, definition.known)


def find_green_run(session: AzureSession, digest: str) -> dict[str, Any] | None:
    """The latest completed run of a digest, as ARM answers it; None when there is none."""
    return next((body for body in _runs_of(session, digest) if _status(body) == "Completed"), None)


def find_going_run(session: AzureSession, digest: str) -> dict[str, Any] | None:
    """The latest run of a digest that has not ended, as ARM answers it; None when there is none."""
    return next((body for body in _runs_of(session, digest) if _status(body) not in ENDED), None)


def _runs_of(session: AzureSession, digest: str) -> Iterator[dict[str, Any]]:
    """The runs of a digest, latest first.

    The tag only finds candidates: the digest is recomputed from the job as it is live. A run whose
    components were registered for it alone never counts.
    """
    pages = session.pages(
        f"{session.target.workspace_id}/jobs",
        api_version=api_version("jobs"),
        jobType="Pipeline",
        listViewType="ActiveOnly",
        tag=DIGEST_TAG,
    )
    for body in pages:
        tags = body["properties"].get("tags") or {}
        if (
            tags.get(DIGEST_TAG) == digest
            and ANONYMOUS_TAG not in tags
            and job_digest(live_job(body)) == digest
        ):
            yield body


def _status(body: Mapping[str, Any]) -> str:
    return str(body["properties"].get("status"))


def submit_release_run(
    session: AzureSession,
    definition: JobDefinition,
    overrides: Sequence[Override] = (),
    *,
    name: str | None = None,
) -> dict[str, Any]:
    """Submit a pipeline's job once everything that it points to is registered; answers ARM's job.

    Raises: UserError: something is not registered (all of it is named), or the job is refused.
    """
    job = release_job(definition, overrides)
    plain = _plain(session, job, {})
    submitter = Submitter(session) if plain is None else None
    missing = unregistered(session, references_of(job), definition.known)
    if missing:
        stack = session.target.stack or "STACK"
        raise UserError(
            "\n".join(f"{definition.pipeline.job_source}: {line}" for line in missing)
            + f"\n{definition.pipeline.name}: got {len(missing)} of its assets not as defined here, expected all "
            f"registered in {session.target.workspace_name}. Register them: pulumi up -s {stack}"
        )
    tags = {
        PIPELINE_TAG: definition.pipeline.name,
        DIGEST_TAG: job_digest(job),
        COMMIT_TAG: source_commit(definition.root),
    }
    tagged = with_tags(job, tags, name=name)
    if submitter is not None:
        return submitter.submit(tagged, root=definition.root)
    plain = _plain(session, tagged, git_properties(definition.root))
    assert plain is not None
    return put_job(session, str(tagged["name"]), plain)


def _plain(
    session: AzureSession, job: Mapping[str, Any], properties: Mapping[str, str]
) -> dict[str, Any] | None:
    return plain_body(job, workspace_id=session.target.workspace_id, properties=properties)


def submit_and_watch(
    session: AzureSession,
    definition: JobDefinition,
    overrides: Sequence[Override] = (),
    *,
    err: bool = False,
) -> Outcome:
    """Submit a pipeline's job and follow it to its end.

    Raises: UserError: as `submit_release_run`; a job that fails is an outcome, no error.
    """
    body = submit_release_run(session, definition, overrides)
    return watch_run(session, str(body["name"]), err=err)


def watch_run(session: AzureSession, name: str, *, err: bool = False) -> Outcome:
    """Follow a run to its end; a job that fails is an outcome, no error."""
    stack = session.target.stack
    return follow(session, name, err=err, words=f" --stack {stack}" if stack else "")


def with_tags(job: Mapping[str, Any], tags: Mapping[str, str], *, name: str | None) -> dict[str, Any]:
    """A job under a name of its own, with our tags and nobody else's in their place."""
    own = {key: value for key, value in (job.get("tags") or {}).items() if key not in OWN_TAGS}
    mapping = job_to_az_ml_yaml({**job, "tags": {**own, **tags}})
    return {
        **mapping,
        "name": name or new_name(str(job.get("display_name") or job.get("experiment_name") or "job")),
    }


def new_name(title: str) -> str:
    """A name that no other job has: what it is called, and some letters."""
    stem = "".join(char if char.isalnum() and char.isascii() else "-" for char in title.lower()).strip("-")
    return f"{stem[:40].rstrip('-') or 'job'}-{secrets.token_hex(5)}"


def folder_definition(folder: Path) -> JobDefinition:
    """The pipeline job of a folder below `pipelines/`. Raises: UserError: it has none, or problems."""
    from plumbline.ops.job.definition import load_job_definition

    for name in ("pipeline.yml", "pipeline.yaml"):
        if (folder / name).is_file():
            definition = load_job_definition(folder / name)
            if definition is not None:
                return definition
    raise UserError(f"{folder}: got no pipeline job, expected pipeline.yml. Add it.")
