"""Register the model of a run that passed its gate and was approved by someone else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.assets import AssetDefinition, canonical_text, content_hash
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.job.digest import job_digest
from plumbline.ops.release.approval import Approval, approvals_of, counting
from plumbline.ops.release.asset_version import recorded_version
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.candidate_reading import read_candidate
from plumbline.ops.release.errors import NotReleasableError
from plumbline.ops.release.readiness import require_committed, require_releasable
from plumbline.ops.release.registered_model import (
    DIGEST_TAG,
    JOB_TAG,
    MODEL_DIGEST_TAG,
    job_output,
    model_versions,
    next_version,
    shown_model,
)
from plumbline.ops.release.release_identity import not_a_releaser
from plumbline.ops.release.standing import Standing, standing
from plumbline.ops.release.stored_files import StoredFiles
from plumbline.ops.run_history import RunHistory
from plumbline.ops.workspace_writer import open_writer

OWNER = "plumbline model register"
MAX_TAG = 256
FORBIDDEN = 403
_TURNS = 5


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A model version and what it rests on.

    Attributes:
        model: The version under the field names of `az ml model show`.
        is_new: Whether this call made it.
        counted_over: The newest version before it, when no verified release stands behind that one.
    """

    candidate: Candidate
    approval: Approval
    model: Mapping[str, Any]
    is_new: bool
    counted_over: Standing | None = None

    @property
    def reference(self) -> str:
        """`NAME:VERSION`."""
        return f"{self.model['name']}:{self.model['version']}"


def register(
    session: AzureSession, job: str, *, name: str | None = None, uncommitted_allowed: bool = False
) -> Registration:
    """Register a run's model; the same files again are found and not registered twice.

    Args:
        name: Optional. The model's name. Default: as release.yml has it; another one is refused.
        uncommitted_allowed: Optional. Register a rehearsal's model although no commit holds what ran.

    Raises:
        GateClosedError: the recomputed verdict: metrics miss a threshold.
        NotReleasableError: the run is not as a release needs it, or not what a commit on a branch holds, or nobody but
            its author approved what it left.
        UserError: no right to write models.
    """
    candidate = read_candidate(session, job)
    model = name or candidate.model
    require_releasable(candidate, "register", model=model)
    require_committed(session, candidate, "register", uncommitted_allowed=uncommitted_allowed)
    approval = required_approval(session, candidate)
    # The number is taken before looking: who registers the same run at the same time then writes the same version, and
    # another run that was faster makes this one look again.
    for turn in range(1, _TURNS + 1):
        version = next_version(session, model)
        there = registered_version(session, candidate, model)
        if there is not None:
            return Registration(
                candidate=candidate, approval=approval, model=shown_model(there), is_new=False
            )
        newest = next(model_versions(session, model), None)
        before = standing(session, model, newest) if newest is not None else None
        try:
            body = _registered(session, candidate, approval, model, version)
            break
        except UserError:
            if turn == _TURNS or next_version(session, model) == version:
                raise
    return Registration(
        candidate=candidate,
        approval=approval,
        model=shown_model(body),
        is_new=True,
        counted_over=before if before and not (before.is_released or before.is_rehearsal) else None,
    )


def required_approval(session: AzureSession, candidate: Candidate) -> Approval:
    """The approval of exactly what the run left. Raises: NotReleasableError: there is none that counts."""
    there = approvals_of(session, pipeline=candidate.pipeline, digest=candidate.digest)
    counted = counting(there, candidate.authors)
    if counted is not None:
        return counted
    reasons = "".join(f"\n{one.reference}: does not count: {one.refusal(candidate.authors)}" for one in there)
    raise NotReleasableError(
        f"job {candidate.name}: register: got no approval of digest {candidate.digest}, expected one by a person who did "
        f"not submit the run.{reasons}\nAn approval of other content does not count. Ask a reviewer: "
        f"plumbline model approve {candidate.name}"
    )


def registered_version(session: AzureSession, candidate: Candidate, name: str) -> Mapping[str, Any] | None:
    """The newest version of a model that holds the run's very files, None when there is none.

    Neither a tag nor the job that a version names is enough: the files there are hashed again.
    """
    if not candidate.model_files:
        return None
    history, files = RunHistory(session), StoredFiles(session)
    for body in model_versions(session, name):
        source = job_output(body)
        tags = (body.get("properties") or {}).get("tags") or {}
        found: Mapping[str, str] | None
        if source == (candidate.name, candidate.flow.model_output):
            # A failed job's outputs have no address: what names them was made of this run all the same.
            found = candidate.model_files if candidate.output_files is None else candidate.output_files
        elif source is not None and tags.get(MODEL_DIGEST_TAG) == candidate.model_digest:
            uri = history.outputs(source[0]).get(source[1])
            found = {path: file.sha256 for path, file in files.stored(uri).items()} if uri else None
        else:
            continue
        if found == candidate.model_files:
            return body
    return None


def model_tags(candidate: Candidate, approval: Approval) -> dict[str, str]:
    """What a registered model says of where it comes from."""
    assert candidate.thresholds is not None
    environments = {one.environment for one in candidate.components.values() if one.environment}
    # A nested pipeline's own hash stands for its steps.
    steps = {step: one for step, one in candidate.components.items() if "/" not in step}
    tags = {
        JOB_TAG: candidate.name,
        DIGEST_TAG: candidate.digest,
        MODEL_DIGEST_TAG: candidate.model_digest or "",
        "plumbline.job_digest": job_digest(candidate.job),
        "plumbline.pipeline": candidate.pipeline,
        "plumbline.commit": candidate.commit,
        "plumbline.approver": approval.approver,
        # The log that says it forgets after ninety days; whoever registers is trusted to have read it.
        **({"plumbline.approver_object_id": approval.writer.object_id} if approval.writer else {}),
        "plumbline.approved_at": approval.approved_at,
        "plumbline.approval": approval.reference,
        "plumbline.thresholds": f"{candidate.thresholds.reference} sha256:{candidate.record['thresholds']['sha256']}",
        **{f"plumbline.data.{name}": one.reference for name, one in candidate.data.items()},
        **{
            f"plumbline.component.{step}": f"{one.reference} sha256:{one.content_hash}"
            for step, one in steps.items()
        },
        **{
            f"plumbline.code.{step}": f"sha256:{one.code_hash}"
            for step, one in steps.items()
            if one.code_hash
        },
        "plumbline.environment": ", ".join(sorted(one.removeprefix("azureml:") for one in environments)),
    }
    return {key: value[:MAX_TAG] for key, value in tags.items()}


def _registered(
    session: AzureSession, candidate: Candidate, approval: Approval, name: str, version: str
) -> Mapping[str, Any]:
    from plumbline.provider.errors import Refusal

    output = candidate.flow.model_output
    assert output is not None
    # The slash at the end matters: azure-ai-ml sends a job's path as it is written.
    spec = {
        "type": candidate.job["outputs"][output]["type"],
        "path": f"azureml://jobs/{candidate.name}/outputs/{output}/paths/",
    }
    definition = AssetDefinition(
        kind="model",
        name=name,
        version=version,
        spec=canonical_text(spec),
        content_hash=content_hash("model", spec),
        source="",
        description=f"Released from job {candidate.name}.",
        tags=model_tags(candidate, approval),
    )
    writer, workspace = open_writer(session)
    try:
        written = writer.register(workspace, definition, root=Path.cwd(), owner=OWNER)
    except Refusal as refusal:
        denied = getattr(refusal.__cause__, "status_code", None) == FORBIDDEN
        raise UserError(not_a_releaser(session, candidate.name) if denied else str(refusal)) from refusal
    assert written is not None  # only a registry answers nothing
    return recorded_version(session, str(written["id"]))
