"""What a promotion rests on: everything is read and checked, and every refusal is named; nothing is written."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from plumbline.assets import AssetDefinition, MLPipeline, ReleaseContract
from plumbline.assets.lock import (
    Pin,
    lock_path,
)
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.checkout import exported, fetch_command
from plumbline.ops.errors import UserError
from plumbline.ops.promotion import checks
from plumbline.ops.promotion.origin import Origin, checkout_definition, origin_of
from plumbline.ops.promotion.pins import definitions_of, pins_of
from plumbline.ops.promotion.proof import schedule_proofs
from plumbline.ops.promotion.refusal import Refusal
from plumbline.ops.promotion.registry import RegistryReading, registry_named, workspace_findings
from plumbline.ops.promotion.target_drift import drift_of
from plumbline.ops.promotion.writing import consumed_registry
from plumbline.ops.release.approval import approvals_of
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.candidate_reading import read_candidate
from plumbline.ops.release.committed import CommittedRun, committed_run
from plumbline.ops.target import enter_target
from plumbline.provider.address import Registry

AT_ONCE = ThreadPoolExecutor(max_workers=2, thread_name_prefix="drift")


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


def refusals_of(project: Path, wanted: Wanted) -> list[Refusal]:
    """Why a promotion would be refused, every reason; nothing is published or written, and nobody is held up.

    Raises: UserError: a stack, a run or a right is missing.
    """
    with ExitStack() as stack:
        origin = origin_of(project, wanted.pipeline, wanted.from_stack, wanted.job)
        if origin.job is None:
            return [no_run(wanted, origin)]
        return list(read_promotion(project, wanted, origin, origin.job, stack).checked.refusals)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Everything that a promotion rests on, read and checked."""

    target: AzureSession
    registry: Registry
    candidate: Candidate
    tree: Path
    definition: MLPipeline
    definitions: tuple[AssetDefinition, ...]
    pins: list[Pin]
    checked: checks.Checked


def read_promotion(project: Path, wanted: Wanted, origin: Origin, job: str, stack: ExitStack) -> Reading:
    """Read and check all that a run's promotion rests on; what is laid out on disk lasts as long as `stack`."""
    target = AzureSession(enter_target(wanted.to_stack))
    registry = registry_named(target, consumed_registry(project, wanted.to_stack))
    candidate = read_candidate(origin.session, job)
    committed = committed_run(candidate)
    tree = stack.enter_context(_committed_tree(project, origin))
    definition = checkout_definition(tree, wanted.pipeline).pipeline
    definitions = definitions_of(definition)
    pins = list(origin.release.pins) if origin.release else pins_of(definitions)
    return Reading(
        target=target,
        registry=registry,
        candidate=candidate,
        tree=tree,
        definition=definition,
        definitions=definitions,
        pins=pins,
        checked=_checked(project, wanted, origin, candidate, committed, pins, registry),
    )


def no_run(wanted: Wanted, origin: Origin) -> Refusal:
    """The refusal of what never ran."""
    return Refusal(
        code="no-run",
        reason=f"stack {wanted.from_stack}: got no green run of the checkout's definitions (digest {origin.job_digest}), "
        "expected one",
        next_step=f"Run them: plumbline job create --file pipelines/{wanted.pipeline}/pipeline.yml --stream -s "
        f"{wanted.from_stack}",
    )


@contextmanager
def _committed_tree(project: Path, origin: Origin) -> Iterator[Path]:
    """The definitions that are promoted, as their commit has them: what is published comes from there alone."""
    try:
        with exported(project, origin.commit) as tree:
            yield tree
    except subprocess.CalledProcessError as error:
        raise UserError(
            f"commit {origin.commit}: got no files of it, expected them from git. Fetch it: {fetch_command(project)}"
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
        for live in schedule_proofs(AzureSession(enter_target(wanted.from_stack)), origin.release):
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
    refusals += checks.duty_refusals(wanted.pipeline, contract_of(project, wanted), datetime.now(UTC))
    refusals += checks.drift_refusals(wanted.to_stack, drifts[wanted.to_stack].result(), wanted.named_drift)
    return checks.Checked(
        refusals=tuple(dict.fromkeys(refusals)), approval=approval, branch=branch, content_sha256=content
    )


def contract_of(project: Path, wanted: Wanted) -> ReleaseContract | None:
    """The contract of the pipeline as the checkout has it."""
    return checkout_definition(project, wanted.pipeline).pipeline.contract
