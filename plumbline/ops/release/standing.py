"""What stands behind a registered version of a gated model: read from the run and its approval, never from tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.release.approval import Approval, approvals_of, counting
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.candidate_reading import read_candidate
from plumbline.ops.release.committed import committed_run
from plumbline.ops.release.contract import pipeline_of_model
from plumbline.ops.release.readiness import run_faults
from plumbline.ops.release.registered_model import job_output


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One version of a gated model.

    Attributes:
        job: The run that it was registered from, None when it came from elsewhere.
        approval: The approval that counts.
        commit: What holds the code that ran, as the run says it.
        faults: Why it is no verified release; empty when it is one.
        is_rehearsal: Whether all that is missing is a branch that holds the code, and the cloud is emulated.
    """

    reference: str
    job: str | None
    approval: Approval | None = None
    commit: str = ""
    faults: tuple[str, ...] = ()
    is_rehearsal: bool = False

    @property
    def is_released(self) -> bool:
        """Whether a run that passed its gate, of committed code, approved by somebody else, made these files."""
        return not self.faults

    @property
    def shown(self) -> str:
        """One line for people."""
        if self.is_released:
            return f"released, approved by {self.approval.approver}" if self.approval else "released"
        return f"{'rehearsal' if self.is_rehearsal else 'not released'}: {self.faults[0]}"


def standing(session: AzureSession, model: str, body: Mapping[str, Any]) -> Standing:
    """Judge one version as ARM answers it; what cannot be read is a fault."""
    reference = f"{model}:{body['name']}"
    source = job_output(body)
    if source is None:
        uri = (body.get("properties") or {}).get("modelUri")
        return Standing(
            reference=reference,
            job=None,
            faults=(f"got files of {uri}, expected the output of a released run",),
        )
    job, output = source
    try:
        candidate = read_candidate(session, job)
    except UserError as error:
        return Standing(reference=reference, job=job, faults=(str(error),))
    # Who is listed was asked when the version was registered; the log that says who approved forgets after ninety days.
    there = [
        replace(one, approvers=None) if one.writer is None and one.outlived_the_log else one
        for one in approvals_of(session, pipeline=candidate.pipeline, digest=candidate.digest)
    ]
    counted = counting(there, candidate.authors)
    faults = [
        *_faults(candidate, model, output),
        *([] if counted else ["got no approval of what the run left"]),
    ]
    committed = committed_run(candidate)
    return Standing(
        reference=reference,
        job=job,
        approval=counted,
        commit=committed.commit,
        faults=(*faults, *committed.faults),
        is_rehearsal=not faults and committed.is_unshared and session.target.is_emulated,
    )


def _faults(candidate: Candidate, model: str, output: str) -> list[str]:
    judgement = candidate.judgement
    faults = list(judgement.reasons) if judgement is not None and not judgement.passed else []
    pipeline = pipeline_of_model(model)
    if candidate.pipeline != pipeline:
        faults.append(f"got a run of pipeline {candidate.pipeline}, expected one of {pipeline}")
    if output != candidate.flow.model_output:
        faults.append(f"got the output {output}, expected {candidate.flow.model_output}, which was evaluated")
    return [*faults, *run_faults(candidate)]
