"""What is promoted: the run that released it, and its pins, from a stack's source or from a stack's lock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from plumbline.assets.lock import Lock, LockError, Release, read_lock
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.checkout import DIRTY, source_commit
from plumbline.ops.errors import UserError
from plumbline.ops.job.definition import JobDefinition
from plumbline.ops.job.digest import job_digest
from plumbline.ops.job.release_run import find_green_run, folder_definition, release_job
from plumbline.ops.promotion.refusal import PromotionRefusedError, Refusal
from plumbline.ops.target import enter_target, enter_workspace

# What a line about release.yml names -> the refusal that it is.
_DUTY_OF_LINE = (
    (": owner:", "no-owner"), (": monitoring", "no-signal"), (": escalation", "no-escalation"),
    (": support", "no-support"), (": rollback", "no-rollback"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a release comes from.

    Attributes:
        session: The workspace whose run released it.
        job: That run's name, None when there is none of the checkout's digests.
        commit: The commit whose definitions are promoted: the one checked out, or the one that the lock names.
        job_digest: Digest of the definitions of the checkout, None when a lock says which release it is.
        release: What the stack's lock holds; None when the stack registers from source.
    """

    stack: str
    session: AzureSession
    job: str | None
    commit: str
    job_digest: str | None = None
    release: Release | None = None


def origin_of(project: Path, pipeline: str, stack: str, job: str | None) -> Origin:
    """The release that a stack offers.

    Args:
        job: A run by name; default: the latest green one of the checkout's very definitions.
    Raises: UserError: the stack, the pipeline or its lock is not there.
    """
    lock = stack_lock(project, stack)
    if lock is None:
        session = AzureSession(enter_target(stack))
        definition = checkout_definition(project, pipeline)
        digest = job_digest(release_job(definition))
        green = None if job else find_green_run(session, digest)
        return Origin(
            stack=stack,
            session=session,
            job=job or (str(green["name"]) if green else None),
            # What differs from it is refused, so that it holds what was read here.
            commit=source_commit(project).removesuffix(DIRTY),
            job_digest=digest,
        )
    release = lock.release_of(pipeline)
    if release is None:
        known = ", ".join(one.pipeline for one in lock.releases)
        raise UserError(f"stack {stack}: lock: got no release of {pipeline}, expected one of {known}.")
    if job is not None and job != release.evidence.job:
        raise UserError(
            f"--job: got {job}, expected {release.evidence.job}, which the lock of {stack} names. Leave it out."
        )
    # By the lock's own word: the state of the stack that ran it need not be within reach.
    session = AzureSession(enter_workspace(release.source.stack, release.source.workspace_id))
    return Origin(
        stack=stack,
        session=session,
        job=release.evidence.job,
        commit=release.source.commit,
        release=release,
    )


def checkout_definition(project: Path, pipeline: str) -> JobDefinition:
    """The pipeline as the checkout defines it. Raises: PromotionRefusedError: its definitions have problems."""
    try:
        return folder_definition(project / "pipelines" / pipeline)
    except UserError as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise PromotionRefusedError(
            f"promote {pipeline}",
            [
                Refusal(
                    code=_code_of(line), reason=line.strip(), next_step="Correct the file, and run again."
                )
                for line in lines
            ],
        ) from error


def _code_of(line: str) -> str:
    return next((code for part, code in _DUTY_OF_LINE if part in line), "definitions")


def stack_lock(project: Path, stack: str) -> Lock | None:
    """A stack's lock as a user's command reads it. Raises: UserError: it is refused."""
    try:
        return read_lock(project, stack)
    except LockError as error:
        raise UserError(str(error)) from error
