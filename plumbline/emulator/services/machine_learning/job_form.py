"""The form in which Azure ML answers a job: what it fills in where nothing was sent (job_forms.yaml)."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from plumbline.emulator.routing import Call

_TABLE = Path(__file__).with_name("job_forms.yaml")
_OBJECTS = ("resources", "queueSettings")


def job_forms(call: Call) -> Any:
    """Return the table's lines in force, those of other api-versions too."""
    return call.emulator.recorded.table(_TABLE)


def is_of_version(call: Call, row: Mapping[str, Any]) -> bool:
    """Say whether a line belongs to the api-version that was asked for."""
    asked = call.api_version
    return str(row.get("since", "")) <= asked and (asked < row["before"] if "before" in row else True)


def filled_job(call: Call, sent: Mapping[str, Any], place: Literal["job", "schedule"]) -> dict[str, Any]:
    """Return a job's `properties` with what Azure fills in; what was sent stays, `jobs` untouched.

    Args:
        place: whether it is a job that is read, or the definition of a schedule.
    """
    rows = {
        name: [row for row in lines if is_of_version(call, row)]
        for name, lines in job_forms(call)[place].items()
    }
    kind = str(sent.get("jobType") or "").lower()
    found = filled(sent, [*rows["members"], *rows.get(kind, [])])
    if isinstance(found.get("inputs"), Mapping):
        found["inputs"] = {name: _filled_input(given, rows) for name, given in found["inputs"].items()}
    if isinstance(found.get("outputs"), Mapping):
        found["outputs"] = {
            name: filled({"jobOutputType": "uri_folder"} | dict(given or {}), rows["output"])
            for name, given in found["outputs"].items()
        }
    for name in _OBJECTS:
        if name in rows and isinstance(found.get(name), Mapping):
            found[name] = filled(found[name], rows[name])
    return found


def _filled_input(given: Any, rows: Mapping[str, Any]) -> Any:
    if not isinstance(given, Mapping):
        return given
    literal = str(given.get("jobInputType") or "literal").lower() == "literal"
    return filled(given, rows["literal_input" if literal else "data_input"])


def filled(given: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an object with the lines' members where it has none, or null."""
    found = dict(given)
    for row in rows:
        name = row["member"]
        if found.get(name) is None or (row.get("when") == "empty" and not found[name]):
            found[name] = copy.deepcopy(row.get("value"))
    return found
