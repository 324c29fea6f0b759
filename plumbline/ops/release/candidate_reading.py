"""Reads a run as a candidate for release from what is live; what is missing is said, not raised."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plumbline.assets.references import parse_reference
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.job.datastore_files import DatastoreFiles
from plumbline.ops.job.digest import live_job
from plumbline.ops.release.candidate import METRICS_FILE, Candidate
from plumbline.ops.release.digest import sha256
from plumbline.ops.release.flow import StepOutput, release_flow
from plumbline.ops.release.judgement import read_metrics, read_thresholds
from plumbline.ops.release.live_asset import LiveAsset, live_asset, thresholds_asset
from plumbline.ops.run_history import ENDED, RunHistory


def read_candidate(session: AzureSession, name: str) -> Candidate:
    """Read an ended pipeline job.

    Raises: UserError: there is no such job, it is no pipeline job, it goes on, or its files cannot be read.
    """
    history = RunHistory(session)
    body = history.job(name)
    properties = body["properties"]
    if properties.get("jobType") != "Pipeline":
        raise UserError(f"job {name}: got a {properties.get('jobType')} job, expected a pipeline job.")
    if properties.get("status") not in ENDED:
        raise UserError(
            f"job {name}: got status {properties.get('status')}, expected an ended job. "
            f"Wait for it: plumbline job stream {name}"
        )
    return _Reading(session, history, body).candidate()


class _Reading:
    """Reads the parts of one run; what is missing is said, not raised."""

    def __init__(self, session: AzureSession, history: RunHistory, body: Mapping[str, Any]) -> None:
        self._session = session
        self._history = history
        self._files = DatastoreFiles(session)
        self._body = body
        self._job = live_job(body)
        self._flow = release_flow(self._job)
        self._steps = {step.step: step for step in history.steps(body)}
        self._problems = list(self._flow.problems)

    def candidate(self) -> Candidate:
        """Everything, assets side by side."""
        flow, nodes = self._flow, self._job.get("jobs") or {}
        components = {step: str(node.get("component") or "") for step, node in nodes.items()}
        data = self._data_references()
        wanted = [("component", one) for one in components.values()] + [
            ("data", one) for one in data.values()
        ]
        found = self._session.side_by_side(lambda entry: live_asset(self._session, *entry), wanted)
        self._problems += dict.fromkeys(one.problem for one in found if one.problem)
        evaluation_uri = self._uri(flow.evaluation)
        evaluation_files = file_digests(self._files, evaluation_uri) if evaluation_uri else None
        metrics = self._metrics(evaluation_uri)
        verdict_uri = self._uri(flow.verdict)
        verdict = self._read(verdict_uri, "verdict") if verdict_uri else None
        thresholds, threshold_bytes = self._thresholds()
        model_files = self._model_files()
        self._compare_model(metrics, model_files)
        authors, object_ids = self._authors()
        return Candidate(
            body=self._body,
            job=self._job,
            steps=tuple(self._steps.values()),
            flow=flow,
            authors=authors,
            author_object_ids=object_ids,
            components=dict(zip(components, found[: len(components)], strict=True)),
            data=dict(zip(data, found[len(components) :], strict=True)),
            metrics=metrics,
            evaluation_files=evaluation_files,
            verdict=verdict,
            verdict_uri=verdict_uri,
            thresholds=thresholds,
            threshold_bytes=threshold_bytes,
            model_files=model_files,
            problems=tuple(self._problems),
        )

    def _data_references(self) -> dict[str, str]:
        inputs = self._job.get("inputs") or {}
        typed = {name: str(value.get("path")) for name, value in inputs.items() if isinstance(value, Mapping)}
        for name, path in typed.items():
            if parse_reference(path) is None:
                self._problems.append(f"inputs.{name}: got {path}, expected a registered data asset")
        return {name: path for name, path in typed.items() if parse_reference(path) is not None}

    def _uri(self, source: StepOutput | None) -> str | None:
        step = self._steps.get(source.step) if source else None
        if source is None or step is None or step.status != "Completed":
            return None
        return self._history.outputs(step.name).get(source.output)

    def _read(self, uri: str, what: str) -> bytes | None:
        names = self._files.names(uri)
        if len(names) != 1:
            self._problems.append(f"{what}: got {len(names)} files, expected one")
            return None
        return self._files.read(uri)

    def _metrics(self, uri: str | None) -> bytes | None:
        content = self._read(f"{uri.rstrip('/')}/{METRICS_FILE}", METRICS_FILE) if uri else None
        if content is not None:
            try:
                read_metrics(content)
            except ValueError as error:
                self._problems.append(f"{METRICS_FILE}: {error}")
        return content

    def _thresholds(self) -> tuple[LiveAsset | None, bytes | None]:
        if self._flow.thresholds is None:
            return None, None
        found, content = thresholds_asset(self._session, self._flow.thresholds)
        if found.problem and found.problem not in self._problems:
            self._problems.append(found.problem)
        if content is not None:
            try:
                read_thresholds(content)
            except ValueError as error:
                self._problems.append(f"thresholds {found.reference}: {error}")
        return found, content

    def _model_files(self) -> dict[str, str] | None:
        uri = self._uri(self._flow.model)
        if uri is None:
            return None
        files = file_digests(self._files, uri)
        if not files:
            self._problems.append("model: got no file in it, expected at least one")
        return files

    def _compare_model(self, metrics: bytes | None, model: Mapping[str, str] | None) -> None:
        """Metrics that say which files they were measured of must mean this model."""
        try:
            inputs = read_metrics(metrics).get("inputs") if metrics is not None else None
        except ValueError:
            return
        for file, digest in inputs.items() if isinstance(inputs, Mapping) and model else ():
            if file in (model or {}) and model and model[file] != digest:
                self._problems.append(
                    f"model {file}: got sha256 {model[file]}, expected {digest}, of which {METRICS_FILE} speaks"
                )

    def _authors(self) -> tuple[frozenset[str], frozenset[str]]:
        jobs = [self._body]
        for source in (self._flow.model, self._flow.evaluation):
            step = self._steps.get(source.step) if source else None
            if step and step.reused_job and step.reused_job not in {str(one["name"]) for one in jobs}:
                jobs.append(self._history.job(step.reused_job))
        names = {str((one.get("systemData") or {}).get("createdBy") or "").lower() for one in jobs}
        rows = [row for one in jobs for row in self._history.children(str(one["name"]))]
        ids = {str((row.get("createdBy") or {}).get("userObjectId") or "").lower() for row in rows}
        return frozenset(names - {""}), frozenset(ids - {""})


def file_digests(files: DatastoreFiles, uri: str) -> dict[str, str]:
    """Path below an address -> SHA-256 of its bytes, as they are now."""
    with tempfile.TemporaryDirectory(prefix="plumbline-digest-") as folder:
        files.fetch(uri, Path(folder))
        return {
            path.relative_to(folder).as_posix(): sha256(path.read_bytes())
            for path in sorted(Path(folder).rglob("*"))
            if path.is_file()
        }
