"""Whether a run may be released at all, before anybody's approval is looked at."""

from __future__ import annotations

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UsageError
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.committed import CommittedRun, committed_run
from plumbline.ops.release.contract import pipeline_of_model
from plumbline.ops.release.errors import GateClosedError, NotReleasableError
from plumbline.ops.release.terms import release_terms


def require_releasable(candidate: Candidate, what: str, *, model: str) -> None:
    """Pass a completed run whose gate passed and whose metrics, judged again here, reach every threshold.

    Args:
        model: Name that it shall be released under: the checkout's terms of that name are what it is held to.
        what: Verb that is refused, for the message.

    Raises:
        GateClosedError: the metrics say no; what else is wrong is reported too.
        NotReleasableError: they say yes, or cannot be judged, and something else is wrong.
    """
    where = f"job {candidate.name}: {what}"
    judgement = candidate.judgement
    by_terms = [] if candidate.undefined else _faults_by_terms(candidate, model)
    faults = [f"{where}: {text}" for text in [*by_terms, *run_faults(candidate)]]
    if judgement is not None and not judgement.passed:
        closed = [f"{where}: gate closed: {reason}" for reason in judgement.reasons]
        raise GateClosedError(
            "\n".join([*closed, *faults])
            + "\nNothing was written. Read the evaluation, improve the model, run again; or see the blocked run's "
            f"evidence: plumbline evidence write {candidate.name}"
        )
    if faults:
        raise NotReleasableError(
            "\n".join(faults)
            + "\nNothing was written. Submit the pipeline as it is defined and registered, then try "
            "that job."
        )


def require_committed(
    session: AzureSession, candidate: Candidate, what: str, *, uncommitted_allowed: bool
) -> CommittedRun:
    """Pass a run that is what a commit on a branch holds.

    Args:
        uncommitted_allowed: Let a rehearsal pass whose run says itself that no branch has its code; it releases
            nothing outside of its emulator. A run that differs from the commit it names never passes.

    Raises:
        UsageError: it is to be allowed in a real cloud.
        NotReleasableError: it is not what a commit holds.
    """
    if uncommitted_allowed and not session.target.is_emulated:
        raise UsageError(
            "--allow-uncommitted: got it for a real cloud, expected it in rehearsals only. Commit, push, submit again."
        )
    committed = committed_run(candidate)
    if committed.faults and not (uncommitted_allowed and committed.is_unshared):
        where = f"job {candidate.name}: {what}"
        raise NotReleasableError(
            "\n".join(f"{where}: {fault}" for fault in committed.faults) + "\nNothing was written."
        )
    return committed


def run_faults(candidate: Candidate) -> list[str]:
    """Why a run itself is none that could be released, whatever its metrics and the checkout say."""
    if candidate.undefined:
        return list(candidate.problems)
    faults = []
    if candidate.status != "Completed":
        faults.append(f"got a run that is {candidate.status}, expected one that Completed")
    if candidate.is_anonymous:
        faults.append(
            "got a run of definitions that nobody registered (--anonymous), expected registered components"
        )
    gate = candidate.gate
    if gate is None:
        faults.append("got no run of the gate's step, expected that it ran and passed")
    elif gate.status != "Completed":
        faults.append(f"got a gate that is {gate.status}, expected that it ran and passed")
    if candidate.metrics is None:
        faults.append("got no metrics that a completed evaluation wrote, expected them")
    if candidate.verdict is None:
        faults.append("got no verdict of the run, expected one to compare with")
    if candidate.threshold_bytes is None:
        faults.append("got no thresholds to judge by, expected the registered data asset that the run used")
    if candidate.model_files is None:
        faults.append("got no model, expected the output of a completed step")
    return [*faults, *candidate.problems, *candidate.differences]


def _faults_by_terms(candidate: Candidate, model: str) -> list[str]:
    """What a run's tags say of its pipeline chooses its approvals, never its terms."""
    faults = []
    pipeline = pipeline_of_model(model)
    terms = release_terms(pipeline) if pipeline else None
    if pipeline is not None and pipeline != candidate.pipeline:
        faults.append(
            f"got a run of pipeline {candidate.pipeline}, expected one of {pipeline}: it was judged and approved under "
            "another name"
        )
    if terms is None:
        faults.append(
            f"got no terms for {model}, expected a pipeline with pipeline.yml and release.yml whose model it is in this "
            "checkout"
        )
    elif terms.thresholds is None or terms.thresholds != candidate.flow.thresholds:
        faults.append(
            f"got a run judged by {candidate.flow.thresholds}, expected {terms.thresholds} as {terms.source} has it in "
            "this checkout"
        )
    return faults
