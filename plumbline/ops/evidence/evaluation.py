"""What a run's evaluation left: copies of the files that were judged, and what evidence shows of them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from typing import Any

from plumbline.ops.evidence.plot import PLOTS_FILE, data_files, is_plain_name, read_plots
from plumbline.ops.job.datastore_files import DatastoreFiles
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.judgement import read_metrics
from plumbline.ops.run_history import RunHistory

COPIES = "files"
# Under these names the folder keeps what was judged, whatever the run called it.
METRICS_FILE = "metrics.json"
SAMPLES_FILE, THRESHOLDS_FILE, VERDICT_FILE = "sample_predictions.csv", "thresholds.yml", "verdict.json"
RELEASE_FILE, JOB_FILE = "release.yml", "job.json"
MAX_SAMPLES = 50
# Copies that are not the evaluation's: a plot cannot name one of them as its numbers.
_OTHERS = frozenset({METRICS_FILE, PLOTS_FILE, THRESHOLDS_FILE, VERDICT_FILE, RELEASE_FILE, JOB_FILE})


def lock_file(digest: str) -> str:
    """Name of the copy of an environment's lock."""
    return f"requirements-{digest[:12]}.lock"


def evaluation_names(index: bytes | None) -> list[str]:
    """Files of an evaluation's folder that evidence copies when they are there.

    Args:
        index: Bytes of its `plots.json`, None without one.
    """
    numbers = data_files(index) if index is not None else []
    return [METRICS_FILE, SAMPLES_FILE, PLOTS_FILE, *(name for name in numbers if _is_numbers(name))]


def copy_evaluation(candidate: Candidate, history: RunHistory, files: DatastoreFiles) -> dict[str, bytes]:
    """Name -> bytes of everything that was judged, and of what the evaluation's folder has to show."""
    found = {
        name: content
        for name, content in (
            (METRICS_FILE, candidate.metrics),
            (THRESHOLDS_FILE, candidate.threshold_bytes),
            (VERDICT_FILE, candidate.verdict),
        )
        if content is not None
    }
    source = candidate.flow.evaluation
    step = next((one for one in candidate.steps if source and one.step == source.step), None)
    if source is None or step is None or step.status != "Completed":
        return found
    uri = history.outputs(step.name).get(source.output)

    def copy(name: str) -> None:
        address = f"{uri.rstrip('/')}/{name}" if uri else None
        if name not in found and address is not None and files.names(address):
            found[name] = files.read(address)

    copy(PLOTS_FILE)
    for name in evaluation_names(found.get(PLOTS_FILE)):
        copy(name)
    return found


class EvaluationFiles:
    """What evidence shows of the copies, when it is written and when it is verified. Pure.

    Attributes:
        plots: As the page draws them.
        samples: Columns and the first rows of the sample predictions.
        notes: What could not be shown, and why.
    """

    def __init__(self, copies: Mapping[str, bytes]) -> None:
        self._copies = copies
        self.notes: list[str] = []
        self.plots = self._plots()
        self.samples = self._samples()

    @property
    def metrics(self) -> dict[str, Any]:
        """Name -> value; what is no number that JSON can hold is null."""
        document = self._document()
        return {str(name): _finite(value) for name, value in document["metrics"].items()} if document else {}

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Rows of the evaluation by group."""
        rows = (self._document() or {}).get("groups")
        return [_finite(row) for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []

    def _plots(self) -> list[dict[str, Any]]:
        index = self._copies.get(PLOTS_FILE)
        if index is None:
            return []
        plots, problems = read_plots(
            index, lambda name: self._copies.get(name) if _is_numbers(name) else None
        )
        self.notes += problems
        return plots

    def _samples(self) -> dict[str, Any] | None:
        content = self._copies.get(SAMPLES_FILE)
        if content is None:
            return None
        try:
            rows = list(csv.reader(io.StringIO(content.decode("utf-8", errors="replace"))))
        except csv.Error as error:
            self.notes.append(f"{SAMPLES_FILE}: got no CSV ({error})")
            return None
        return {"columns": rows[0], "rows": rows[1 : MAX_SAMPLES + 1]} if rows else None

    def _document(self) -> dict[str, Any] | None:
        content = self._copies.get(METRICS_FILE)
        try:
            return read_metrics(content) if content is not None else None
        except ValueError:
            return None


def _is_numbers(name: str) -> bool:
    return is_plain_name(name) and name not in _OTHERS and not name.startswith("requirements-")


def _finite(value: Any) -> Any:
    """The value with null for what JSON has no number for, all the way down."""
    if isinstance(value, Mapping):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
