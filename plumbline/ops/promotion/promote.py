"""Promote a release: verify everything, publish what is not there, write the target's lock."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from plumbline.assets import MLPipeline, ReleaseContract
from plumbline.assets.lock import (
    Before,
    Duty,
    Evidence,
    Lock,
    Override,
    Pin,
    Release,
    Rollback,
    Source,
    lock_path,
    sealed,
    sealed_release,
)
from plumbline.azure.registry_pin import PinFinding
from plumbline.azure.token_claims import read_token
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.checkout import exported
from plumbline.ops.errors import UserError
from plumbline.ops.promotion import checks
from plumbline.ops.promotion.holder import holding_stack
from plumbline.ops.promotion.origin import Origin, checkout_definition, origin_of, stack_lock
from plumbline.ops.promotion.pins import definitions_of, locked_schedule, pins_of
from plumbline.ops.promotion.proof import schedule_proof
from plumbline.ops.promotion.publishing import publish
from plumbline.ops.promotion.refusal import PromotionRefusedError, Refusal
from plumbline.ops.promotion.registry import RegistryReading, registry_named, workspace_findings
from plumbline.ops.promotion.target_drift import drift_of
from plumbline.ops.promotion.writing import consumed_registry, write_lock
from plumbline.ops.release.approval import approvals_of
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.candidate_reading import read_candidate
from plumbline.ops.release.committed import CommittedRun, committed_run
from plumbline.ops.target import enter_target
from plumbline.provider.address import Registry

Say = Callable[[str], None]
AT_ONCE = ThreadPoolExecutor(max_workers=2, thread_name_prefix="drift")
# What nobody can vouch for: that the content is what the lock would say, and who answers for it.
FINAL = frozenset({"no-run", "other-run", "commit", "dirty", "missing", "hash-mismatch", "no-duty"})


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What somebody asks for.

    Attributes:
        override: (reason, owner) of who wants it against every refusal; None: nobody does.
        named_drift: Resources of the target whose drift is known and accepted.
    """

    pipeline: str
    from_stack: str
    to_stack: str
    job: str | None = None
    evidence: Path | None = None
    branch: str = "main"
    override: tuple[str, str] | None = None
    named_drift: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What was done.

    Attributes:
        lock: The target's lock as it was written, or as it is when nothing was to do.
        published: References that were published now.
        findings: The registry's answer for every pin, hashed anew with its code.
    """

    release: Release
    lock: Path
    is_new: bool
    published: tuple[str, ...]
    findings: tuple[PinFinding, ...]


def promote(project: Path, wanted: Wanted, say: Say) -> Promotion:
    """Bring a release one stack further.

    Raises:
        PromotionRefusedError: it is not as it must be; every reason is named, nothing was written.
        UserError: a stack, a run or a right is missing; somebody else promotes at this moment.
    """
    with holding_stack(project, wanted.to_stack, "promotion", say), ExitStack() as stack:
        origin = origin_of(project, wanted.pipeline, wanted.from_stack, wanted.job)
        if origin.job is None:
            raise PromotionRefusedError(_what(wanted), [_no_run(wanted, origin)])
        target = AzureSession(enter_target(wanted.to_stack))
        registry = registry_named(target, consumed_registry(project, wanted.to_stack))
        candidate = read_candidate(origin.session, origin.job)
        committed = committed_run(candidate)
        tree = stack.enter_context(_committed_tree(project, origin))
        definition = checkout_definition(tree, wanted.pipeline).pipeline
        definitions = definitions_of(definition)
        pins = list(origin.release.pins) if origin.release else pins_of(definitions)
        checked = _checked(project, wanted, origin, candidate, committed, pins, registry)
        refusals = list(checked.refusals)
        if refusals and wanted.override is None:
            raise PromotionRefusedError(_what(wanted), refusals)
        _require_publishable(wanted, refusals)
        release = _release(
            project, wanted, origin, candidate, definition, pins, checked, target, registry, refusals
        )
        present = stack_lock(project, wanted.to_stack)
        reading = RegistryReading(target, registry, downloads=False)
        held = reading.findings(pins)
        published = publish(target, registry, definitions, held, root=tree, say=say)
        findings = RegistryReading(target, registry, downloads=True).findings(pins)
        if problems := [problem for one in findings for problem in one.problems]:
            lines = "\n".join(f"  {problem}" for problem in problems)
            raise UserError(
                f"registry {registry.name}: got versions that do not hold what was published:\n{lines}\nThe lock was not "
                "written. Archive them, and find out who changed them."
            )
        path = lock_path(project, wanted.to_stack)
        own = present.release_of(wanted.pipeline) if present else None
        if own is not None and _is_same(own, release):
            return Promotion(
                release=own, lock=path, is_new=False, published=tuple(published), findings=tuple(findings)
            )
        write_lock(path, _lock(wanted, present, release, registry))
        return Promotion(
            release=release, lock=path, is_new=True, published=tuple(published), findings=tuple(findings)
        )


def _what(wanted: Wanted) -> str:
    return f"promote {wanted.pipeline} from {wanted.from_stack} to {wanted.to_stack}"


def _no_run(wanted: Wanted, origin: Origin) -> Refusal:
    return Refusal(
        code="no-run",
        reason=f"stack {wanted.from_stack}: got no green run of the checkout's definitions (digest {origin.job_digest}), "
        "expected one",
        next_step=f"Run them: plumbline job create --file pipelines/{wanted.pipeline}/pipeline.yml --stream -s "
        f"{wanted.from_stack}",
    )


def _require_publishable(wanted: Wanted, refusals: Sequence[Refusal]) -> None:
    """Raises: PromotionRefusedError: an override stands against what nobody can vouch for."""
    final = [one for one in refusals if one.code in FINAL]
    if final:
        raise PromotionRefusedError(f"{_what(wanted)}: no override lifts this", final)


@contextmanager
def _committed_tree(project: Path, origin: Origin) -> Iterator[Path]:
    """The definitions that are promoted, as their commit has them: what is published comes from there alone."""
    try:
        with exported(project, origin.commit) as tree:
            yield tree
    except subprocess.CalledProcessError as error:
        raise UserError(
            f"commit {origin.commit}: got no files of it, expected them from git. Fetch it: git fetch --all"
        ) from error


def _checked(
    project: Path,
    wanted: Wanted,
    origin: Origin,
    candidate: Candidate,
    committed: CommittedRun,
    pins: list[Pin],
    registry: Registry,
) -> checks.Checked:
    from plumbline.ops.evidence.folder import default_folder

    # The engine looks while everything else is read.
    drifts = {
        name: AT_ONCE.submit(drift_of, project, name)
        for name in ((wanted.from_stack, wanted.to_stack) if origin.release else (wanted.to_stack,))
    }
    refusals = [*checks.run_refusals(candidate)]
    folder = wanted.evidence or default_folder(candidate.name)
    found, evidence = checks.evidence_refusals(candidate, folder)
    refusals += found
    content = str(evidence.document["content_sha256"]) if evidence is not None and not found else None
    approvals = approvals_of(origin.session, pipeline=candidate.pipeline, digest=candidate.digest)
    found, approval = checks.approval_refusals(candidate, approvals)
    refusals += found
    locks = [
        lock_path(project, name).relative_to(project).as_posix()
        for name in (wanted.from_stack, wanted.to_stack)
    ]
    found, branch = checks.commit_refusals(
        committed,
        project=project,
        pipeline=wanted.pipeline,
        commit=origin.commit,
        branch=wanted.branch,
        files=locks,
    )
    refusals += found
    if origin.release is not None:
        refusals += checks.same_release_refusals(origin.release, candidate)
        held = RegistryReading(origin.session, registry, downloads=False).findings(pins)
        refusals += checks.pin_refusals(held, next_step="Promote from its source again.")
        live = schedule_proof(AzureSession(enter_target(wanted.from_stack)), origin.release)
        refusals += checks.live_refusals(wanted.from_stack, live.problem)
        refusals += checks.drift_refusals(wanted.from_stack, drifts[wanted.from_stack].result(), ())
    else:
        refusals += checks.same_definition_refusals(origin.job_digest, candidate)
        refusals += checks.pin_refusals(
            workspace_findings(origin.session, pins),
            next_step=f"Register it as it is defined: pulumi up -s {wanted.from_stack}",
        )
        # What the registry holds under these versions was published before: other content there is never overwritten.
        held = RegistryReading(origin.session, registry, downloads=False).findings(pins)
        refusals += checks.pin_refusals(
            [one for one in held if one.live_hash is not None], next_step="Find out who changed it."
        )
    refusals += checks.duty_refusals(wanted.pipeline, _contract(project, wanted), datetime.now(UTC))
    refusals += checks.drift_refusals(wanted.to_stack, drifts[wanted.to_stack].result(), wanted.named_drift)
    return checks.Checked(
        refusals=tuple(dict.fromkeys(refusals)), approval=approval, branch=branch, content_sha256=content
    )


def _contract(project: Path, wanted: Wanted) -> ReleaseContract | None:
    return checkout_definition(project, wanted.pipeline).pipeline.contract


def _release(
    project: Path,
    wanted: Wanted,
    origin: Origin,
    candidate: Candidate,
    definition: MLPipeline,
    pins: list[Pin],
    checked: checks.Checked,
    target: AzureSession,
    registry: Registry,
    refusals: Sequence[Refusal],
) -> Release:
    contract = _contract(project, wanted)
    assert contract is not None, "checked, and never overridden"
    by = read_token(target.token()).shown
    override = None
    if refusals and wanted.override is not None:
        reason, owner = wanted.override
        override = Override(reason=reason, owner=owner, by=by, refusals=[one.line for one in refusals])
    present = stack_lock(project, wanted.to_stack)
    before = present.release_of(wanted.pipeline) if present else None
    schedule = origin.release.schedule if origin.release else locked_schedule(definition, pins, registry.name)
    return sealed_release(
        {
            "pipeline": wanted.pipeline,
            "promoted_from": wanted.from_stack,
            "promoted_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "promoted_by": by,
            "source": origin.release.source
            if origin.release
            else Source(
                stack=wanted.from_stack,
                workspace_id=origin.session.target.workspace_id,
                commit=origin.commit,
                branch=checked.branch or wanted.branch,
            ),
            "evidence": Evidence(
                job=candidate.name, digest=candidate.digest, content_sha256=checked.content_sha256
            ),
            "approval": checked.approval,
            "duty": Duty(
                owner=contract.owner,
                support=contract.support,
                escalation=list(contract.escalation),
                signal=contract.signal,
                change_window=str(contract.change_window) if contract.change_window else None,
                rollback=Rollback(
                    decided_by=contract.rollback.decided_by, decide_when=contract.rollback.decide_when
                ),
            ),
            "named_drift": list(wanted.named_drift),
            "override": override,
            "before": Before(release=before.release, digest=before.digest) if before else None,
            "pins": pins,
            "schedule": schedule,
        }
    )


def _is_same(one: Release, other: Release) -> bool:
    """Whether a lock holds this release already: who promoted it when, and what was before, do not count."""
    own = {
        "promoted_at": "",
        "promoted_by": "",
        "promoted_from": "",
        "before": None,
        "digest": "",
        "release": "",
    }
    return one.model_copy(update=own) == other.model_copy(update=own)


def _lock(wanted: Wanted, present: Lock | None, release: Release, registry: Registry) -> Lock:
    others = [one for one in present.releases if one.pipeline != wanted.pipeline] if present else []
    return sealed(stack=wanted.to_stack, registry=registry.name, releases=[*others, release])
