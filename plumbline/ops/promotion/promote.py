"""Promote a release: verify everything, publish what is not there, write the target's lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from plumbline.assets import MLPipeline
from plumbline.assets.lock import (
    MOST_TEXT,
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
from plumbline.ops.errors import UserError
from plumbline.ops.promotion import checks
from plumbline.ops.promotion.holder import holding_stack
from plumbline.ops.promotion.judging import Wanted, contract_of, no_run, read_promotion
from plumbline.ops.promotion.origin import Origin, origin_of, stack_lock
from plumbline.ops.promotion.pins import locked_schedules
from plumbline.ops.promotion.publishing import publish
from plumbline.ops.promotion.refusal import PromotionRefusedError, Refusal
from plumbline.ops.promotion.registry import RegistryReading
from plumbline.ops.promotion.writing import write_lock
from plumbline.ops.release.candidate import Candidate
from plumbline.provider.address import Registry

Say = Callable[[str], None]
# What nobody can vouch for: that the content is what the lock would say, and who answers for it.
_DUTY = ("no-duty", "no-owner", "no-signal", "no-support", "no-escalation", "no-rollback")
FINAL = frozenset({"no-run", "other-run", "commit", "dirty", "missing", "hash-mismatch", *_DUTY})


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What was done.

    Attributes:
        lock: The target's lock as it was written, or as it is when nothing was to do.
        published: References that were published now.
        findings: The registry's answer for every pin, hashed again with its code.
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
        present = stack_lock(project, wanted.to_stack)
        origin = origin_of(project, wanted.pipeline, wanted.from_stack, wanted.job)
        if origin.job is None:
            raise PromotionRefusedError(_what(wanted), [no_run(wanted, origin)])
        read = read_promotion(project, wanted, origin, origin.job, stack)
        target, registry, candidate, tree = read.target, read.registry, read.candidate, read.tree
        definition, definitions, pins, checked = read.definition, read.definitions, read.pins, read.checked
        refusals = list(checked.refusals)
        if refusals and wanted.override is None:
            raise PromotionRefusedError(_what(wanted), refusals)
        _require_publishable(wanted, refusals)
        release = _release(
            project, wanted, origin, candidate, definition, pins, checked, target, present, registry, refusals
        )
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


def _require_publishable(wanted: Wanted, refusals: Sequence[Refusal]) -> None:
    """Raises: PromotionRefusedError: an override stands against what nobody can vouch for."""
    final = [one for one in refusals if one.code in FINAL]
    if final:
        raise PromotionRefusedError(f"{_what(wanted)}: no override lifts this", final)


def _release(
    project: Path,
    wanted: Wanted,
    origin: Origin,
    candidate: Candidate,
    definition: MLPipeline,
    pins: list[Pin],
    checked: checks.Checked,
    target: AzureSession,
    present: Lock | None,
    registry: Registry,
    refusals: Sequence[Refusal],
) -> Release:
    contract = contract_of(project, wanted)
    assert contract is not None, "checked, and never overridden"
    by = read_token(target.token()).shown
    override = None
    if refusals and wanted.override is not None:
        reason, owner = wanted.override
        lines = [
            one.line if len(one.line) <= MOST_TEXT else f"{one.line[: MOST_TEXT - 1]}…" for one in refusals
        ]
        override = Override(reason=reason, owner=owner, by=by, refusals=lines)
    before = present.release_of(wanted.pipeline) if present else None
    schedules = (
        origin.release.schedules if origin.release else locked_schedules(definition, pins, registry.name)
    )
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
            "schedules": schedules,
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
