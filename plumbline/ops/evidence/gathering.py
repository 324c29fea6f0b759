"""Gathers the evidence of a run from what is live: one document, and copies of the files that were judged."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from plumbline.assets.graph import graph_of_jobs
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.evidence.evaluation import COPIES, Evaluation
from plumbline.ops.evidence.graph_entry import graph_entry
from plumbline.ops.evidence.run_record import step_entry
from plumbline.ops.evidence.verdict_entry import verdict_entry
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
from plumbline.ops.run_history import RunHistory
from plumbline.ops.stack_file import project_root

SCHEMA = "plumbline.evidence/1"


def gather(session: AzureSession, job: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The evidence of an ended pipeline job, its `files` and `content_sha256` still to come.

    Returns: the document, and path in the folder -> bytes of the copies.
    Raises: UserError: as `read_candidate`.
    """
    return _Gathering(session, read_candidate(session, job)).result()


class _Gathering:
    def __init__(self, session: AzureSession, candidate: Candidate) -> None:
        self._session = session
        self._candidate = candidate
        self._history = RunHistory(session)
        self._copies: dict[str, bytes] = {}
        self._notes: list[str] = []

    def result(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        candidate = self._candidate
        steps = self._steps()
        evaluation = Evaluation(candidate, self._history, DatastoreFiles(self._session))
        self._copies |= evaluation.copies
        self._notes += evaluation.notes
        release = self._release()
        document = {
            "schema": SCHEMA,
            "rehearsal": self._session.target.is_emulated,
            "verdict": verdict_entry(candidate),
            "digest": candidate.digest,
            "record": candidate.record,
            "job": self._job(),
            "approval": self._approval(),
            "model": self._model(),
            "release": release,
            "before_after": (release or {}).get("terms", {}).get("evidence"),
            "graph": graph_entry(self._jobs, candidate.data),
            "steps": steps,
            "environments": self._environments(steps),
            "data": self._data(),
            "parameters": self._parameters(),
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

    @property
    def _jobs(self) -> dict[str, Any]:
        """Steps by name: the service answers them in any order, and the same run shall give the same bytes."""
        return dict(sorted((self._candidate.job.get("jobs") or {}).items()))

    def _steps(self) -> list[dict[str, Any]]:
        found = self._session.side_by_side(
            lambda step: step_entry(self._history, step, self._candidate.components.get(step.step)),
            [step for step in self._candidate.steps if not step.is_group],
        )
        order = list(graph_of_jobs(self._jobs).names)
        for entry, lock in found:
            if lock is not None and entry["lock_sha256"]:
                self._copies[f"{COPIES}/requirements-{entry['lock_sha256'][:12]}.lock"] = lock
        return sorted(
            (entry for entry, _ in found),
            key=lambda entry: order.index(entry["name"]) if entry["name"] in order else len(order),
        )

    def _parameters(self) -> dict[str, Any]:
        inputs = self._candidate.job.get("inputs") or {}
        return {name: value for name, value in sorted(inputs.items()) if not isinstance(value, Mapping)}

    def _data(self) -> list[dict[str, Any]]:
        return [
            {
                "input": name,
                "name": one.name,
                "version": one.version,
                "content_hash": one.content_hash,
                "files_hash": one.code_hash,
                "version_follows_from_content": one.genuine,
                "registered_by": one.created_by,
            }
            for name, one in sorted(self._candidate.data.items())
        ]

    def _environments(self, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        references = dict.fromkeys(
            one.environment for _, one in sorted(self._candidate.components.items()) if one.environment
        )
        found = []
        for reference in references:
            live = live_asset(self._session, "environment", reference)
            used = [step for step in steps if step["environment"] == live.reference and step["lock_sha256"]]
            found.append(
                {
                    "name": live.name,
                    "version": live.version,
                    "content_hash": live.content_hash,
                    "version_follows_from_content": live.genuine,
                    "lock_sha256": used[0]["lock_sha256"] if used else None,
                    "python": used[0]["python"] if used else None,
                }
            )
        return found

    # -- what people decided

    def _approval(self) -> dict[str, Any] | None:
        candidate = self._candidate
        there = approvals_of(self._session, pipeline=candidate.pipeline, digest=candidate.digest)
        counted = counting(there, candidate.authors)
        if counted is None:
            return None
        return {
            "approver": counted.approver,
            "approved_at": counted.approved_at,
            "reference": counted.reference,
            "note": counted.note,
            "rehearsal": self._session.target.is_emulated,
        }

    def _model(self) -> dict[str, Any]:
        """The model's files, and the version that they were registered as, when they were."""
        candidate = self._candidate
        found: dict[str, Any] = {
            "digest": candidate.model_digest,
            "files": dict(candidate.model_files) if candidate.model_files else None,
            "registered": None,
        }
        body = registered_version(self._session, candidate, candidate.pipeline)
        source = job_output(body) if body is not None else None
        # The same files may have been released from another run; a run that did not pass has no part in that.
        if (
            body is not None
            and source is not None
            and (source[0] == candidate.name or verdict_entry(candidate)["pass"])
        ):
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
        file = root / "pipelines" / pipeline / "release.yml"
        if not file.is_file():
            self._notes.append(f"pipelines/{pipeline}/release.yml: not in this checkout")
            return None
        content = file.read_bytes()
        try:
            terms = yaml.safe_load(content)
        except yaml.YAMLError:
            self._notes.append(f"pipelines/{pipeline}/release.yml: no YAML")
            return None
        self._copies[f"{COPIES}/release.yml"] = content
        return {
            "source": Path(file).relative_to(root).as_posix(),
            "sha256": sha256(content),
            "terms": json.loads(json.dumps(terms, default=str)) if isinstance(terms, dict) else {},
        }
