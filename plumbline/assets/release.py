"""``release.yml`` of a pipeline: who owns it, what it must reach, how it is watched and taken back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from plumbline.assets.document import Document, FieldPath
from plumbline.assets.library import Library
from plumbline.assets.schema import check_fields, describe, suggestion, table

# Names as ARM's systemData writes them; an id could never be compared with what it says.
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_HOURS = re.compile(r"\d\d:\d\d-\d\d:\d\d")


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
    _check_approvers(document, data.get("approval"))
    _check_window(document, data.get("change_window"))
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


def approvers_in(data: Any) -> frozenset[str] | None:
    """Who alone may approve, in lower case; None when the terms list nobody, and anybody but the author may.

    Args:
        data: The fields of a ``release.yml``, checked or not.
    Raises: ValueError: no mapping, or no list of names stands there; nobody's approval may count then.
    """
    approval = (data.get("approval") or {}) if isinstance(data, Mapping) else None
    if isinstance(approval, Mapping) and "approvers" not in approval:
        return None
    names = approval["approvers"] if isinstance(approval, Mapping) else None
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        message = f"approval.approvers: got {describe(names)}, expected a list of names"
        raise ValueError(message)
    return frozenset(name.strip().lower() for name in names)


def _check_approvers(document: Document, approval: Any) -> None:
    """An empty list closes the release for good, and a display name never matches: two people may share one."""
    if not isinstance(approval, Mapping) or "approvers" not in approval:
        return
    path: FieldPath = ("approval", "approvers")
    names = approval["approvers"]
    if not names:
        document.report(path, "nobody", "at least one name", "Name who may approve, or remove the key.")
    for index, name in enumerate(names if isinstance(names, list) else ()):
        if isinstance(name, str) and not ("@" in name or _GUID.fullmatch(name.strip())):
            document.report(
                (*path, index), describe(name), "a sign-in name (bob@example.com) or an object id",
                "See both: az ad user show --id bob@example.com",
            )  # fmt: skip


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


def _check_window(document: Document, window: Any) -> None:
    """A window that never opens, or whose clock nobody knows, would stop every promotion or none."""
    if not isinstance(window, Mapping):
        return
    path: FieldPath = ("change_window",)
    if window.get("days") == []:
        document.report((*path, "days"), "no day", "at least one", "Add a day, or remove the window.")
    hours, zone, exclusions = (window.get(name) for name in ("hours", "time_zone", "exclusions"))
    if isinstance(hours, str) and _HOURS.fullmatch(hours) and hours[:5] >= hours[6:]:
        document.report(
            (*path, "hours"), describe(hours), "an end after the beginning", "Write the earlier hour first."
        )
    if isinstance(zone, str) and zone not in available_timezones():
        document.report(
            (*path, "time_zone"), describe(zone), "a time zone such as Europe/Berlin",
            suggestion(zone, available_timezones()),
        )  # fmt: skip
    for index, row in enumerate(exclusions if isinstance(exclusions, list) else ()):
        if isinstance(row, Mapping):
            _check_exclusion(document, row, (*path, "exclusions", index))


def _check_exclusion(document: Document, row: Mapping[str, Any], path: FieldPath) -> None:
    names = {name for name in ("from", "to", "last_days_of", "days") if name in row}
    if names not in ({"from", "to"}, {"last_days_of", "days"}):
        got, expected = ", ".join(sorted(names)) or "neither", "from and to, or last_days_of and days"
        document.report(path, got, expected, "Write one of the two.")
        return
    try:
        first, last = (date.fromisoformat(str(row.get(name, "2000-01-01"))) for name in ("from", "to"))
    except ValueError as error:
        document.report(path, str(error), "dates that exist", "Correct the date.")
        return
    if first > last:
        document.report(path, f"{first} to {last}", "an end after the beginning", "Swap the two.")
