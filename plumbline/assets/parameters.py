"""Checks of a component's declared inputs: defaults in type and range, names that differ only in case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from plumbline.assets.document import Document, FieldPath
from plumbline.assets.scalars import PRIMITIVES, NotThatType, literal_text, typed
from plumbline.assets.schema import describe

_DATA = frozenset({"uri_file", "uri_folder", "mltable", "custom_model", "mlflow_model", "triton_model"})
_ORDERED = ("number", "integer")
_A = {"integer": "an integer", "number": "a finite number", "boolean": "true or false", "string": "text"}


def check_parameters(document: Document, data: Mapping[str, Any]) -> None:
    """Check the inputs that a component's file declares."""
    for side in ("inputs", "outputs"):
        rows = data.get(side)
        if not isinstance(rows, Mapping):
            continue
        seen: dict[str, str] = {}
        for name, row in rows.items():
            other = seen.setdefault(str(name).lower(), name)
            if other != name:
                document.report(
                    (side, name),
                    f'the name "{name}"',
                    f'a name that differs from "{other}" by more than case',
                )
            if side == "inputs" and isinstance(row, Mapping):
                _check_row(document, (side, name), row)


def check_literal(document: Document, path: FieldPath, value: Any, row: Mapping[str, Any]) -> None:
    """Check a literal value against the parameter that it goes to: type, range, and list of choices."""
    kind = str(row.get("type", "")).lower()
    if kind not in PRIMITIVES or (kind == "string" and not _is_as_written(document, path, value)):
        return
    # A declared truth value may be written `yes`; one whose type only its own writing tells may have been meant as text.
    if (row.get("derived") or kind in _ORDERED) and not _is_plain(document, path, value):
        return
    try:
        found = typed(value, kind)
    except NotThatType:
        document.report(path, describe(value), _A[kind])
        return
    if kind in _ORDERED:
        low, high = _bound(row, "min", kind), _bound(row, "max", kind)
        if low is not None and found < low:
            document.report(path, describe(value), f"at least {literal_text(row['min'])}")
        if high is not None and found > high:
            document.report(path, describe(value), f"at most {literal_text(row['max'])}")
    choices = row.get("enum")
    if (
        isinstance(choices, list)
        and choices
        and literal_text(value) not in [literal_text(item) for item in choices]
    ):
        document.report(path, describe(value), f"one of {', '.join(literal_text(item) for item in choices)}")


def _check_row(document: Document, path: FieldPath, row: Mapping[str, Any]) -> None:
    kind = str(row.get("type", "")).lower()
    if kind in _DATA and row.get("default") is not None:
        document.report(
            (*path, "default"), describe(row["default"]), f"no default on {kind}: Azure refuses the component",
            "Remove it; write the data at the step or the job that takes it.",
        )  # fmt: skip
        return
    for bound in ("min", "max"):
        if row.get(bound) is None:
            continue
        if kind not in _ORDERED:
            if kind in PRIMITIVES:
                document.report((*path, bound), describe(row[bound]), f"no {bound} on a {kind}", "Remove it.")
        elif _bound(row, bound, kind) is None:
            document.report((*path, bound), describe(row[bound]), _A[kind])
    low, high = _bound(row, "min", kind), _bound(row, "max", kind)
    if low is not None and high is not None and low > high:
        document.report((*path, "min"), describe(row["min"]), f"no more than max, {describe(row['max'])}")
    choices = row["enum"] if kind == "string" and isinstance(row.get("enum"), list) else []
    kept = [_is_as_written(document, (*path, "enum", at), choice) for at, choice in enumerate(choices)]
    if not all(kept):
        return
    if row.get("enum") and kind != "string" and kind in PRIMITIVES:
        document.report(
            (*path, "enum"), "choices", f"no enum on a {kind}: Azure has it for text only", "Use min and max."
        )
    elif row.get("default") is not None:
        check_literal(document, (*path, "default"), row["default"], row)


def _is_as_written(document: Document, path: FieldPath, value: Any) -> bool:
    """Whether text is what the file writes: YAML takes NO for false, 010 for 8, and 1.10 for 1.1 unless it is quoted."""
    written = document.written.get(path)
    if isinstance(value, str) or written is None or literal_text(value) == written:
        return True
    document.report(
        path,
        f"{written}, which YAML takes for {literal_text(value)}",
        "text",
        f'Put it in quotes: "{written}".',
    )
    return False


def _is_plain(document: Document, path: FieldPath, value: Any) -> bool:
    """Whether a number or truth value is written as one: not `on`, `010` or `12:30`, which other readers take for text."""
    written = document.written.get(path)
    if written is None or isinstance(value, str):
        return True
    odd = (
        written.lower() not in ("true", "false")
        if isinstance(value, bool)
        else ":" in written or re.match(r"[-+]?0[0-9_]", written) is not None
    )
    if odd:
        plain = literal_text(value).lower() if isinstance(value, bool) else literal_text(value)
        document.report(
            path,
            f"{written}, which YAML takes for {literal_text(value)}",
            "a value that every reader takes for the same",
            f'Write {plain}, or put it in quotes: "{written}".',
        )
    return not odd


def _bound(row: Mapping[str, Any], name: str, kind: str) -> Any:
    if kind not in _ORDERED or row.get(name) is None:
        return None
    try:
        return typed(row[name], kind)
    except NotThatType:
        return None
