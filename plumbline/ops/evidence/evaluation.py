"""What a run's evaluation left: copies of the files that were judged, and what evidence shows of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from plumbline.ops.evidence.plot import PLOTS_FILE, data_files, is_plain_name, read_plots
from plumbline.ops.job.datastore_files import DatastoreFiles
from plumbline.ops.release.candidate import METRICS_FILE, Candidate
from plumbline.ops.release.judgement import read_metrics
from plumbline.ops.run_history import RunHistory

SAMPLES_FILE = "sample_predictions.csv"
COPIES = "files"
MAX_SAMPLES = 50


class Evaluation:
    """Reads and copies when it is made.

    Attributes:
        copies: Path in the evidence's folder -> bytes.
        plots: As the page draws them.
        notes: What could not be shown, and why.
    """

    def __init__(self, candidate: Candidate, history: RunHistory, files: DatastoreFiles) -> None:
        self._candidate = candidate
        self._history = history
        self._files = files
        self.copies: dict[str, bytes] = {}
        self.notes: list[str] = []
        self.plots = self._copy_all()

    @property
    def metrics(self) -> dict[str, Any]:
        """Name -> value."""
        document = self._document()
        return dict(document["metrics"]) if document else {}

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Rows of the evaluation by group."""
        rows = (self._document() or {}).get("groups")
        return [dict(row) for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []

    @property
    def samples(self) -> dict[str, Any] | None:
        """Columns and the first rows of the sample predictions."""
        content = self.copies.get(f"{COPIES}/{SAMPLES_FILE}")
        rows = list(csv.reader(io.StringIO(content.decode("utf-8", errors="replace")))) if content else []
        return {"columns": rows[0], "rows": rows[1 : MAX_SAMPLES + 1]} if rows else None

    def _copy_all(self) -> list[dict[str, Any]]:
        candidate = self._candidate
        for name, content in (
            (METRICS_FILE, candidate.metrics),
            ("thresholds.yml", candidate.threshold_bytes),
            ("verdict.json", candidate.verdict),
        ):
            if content is not None:
                self.copies[f"{COPIES}/{name}"] = content
        self._copy(SAMPLES_FILE)
        index = self._copy(PLOTS_FILE)
        if index is None:
            return []
        for name in data_files(index):
            self._copy(name)
        plots, problems = read_plots(index, lambda name: self.copies.get(f"{COPIES}/{name}"))
        self.notes += problems
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
        content = self.copies[f"{COPIES}/{name}"] = self._files.read(address)
        return content

    def _document(self) -> dict[str, Any] | None:
        try:
            return read_metrics(self._candidate.metrics) if self._candidate.metrics is not None else None
        except ValueError:
            return None
