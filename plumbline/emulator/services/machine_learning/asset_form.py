"""The form of an asset's answers: the lines of asset_forms.yaml, applied to what was sent."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from plumbline.emulator.principals import display_name_of
from plumbline.emulator.services.machine_learning import component_form
from plumbline.emulator.store import SEEDED_BY

MISSING: Any = object()
"""A member that was not sent, or is not to be answered."""
LABELS = "azureml.labels"
"""The property in which an environment's newest version says that it is that."""
_SHORT_URI, _LONG_URI = "azureml://datastores/", "azureml://subscriptions/"
_FOLDERS = frozenset({"uri_folder", "mltable"})


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What an answer's form depends on besides what was sent.

    Args:
        place_id: ARM id of the workspace or registry.
        properties: What was sent, whole.
        newest: Whether this is the container's newest version.
        fresh: Whether this is the answer of the PUT that created it.
        listed: Whether the answer is an item of a list.
        system_data: As it is kept.
    """

    kind: str
    place: str
    place_id: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    newest: bool = True
    fresh: bool = False
    listed: bool = False
    system_data: Mapping[str, str] = field(default_factory=dict)


def formed(lines: Iterable[Mapping[str, Any]], value: Mapping[str, Any], seen: Seen) -> dict[str, Any]:
    """A copy of the value, in the form that the lines give it."""
    result = copy.deepcopy(dict(value))
    for line in lines:
        if (
            seen.kind in line.get("kinds", (seen.kind,))
            and seen.place in line.get("places", ("workspace",))
            and _fits(line, seen)
        ):
            _change(result, line["at"].split("."), _change_of(line, seen))
    return result


def _fits(line: Mapping[str, Any], seen: Seen) -> bool:
    types = line.get("types")
    return types is None or seen.properties.get("componentSpec", {}).get("type") in types


def _change_of(line: Mapping[str, Any], seen: Seen) -> Callable[[str, Any], Any]:
    if "set" in line:
        return lambda _name, _value: copy.deepcopy(line["set"])
    if "fill" in line:
        return lambda _name, value: (
            copy.deepcopy(line["fill"]) if value is MISSING or value is None else value
        )
    if line.get("drop"):
        return lambda _name, _value: MISSING
    if line.get("drop_empty"):
        return lambda _name, value: MISSING if value in (None, "", {}, []) else value
    if "recase" in line:
        return lambda _name, value: line["recase"].get(str(value).lower(), value)
    function = _FUNCTIONS[line["do"]]
    return lambda name, value: function(name, value, seen, line)


def _change(target: dict[str, Any], path: list[str], change: Callable[[str, Any], Any]) -> None:
    head, rest = path[0], path[1:]
    for name in list(target) if head == "*" else [head]:
        if rest:
            if isinstance(target.get(name), dict):
                _change(target[name], rest, change)
            continue
        value = change(name, target.get(name, MISSING))
        if value is MISSING:
            target.pop(name, None)
        else:
            target[name] = value


# -- what a line's `do` names: (member's name, its value, what is seen, the line) -> the value to answer

Function = Callable[[str, Any, Seen, Mapping[str, Any]], Any]


def _latest_label(_name: str, value: Any, seen: Seen, _line: Mapping[str, Any]) -> Any:
    return {**(value or {}), LABELS: "latest" if seen.newest else ""}


def _conda_as_json(_name: str, value: Any, _seen: Seen, _line: Mapping[str, Any]) -> Any:
    if not value or value is MISSING:
        return value
    try:
        content = yaml.safe_load(value)
    except yaml.YAMLError:
        return value
    return json.dumps(content, indent=2) if isinstance(content, dict | list) else value


def _long_datastore_path(_name: str, value: Any, seen: Seen, _line: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or not value.startswith(_SHORT_URI):
        return value
    _, _, subscription, _, group, *_, workspace = seen.place_id.split("/")
    rest = value.removeprefix(_SHORT_URI)
    return f"{_LONG_URI}{subscription}/resourcegroups/{group}/workspaces/{workspace}/datastores/{rest}"


def _folder_slash(_name: str, value: Any, seen: Seen, _line: Mapping[str, Any]) -> Any:
    on_datastore = isinstance(value, str) and value.startswith((_SHORT_URI, _LONG_URI))
    if on_datastore and seen.properties.get("dataType") in _FOLDERS and not value.endswith("/"):
        return f"{value}/"
    return value


def _capital_resource_groups(_name: str, value: Any, _seen: Seen, _line: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith(_LONG_URI):
        return value.replace("/resourcegroups/", "/resourceGroups/", 1)
    return value


def _stage(_name: str, value: Any, seen: Seen, _line: Mapping[str, Any]) -> Any:
    if seen.properties.get("isArchived"):
        return "Archived"
    if seen.kind == "components" and seen.properties.get("isAnonymous"):
        return "Development" if seen.fresh else "Logged"
    return "Development" if value is MISSING or value is None else value


def _time_as_version(_name: str, _value: Any, _seen: Seen, _line: Mapping[str, Any]) -> Any:
    return datetime.now(UTC).strftime("%Y-%m-%d-%H-%M-%S-%f0")


def _times_with_offset(name: str, value: Any, _seen: Seen, _line: Mapping[str, Any]) -> Any:
    if not name.endswith("At") or not isinstance(value, str) or not value.endswith("Z"):
        return value
    whole, _, fraction = value.removesuffix("Z").partition(".")
    digits = fraction.rstrip("0")
    return f"{whole}.{digits}+00:00" if digits else f"{whole}+00:00"


def _unchanged(seen: Seen) -> bool:
    return seen.system_data.get("createdAt") == seen.system_data.get("lastModifiedAt")


def _later_than_created(_name: str, value: Any, seen: Seen, line: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or (seen.fresh and seen.properties.get("isAnonymous")):
        return value
    moved = datetime.fromisoformat(value) + timedelta(seconds=line["by"])
    return moved.isoformat()


def _nobody_modified_yet(name: str, value: Any, seen: Seen, _line: Mapping[str, Any]) -> Any:
    return MISSING if name.startswith("lastModifiedBy") and _unchanged(seen) else value


def _nobody_unless_listed(name: str, value: Any, seen: Seen, _line: Mapping[str, Any]) -> Any:
    return MISSING if not seen.listed and name.removesuffix("Type").endswith("By") else value


def _nobody_created_it(name: str, value: Any, seen: Seen, _line: Mapping[str, Any]) -> Any:
    return (
        MISSING if name.startswith("createdBy") and seen.system_data.get("createdBy") == SEEDED_BY else value
    )


def _in_capitals(_name: str, value: Any, _seen: Seen, _line: Mapping[str, Any]) -> Any:
    return value.upper() if isinstance(value, str) else value


def _provider_as(_name: str, value: Any, _seen: Seen, line: Mapping[str, Any]) -> Any:
    """An id whose provider is spelled as the service does."""
    provider = f"/providers/{line['provider']}/"
    return (
        re.sub(re.escape(provider), provider, value, flags=re.IGNORECASE) if isinstance(value, str) else value
    )


def _people_by_display_name(name: str, value: Any, _seen: Seen, _line: Mapping[str, Any]) -> Any:
    return display_name_of(value) if name.endswith("By") else value


def _of_spec(function: Callable[[Any], Any]) -> Function:
    return lambda _name, value, _seen, _line: value if value is MISSING else function(value)


_FUNCTIONS: dict[str, Function] = {
    "latest_label": _latest_label,
    "conda_as_json": _conda_as_json,
    "long_datastore_path": _long_datastore_path,
    "folder_slash": _folder_slash,
    "capital_resource_groups": _capital_resource_groups,
    "stage": _stage,
    "time_as_version": _time_as_version,
    "times_with_offset": _times_with_offset,
    "later_than_created": _later_than_created,
    "nobody_modified_yet": _nobody_modified_yet,
    "nobody_unless_listed": _nobody_unless_listed,
    "nobody_created_it": _nobody_created_it,
    "in_capitals": _in_capitals,
    "people_by_display_name": _people_by_display_name,
    "provider_as": _provider_as,
    "plain_compute_defaults": _of_spec(component_form.plain_compute_defaults),
    "data_inputs_first": _of_spec(component_form.data_inputs_first),
    "scalars_as_text": _of_spec(component_form.scalars_as_text),
}
