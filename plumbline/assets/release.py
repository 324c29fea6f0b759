"""``release.yml`` of a pipeline: who owns it, what it must reach, how it is watched and taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plumbline.assets.document import Document, FieldPath
from plumbline.assets.library import Library
from plumbline.assets.schema import check_fields, describe, suggestion, table


def read_release(
    document: Document, library: Library, *, name: str, steps: Sequence[str]
) -> dict[str, Any] | None:
    """The file's fields, checked; None, and problems there, when something is wrong.

    A ``thresholds`` that names a file is replaced by what that file says, and ``thresholds_source`` names it,
    relative to the project's root.

    Args:
        name: The pipeline's folder, which ``pipeline`` must repeat.
        steps: Steps of the job, which ``expected_seconds.steps`` may name.
    """
    data = document.data
    if document.problems:
        return None
    check_fields(document, data, (), table("release")["release"])
    if not isinstance(data, Mapping):
        return None
    if isinstance(data.get("pipeline"), str) and data["pipeline"] != name:
        document.report(("pipeline",), describe(data["pipeline"]), f'"{name}", the name of the folder')
    _check_steps(document, data.get("expected_seconds"), steps)
    release = dict(data)
    thresholds = data.get("thresholds")
    if isinstance(thresholds, str):
        file = library.open(document.folder / thresholds)
        if file is None:
            document.report(
                ("thresholds",),
                f"no file at {describe(thresholds)}",
                "a file of thresholds",
                "Correct the path.",
            )
        elif not file.problems:
            check_fields(file, file.data, (), table("release")["thresholds_file"])
            rows = file.data.get("thresholds") if isinstance(file.data, Mapping) else None
            _check_thresholds(file, rows)
            release["thresholds"], release["thresholds_source"] = rows, file.source
    else:
        _check_thresholds(document, thresholds)
    return release


def _check_steps(document: Document, expected: Any, steps: Sequence[str]) -> None:
    rows = expected.get("steps") if isinstance(expected, Mapping) else None
    for step in rows if isinstance(rows, Mapping) and steps else ():
        if step not in steps:
            document.report(
                ("expected_seconds", "steps", step), f'the unknown step "{step}"',
                f"one of {', '.join(steps)}", suggestion(step, steps),
            )  # fmt: skip


def _check_thresholds(document: Document, rows: Any) -> None:
    """A threshold without a limit never closes the gate."""
    path: FieldPath = ("thresholds",)
    if isinstance(rows, Mapping) and not rows:
        document.report(path, "no threshold", "at least one: a gate that cannot close is none", "Add one.")
    for metric, row in rows.items() if isinstance(rows, Mapping) else ():
        if isinstance(row, Mapping) and row.get("at_least") is None and row.get("at_most") is None:
            document.report((*path, metric), "no limit", "at_least or at_most", "Add the limit.")
