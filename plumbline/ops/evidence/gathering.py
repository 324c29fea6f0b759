"""Gathers the evidence of a run from what is live: one document, and copies of the files that were judged."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from plumbline.assets.contract import GateContract
from plumbline.assets.graph import graph_of_jobs
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.evidence.asset_entry import data_entry, environment_entry
from plumbline.ops.evidence.evaluation import (
    COPIES,
    JOB_FILE,
    RELEASE_FILE,
    EvaluationFiles,
    copy_evaluation,
    lock_file,
)
from plumbline.ops.evidence.graph_entry import graph_entry
from plumbline.ops.evidence.release_entry import release_entry, release_source
from plumbline.ops.evidence.run_record import step_entry
from plumbline.ops.evidence.submitted_job import job_copy, parameters_of, steps_of
from plumbline.ops.evidence.verdict_entry import Account, verdict_entry
from plumbline.ops.job.datastore_files import DatastoreFiles
from plumbline.ops.job.digest import job_digest
from plumbline.ops.job.outcome import error_text
from plumbline.ops.job.shown_job import creation_context
from plumbline.ops.job.submission import RERUN_TAG
from plumbline.ops.release.approval import approvals_of, counting
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.candidate_reading import read_candidate
from plumbline.ops.release.digest import sha256
from plumbline.ops.release.live_asset import live_asset
from plumbline.ops.release.registered_model import job_output, shown_model
from plumbline.ops.release.registration import registered_version
from plumbline.ops.release.terms import checkout_definitions
from plumbline.ops.run_history import RunHistory
from plumbline.ops.stack_file import project_root

SCHEMA = "plumbline.evidence/1"


def gather(
    session: AzureSession, job: str, *, approval: str | None = None, contract: GateContract | None = None
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The evidence of an ended pipeline job, its `files` and `content_sha256` still to come.

    Args:
        approval: Optional. Reference of the approval to tell, whomever this checkout lists as approvers today. Default:
            the first that counts.
        contract: Optional. What the run was judged by, where this checkout does not say it.
    Returns: the document, and path in the folder -> bytes of the copies.
    Raises: UserError: as `read_candidate`.
    """
    candidate = read_candidate(session, job, contract=contract)
    return _Gathering(session, candidate, approval).result()


class _Gathering:
    def __init__(self, session: AzureSession, candidate: Candidate, approval: str | None) -> None:
        self._session = session
        self._wanted = approval
        self._candidate = candidate
        self._history = RunHistory(session)
        self._copies: dict[str, bytes] = {}
        self._notes: list[str] = []

    def result(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        candidate = self._candidate
        steps = self._steps()
        copies = copy_evaluation(candidate, self._history, DatastoreFiles(self._session))
        evaluation = EvaluationFiles(copies)
        copies[JOB_FILE] = job_copy(candidate.job)
        self._copies |= {f"{COPIES}/{name}": content for name, content in copies.items()}
        self._notes += evaluation.notes
        release = self._release()
        verdict = self._verdict(steps)
        document = {
            "schema": SCHEMA,
            "rehearsal": self._session.target.is_emulated,
            "verdict": verdict,
            "digest": candidate.digest,
            "record": candidate.record,
            "job": self._job(),
            "approval": self._approval(),
            "model": self._model(passed=verdict["pass"]),
            "release": release,
            "before_after": (release or {}).get("terms", {}).get("evidence"),
            "graph": graph_entry(
                steps_of(candidate.job), {name: one.name for name, one in candidate.data.items()}
            ),
            "steps": steps,
            "environments": self._environments(steps),
            "data": [data_entry(name, one) for name, one in sorted(candidate.data.items())],
            "parameters": parameters_of(candidate.job),
            "metrics": evaluation.metrics,
            "groups": evaluation.groups,
            "plots": evaluation.plots,
            "samples": evaluation.samples,
            "notes": self._notes,
        }
        return document, self._copies

    # -- the run

    def _job(self) -> dict[str, Any]:
        candidate, target = self._candidate, self._session.target
        body, job = candidate.body, candidate.job
        context = creation_context(body.get("systemData")) or {}
        children = self._history.children(candidate.name)
        own = self._history.run(candidate.name)
        details = self._history.details(candidate.name) if candidate.status != "Completed" else {}
        shown = next((str((row.get("createdBy") or {}).get("userName") or "") for row in children), "")
        return {
            "name": candidate.name,
            "display_name": job.get("display_name"),
            "description": job.get("description"),
            "experiment_name": job.get("experiment_name"),
            "pipeline": candidate.pipeline,
            "status": candidate.status,
            "error": error_text(details),
            "submitted_by": context.get("created_by"),
            "submitted_by_type": context.get("created_by_type"),
            "submitter_shown": shown or context.get("created_by"),
            "submitter_object_ids": sorted(candidate.authors[0].object_ids),
            "submitted_at": context.get("created_at"),
            "started_at": own.started_at.isoformat() if own and own.started_at else None,
            "ended_at": own.ended_at.isoformat() if own and own.ended_at else None,
            "seconds": own.seconds if own else None,
            "commit": candidate.commit,
            "digest": job_digest(job),
            "rerun_of": candidate.tags.get(RERUN_TAG),
            "workspace": target.workspace_name,
            "resource_group": target.resource_group_name,
            "subscription_id": target.subscription_id,
        }

    def _verdict(self, steps: list[dict[str, Any]]) -> dict[str, Any]:
        candidate = self._candidate
        return verdict_entry(
            Account(
                metrics=candidate.metrics,
                thresholds=candidate.threshold_bytes,
                verdict=candidate.verdict,
                reference=candidate.thresholds.reference if candidate.thresholds else None,
                has_model=bool(candidate.model_files),
                status=candidate.status,
                gate=candidate.gate.status if candidate.gate else None,
                steps=steps,
                problems=candidate.problems,
            )
        )

    def _steps(self) -> list[dict[str, Any]]:
        found = self._session.side_by_side(
            lambda step: step_entry(self._history, step, self._candidate.components.get(step.step)),
            [step for step in self._candidate.steps if not step.is_group],
        )
        order = list(graph_of_jobs(steps_of(self._candidate.job)).names)
        found.sort(
            key=lambda row: order.index(row[0]["name"]) if row[0]["name"] in order else len(order),
        )
        for entry, lock in found:
            self._keep_lock(entry, lock)
        return [entry for entry, _ in found]

    def _keep_lock(self, entry: dict[str, Any], lock: bytes | None) -> None:
        """A digest is shown with its copy only: nobody could check it otherwise."""
        digest = entry["lock_sha256"]
        if digest is None:
            return
        if lock is not None and sha256(lock) == digest:
            self._copies[f"{COPIES}/{lock_file(digest)}"] = lock
            return
        got = f"sha256 {sha256(lock)}" if lock is not None else "nothing"
        self._notes.append(
            f"steps.{entry['name']}: lock: got {got}, expected {digest} as its run record says"
        )
        entry["lock_sha256"] = None

    def _environments(self, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        references = dict.fromkeys(
            one.environment for _, one in sorted(self._candidate.components.items()) if one.environment
        )
        known = checkout_definitions(self._candidate.pipeline)
        return [
            environment_entry(live_asset(self._session, "environment", reference, known=known), steps)
            for reference in references
        ]

    # -- what people decided

    def _approval(self) -> dict[str, Any] | None:
        candidate = self._candidate
        there = approvals_of(self._session, pipeline=candidate.pipeline, digest=candidate.digest)
        if self._wanted is not None:
            there = [replace(one, approvers=None) for one in there if one.reference == self._wanted]
        counted = counting(there, candidate.authors)
        if counted is None:
            return None
        return {
            "approver": counted.approver,
            "approver_object_id": counted.writer.object_id if counted.writer else None,
            "approved_at": counted.approved_at,
            "reference": counted.reference,
            "note": counted.note,
            "rehearsal": self._session.target.is_emulated,
        }

    def _model(self, *, passed: bool) -> dict[str, Any]:
        """The model's files, and the version that they were registered as, when they were."""
        candidate = self._candidate
        found: dict[str, Any] = {
            "digest": candidate.model_digest,
            "files": dict(candidate.model_files) if candidate.model_files else None,
            "registered": None,
        }
        body = registered_version(self._session, candidate, candidate.model)
        source = job_output(body) if body is not None else None
        # The same files may have been released from another run; a run that did not pass has no part in that.
        if body is not None and source is not None and (source[0] == candidate.name or passed):
            model = shown_model(body)
            context = model.get("creation_context") or {}
            found["registered"] = {
                "name": model["name"],
                "version": model["version"],
                "job": source[0],
                "at": context.get("created_at"),
                "by": context.get("created_by"),
            }
        return found

    def _release(self) -> dict[str, Any] | None:
        """The release's terms as they are in the checkout that writes the evidence."""
        pipeline = self._candidate.pipeline
        if not re.fullmatch(r"[A-Za-z0-9_-]+", pipeline):
            return None
        try:
            root = project_root()
        except UserError:
            return None
        source = release_source(pipeline)
        if not (root / source).is_file():
            self._notes.append(f"{source}: not in this checkout")
            return None
        content = (root / source).read_bytes()
        try:
            entry = release_entry(pipeline, content)
        except ValueError:
            self._notes.append(f"{source}: no YAML")
            return None
        self._copies[f"{COPIES}/{RELEASE_FILE}"] = content
        return entry
