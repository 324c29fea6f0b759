"""Gathers the evidence of a run from what is live: one document, and copies of the files that were judged."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from plumbline.assets.graph import graph_of_jobs
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.evidence.plot import PLOTS_FILE, data_files, is_plain_name, read_plots
from plumbline.ops.evidence.run_record import step_entry
from plumbline.ops.evidence.verdict_entry import verdict_entry
from plumbline.ops.job.datastore_files import DatastoreFiles
from plumbline.ops.job.digest import job_digest
from plumbline.ops.job.outcome import error_text
from plumbline.ops.job.shown_job import creation_context
from plumbline.ops.job.submission import RERUN_TAG
from plumbline.ops.release.approval import approvals_of, counting
from plumbline.ops.release.candidate import METRICS_FILE, Candidate, read_candidate
from plumbline.ops.release.digest import sha256
from plumbline.ops.release.judgement import read_metrics
from plumbline.ops.release.live_asset import live_asset
from plumbline.ops.release.registered_model import job_output, shown_model
from plumbline.ops.release.registration import registered_version
from plumbline.ops.run_history import RunHistory
from plumbline.ops.stack_file import project_root

SCHEMA = "plumbline.evidence/1"
SAMPLES_FILE = "sample_predictions.csv"
COPIES = "files"
MAX_SAMPLES = 50
_PARENT_INPUT = re.compile(r"^\$\{\{\s*parent\.inputs\.([^.\s}]+)\s*\}\}$")


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
        self._files = DatastoreFiles(session)
        self._copies: dict[str, bytes] = {}
        self._notes: list[str] = []

    def result(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        candidate = self._candidate
        steps = self._steps()
        plots = self._evaluation()
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
            "graph": self._graph(),
            "steps": steps,
            "environments": self._environments(steps),
            "data": self._data(),
            "parameters": self._parameters(),
            "metrics": self._metrics(),
            "groups": self._groups(),
            "plots": plots,
            "samples": self._samples(),
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

    def _graph(self) -> dict[str, Any]:
        jobs = self._jobs
        graph = graph_of_jobs(jobs)
        joined: dict[tuple[str, str], list[str]] = {}
        for step, node in jobs.items():
            for _, value in sorted((node.get("inputs") or {}).items()):
                text = value.get("path") if isinstance(value, Mapping) else value
                bound = _PARENT_INPUT.match(text) if isinstance(text, str) else None
                if bound and bound.group(1) in self._candidate.data:
                    joined.setdefault((f"input {bound.group(1)}", step), []).append(bound.group(1))
        for edge in graph.edges:
            joined.setdefault((edge.source, edge.target), []).append(edge.output)
        data = [
            {"name": f"input {name}", "kind": "data", "title": one.name}
            for name, one in sorted(self._candidate.data.items())
        ]
        steps = [
            {
                "name": node.name,
                "kind": node.type,
                "title": node.component.removeprefix("azureml:").partition(":")[0],
                "component": node.component.removeprefix("azureml:"),
            }
            for node in graph.nodes
        ]
        return {
            "nodes": data + steps,
            "edges": [
                {"source": source, "target": target, "names": list(dict.fromkeys(names))}
                for (source, target), names in joined.items()
            ],
            "bindings": [
                {"source": edge.source, "output": edge.output, "target": edge.target, "input": edge.input}
                for edge in graph.edges
            ],
        }

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

    # -- what was measured

    def _evaluation(self) -> list[dict[str, Any]]:
        candidate = self._candidate
        for name, content in (
            (METRICS_FILE, candidate.metrics),
            ("thresholds.yml", candidate.threshold_bytes),
            ("verdict.json", candidate.verdict),
        ):
            if content is not None:
                self._copies[f"{COPIES}/{name}"] = content
        self._copy(SAMPLES_FILE)
        index = self._copy(PLOTS_FILE)
        if index is None:
            return []
        for name in data_files(index):
            self._copy(name)
        plots, problems = read_plots(index, lambda name: self._copies.get(f"{COPIES}/{name}"))
        self._notes += problems
        return plots

    def _copy(self, name: str) -> bytes | None:
        source = self._candidate.flow.evaluation
        step = next((one for one in self._candidate.steps if source and one.step == source.step), None)
        if source is None or step is None or step.status != "Completed" or not is_plain_name(name):
            return None
        uri = self._history.outputs(step.name).get(source.output)
        address = f"{uri.rstrip('/')}/{name}" if uri else None
        if address is None or not self._files.names(address):
            return None
        content = self._copies[f"{COPIES}/{name}"] = self._files.read(address)
        return content

    def _metrics(self) -> dict[str, Any]:
        document = self._metrics_document()
        return dict(document["metrics"]) if document else {}

    def _groups(self) -> list[dict[str, Any]]:
        rows = (self._metrics_document() or {}).get("groups")
        return [dict(row) for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []

    def _metrics_document(self) -> dict[str, Any] | None:
        try:
            return read_metrics(self._candidate.metrics) if self._candidate.metrics is not None else None
        except ValueError:
            return None

    def _samples(self) -> dict[str, Any] | None:
        content = self._copies.get(f"{COPIES}/{SAMPLES_FILE}")
        rows = list(csv.reader(io.StringIO(content.decode("utf-8", errors="replace")))) if content else []
        return {"columns": rows[0], "rows": rows[1 : MAX_SAMPLES + 1]} if rows else None

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
