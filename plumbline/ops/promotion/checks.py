"""What a release must be before it goes on: every refusal, each with its reason and next step."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plumbline.assets import ReleaseContract
from plumbline.assets.lock import MOST_TEXT, Release
from plumbline.assets.lock import Approval as LockedApproval
from plumbline.azure.registry_pin import PinFinding
from plumbline.ops.checkout import branch_names, branches_with, uncommitted
from plumbline.ops.errors import UserError
from plumbline.ops.evidence.folder import EvidenceFolder, read_evidence
from plumbline.ops.evidence.verification import first_difference
from plumbline.ops.job.digest import job_digest
from plumbline.ops.promotion.refusal import Refusal
from plumbline.ops.release.approval import Approval, counting
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.committed import CommittedRun
from plumbline.ops.release.readiness import run_faults


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What checks found out beside their refusals.

    Attributes:
        approval: The approval that counts, as a lock keeps it.
        branch: A branch that holds the run's commit.
    """

    refusals: tuple[Refusal, ...]
    approval: LockedApproval | None = None
    branch: str | None = None
    content_sha256: str | None = None


def run_refusals(candidate: Candidate) -> Iterator[Refusal]:
    """The run: completed, its gate passed, its verdict recomputed."""
    judgement = candidate.judgement
    if judgement is not None and not judgement.passed:
        for reason in judgement.reasons:
            yield Refusal(
                code="gate-closed",
                reason=f"job {candidate.name}: {reason}",
                next_step="Improve the model and run again.",
            )
    for fault in run_faults(candidate):
        yield Refusal(
            code="run", reason=f"job {candidate.name}: {fault}", next_step="Run the pipeline again."
        )


def evidence_refusals(candidate: Candidate, folder: Path) -> tuple[list[Refusal], EvidenceFolder | None]:
    """The evidence: there, whole, and of this very run."""
    step = f"Write it again: plumbline evidence write {candidate.name}"
    try:
        evidence = read_evidence(folder)
    except UserError as error:
        return [Refusal(code="no-evidence", reason=str(error), next_step=step)], None
    found = []
    difference = first_difference(evidence)
    if difference:
        found.append(Refusal(code="evidence-tampered", reason=f"{folder}: {difference}", next_step=step))
    digest = evidence.document.get("digest")
    if digest != candidate.digest:
        found.append(
            Refusal(
                code="evidence-of-other",
                reason=f"{folder}: digest: got {digest}, expected {candidate.digest} of job {candidate.name}",
                next_step=step,
            )
        )
    return found, evidence


def approval_refusals(
    candidate: Candidate, approvals: Sequence[Approval]
) -> tuple[list[Refusal], LockedApproval | None]:
    """The approval: of this digest, by a person who did not submit the run, whom the activity log names."""
    step = f"Ask somebody else: plumbline model approve {candidate.name}"
    counted = counting(approvals, candidate.authors)
    if counted is None:
        why = "; ".join(
            f"{one.reference} does not count: {one.refusal(candidate.authors)}" for one in approvals
        )
        reason = why or f"got no approval of digest {candidate.digest}, expected one by another person"
        return [
            Refusal(code="own-approval" if approvals else "no-approval", reason=reason, next_step=step)
        ], None
    if counted.writer is None:
        reason = f"{counted.reference}: got {counted.approver}, expected an object id: {counted.unproved}"
        return [Refusal(code="approval-unproved", reason=reason, next_step=step)], None
    return [], LockedApproval(
        reference=counted.reference,
        of=candidate.digest,
        object_id=counted.writer.object_id,
        name=counted.writer.sign_in_name,
        at=counted.approved_at.replace("+00:00", "Z"),
    )


def commit_refusals(
    committed: CommittedRun, *, project: Path, pipeline: str, commit: str, branch: str, files: Sequence[str]
) -> tuple[list[Refusal], str | None]:
    """The commits: the run's is what ran, the promoted one is on the branch, and the checkout has no changes of its own.

    Args:
        commit: The commit whose definitions are promoted.
        files: Locks that must be committed, too: the one promoted from and the one written.
    """
    found = [
        Refusal(code="commit", reason=fault, next_step="Commit, merge and run again.")
        for fault in committed.faults
    ]
    branches = branches_with(project, commit)
    meant = branch_names(project, branch)
    holding = [one for one in branches if one in meant]
    if not holding:
        found.append(
            Refusal(
                code="not-on-branch",
                reason=f"commit {commit}: got it on {', '.join(branches) or 'no branch'}, expected it on {branch}",
                next_step="Merge it, git fetch, and promote again.",
            )
        )
    changed = uncommitted(project, (f"pipelines/{pipeline}", *files))
    if changed:
        found.append(
            Refusal(
                code="dirty",
                reason=f"checkout: got changes of {', '.join(changed)} that no commit holds, expected none",
                next_step="Commit them by pull request, or restore them.",
            )
        )
    return found, holding[0] if holding else None


def pin_refusals(findings: Sequence[PinFinding], *, next_step: str) -> list[Refusal]:
    """Versions: there, not archived, with these hashes."""
    return [
        Refusal(
            code="archived"
            if " archived in " in problem
            else "missing"
            if one.live_hash is None
            else "hash-mismatch",
            reason=problem,
            next_step=next_step,
        )
        for one in findings
        for problem in one.problems
    ]


def duty_refusals(pipeline: str, contract: ReleaseContract | None, now: datetime) -> Iterator[Refusal]:
    """Who answers for it, how it is watched and taken back, and whether it may change now."""
    where = f"pipelines/{pipeline}/release.yml"
    if contract is None:
        yield Refusal(
            code="no-duty",
            reason=f"{where}: got none, expected owner, support, escalation, monitoring signal and rollback",
            next_step="Add it.",
        )
        return
    for code, name, value in (
        ("no-owner", "owner", contract.owner),
        ("no-signal", "monitoring.signal", contract.signal),
        ("no-support", "support.contact", contract.support),
        ("no-escalation", "escalation", contract.escalation),
        ("no-rollback", "rollback.decided_by", contract.rollback.decided_by),
        ("no-rollback", "rollback.decide_when", contract.rollback.decide_when),
    ):
        texts = (value,) if isinstance(value, str) else value
        if not texts or any(not text.strip() for text in texts):
            yield Refusal(code=code, reason=f"{where}: {name}: got nothing, expected it", next_step="Add it.")
        elif (longest := max(map(len, texts))) > MOST_TEXT:
            reason = f"{where}: {name}: got {longest} characters, expected at most {MOST_TEXT}"
            yield Refusal(code=code, reason=reason, next_step="Shorten it: the lock holds it.")
    closed = contract.change_window.closed_because(now) if contract.change_window else None
    if closed:
        yield Refusal(
            code="outside-window",
            reason=f"{where}: change_window: {closed}, expected {contract.change_window}",
            next_step="Wait for it, or say why not: --override REASON --owner NAME.",
        )


def drift_refusals(stack: str, drifted: Sequence[str], named: Sequence[str]) -> Iterator[Refusal]:
    """The target: as its last update left it, or its drift named."""
    for one in drifted:
        # The whole name: a part of one would name what nobody thought of.
        if not any(one.startswith(f"{name}: ") for name in named if name.strip()):
            yield Refusal(
                code="drifted",
                reason=f"stack {stack}: got {one}, expected what its last update left",
                next_step=f"Repair it (pulumi up -s {stack}), or name it: --despite-drift {shlex.quote(one.partition(': ')[0])}.",
            )


def live_refusals(stack: str, problem: str | None) -> Iterator[Refusal]:
    """The stack that it comes from: it runs what its lock says."""
    if problem:
        yield Refusal(
            code="not-live",
            reason=f"stack {stack}: {problem}",
            next_step=f"Bring it up first: pulumi up -s {stack}",
        )


def same_definition_refusals(digest: str | None, candidate: Candidate) -> Iterator[Refusal]:
    """The run: of the very definitions that are promoted."""
    ran = job_digest(candidate.job)
    if ran != digest:
        yield Refusal(
            code="other-run",
            reason=f"job {candidate.name}: got a run of digest {ran}, expected {digest} of the checkout's definitions",
            next_step="Leave --job out, or run the checkout's definitions.",
        )


def same_release_refusals(release: Release, candidate: Candidate) -> Iterator[Refusal]:
    """A lock's release: its run still is what it was when it was promoted first."""
    if candidate.digest != release.evidence.digest:
        yield Refusal(
            code="evidence-of-other",
            reason=f"job {candidate.name}: digest: got {candidate.digest}, expected {release.evidence.digest} as the lock of "
            "the stack it comes from says",
            next_step="The run was changed since: find out by whom, and promote from its source again.",
        )


Say = Callable[[str], None]
