"""Approve a run: read it as it is, refuse what may not be released, write the approval as the reviewer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from plumbline.azure.token_claims import TokenClaims, read_token
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UsageError
from plumbline.ops.release.approval import Approval, approvals_of, counting, write_approval
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.candidate_reading import read_candidate
from plumbline.ops.release.committed import CommittedRun
from plumbline.ops.release.errors import (
    AlreadyApprovedError,
    ApproverError,
    AuthorError,
    NotReleasableError,
)
from plumbline.ops.release.readiness import require_committed, require_releasable
from plumbline.ops.release.terms import approvers
from plumbline.ops.release.writer import NOT_YET, Writer

MAX_NOTE = 256  # of a tag's value, as ARM has it
_PAUSE_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Approved:
    """What was approved, and the record of it."""

    candidate: Candidate
    approval: Approval


def approve(
    session: AzureSession,
    job: str,
    *,
    note: str | None = None,
    uncommitted_allowed: bool = False,
    digest: str | None = None,
    once: bool = False,
    wait_seconds: float = 0,
    look: Callable[[Candidate, CommittedRun], None] = lambda _candidate, _committed: None,
) -> Approved:
    """Approve a run for release, as whoever is logged in.

    Args:
        note: Optional. What the reviewer wants to be read beside it; at most 256 characters.
        uncommitted_allowed: Optional. Approve a rehearsal although no commit holds what ran.
        digest: Optional. The release digest that the reviewer saw; a run that has another one by now is refused.
        once: Optional. Answer the approval that counts already, if there is one, instead of refusing.
        wait_seconds: Optional. How long to wait for the activity log to name who wrote an approval: it shows an entry
            minutes late, and what promotes or registers believes nothing else.
        look: Optional. Shown the run and its commit before anything is written; may raise to stop.

    Raises:
        GateClosedError: the metrics do not reach the thresholds.
        NotReleasableError: the run is not as a release needs it, or not what a commit on a branch holds.
        AuthorError: the login submitted the run, or is an application that the terms do not list.
        ApproverError: the checkout's release.yml lists who may approve, and the login is not among them.
        AlreadyApprovedError: it has an approval that counts, and `once` was not asked for.
        UserError: no right to write data assets, or to read the outputs.
    """
    if note is not None and len(note) > MAX_NOTE:
        raise UsageError(f"--note: got {len(note)} characters, expected at most {MAX_NOTE}.")
    candidate = read_candidate(session, job)
    if digest is not None and candidate.digest != digest:
        raise NotReleasableError(
            f"job {job}: approve: got digest {candidate.digest}, expected {digest}, which was looked at: something of the "
            "run changed since. Nothing was written. Look again: plumbline evidence write " + job
        )
    require_releasable(candidate, "approve", model=candidate.model)
    committed = require_committed(session, candidate, "approve", uncommitted_allowed=uncommitted_allowed)
    caller = read_token(session.token())
    if once:
        # Whoever asks: an approval by a person lets a workflow go on that could not give one itself.
        counted = counting(_proved(session, candidate, wait_seconds), candidate.authors)
        if counted is not None:
            return Approved(candidate=candidate, approval=counted)
    _require_reviewer(candidate, caller)
    there = approvals_of(session, pipeline=candidate.pipeline, digest=candidate.digest)
    counted = counting(there, candidate.authors)
    if counted is not None:
        raise AlreadyApprovedError(
            f"job {job}: approve: got an approval already, by {counted.approver} at {counted.approved_at} "
            f"({counted.reference}). Nothing was written. Register the model: plumbline model register {job}",
            counted,
        )
    look(candidate, committed)
    assert candidate.verdict_uri is not None
    written = _as_written_by(
        caller,
        write_approval(
            session,
            pipeline=candidate.pipeline,
            digest=candidate.digest,
            job=candidate.name,
            verdict_uri=candidate.verdict_uri,
            note=note,
        ),
    )
    refusal = written.refusal(candidate.authors)
    if refusal:
        raise AuthorError(
            f"job {job}: approve: got {written.reference} recorded, but {refusal}; expected a person who did not submit "
            "it. It does not count. Ask somebody else to approve."
        )
    _proved(session, candidate, wait_seconds)
    return Approved(candidate=candidate, approval=written)


def _proved(session: AzureSession, candidate: Candidate, wait_seconds: float) -> Sequence[Approval]:
    """The approvals of a run, once the activity log names who wrote each, or the wait is over."""
    until = time.monotonic() + wait_seconds
    while True:
        found = approvals_of(session, pipeline=candidate.pipeline, digest=candidate.digest)
        if all(one.unproved != NOT_YET for one in found) or time.monotonic() >= until:
            return found
        time.sleep(_PAUSE_SECONDS)


def _as_written_by(caller: TokenClaims, approval: Approval) -> Approval:
    """What this login has just written, before the activity log shows it."""
    if approval.writer is not None:
        return approval
    return replace(approval, writer=Writer(object_id=caller.object_id, sign_in_name=caller.shown))


def _require_reviewer(candidate: Candidate, caller: TokenClaims) -> None:
    if any(author.is_caller(caller) for author in candidate.authors):
        raise AuthorError(
            f"job {candidate.name}: approve: got {caller.shown}, who submitted the run, expected somebody else. "
            "Nothing was written. Ask a colleague."
        )
    allowed = approvers(candidate.pipeline)
    if caller.is_application and not (allowed and caller.object_id in allowed):
        raise AuthorError(
            f"job {candidate.name}: approve: got the application {caller.shown}, expected a person. "
            "Nothing was written. Log in as a user: az login. A workflow whose environment asks people first approves as "
            f"an application that pipelines/{candidate.pipeline}/release.yml lists under approval.approvers by object id: "
            f"{caller.object_id}"
        )
    if allowed is not None and not caller.identifiers & allowed:
        raise ApproverError(
            f"job {candidate.name}: approve: got {caller.shown}, expected one of {', '.join(sorted(allowed)) or 'nobody'}, "
            f"whom pipelines/{candidate.pipeline}/release.yml lists under approval.approvers. Nothing was written. "
            "Ask one of them, or change the list by review."
        )
