"""What a definition has to say for its live form to be what it asks for. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.assets import AssetDefinition, ScheduleDefinition
from plumbline.kinds import KINDS
from plumbline.ops.codify.live_resource import LiveResource

MUTABLE = {"displayName": "display_name", "description": "description"}
"""Inputs that change in place -> key of the YAML."""

UNSAYABLE = {
    "enabled": "az ml YAML cannot say that a schedule is paused. Set schedulesEnabled of the stack, or enabled= of the "
    "resource, or put it back: pulumi up",
    "archived": "a definition says what is registered, never what is archived. Remove the file, or put it back: "
    "pulumi up",
}
"""Inputs without a key in the YAML -> why, and the way."""

_FILES_OF_A_COMMAND_JOB = (("create_job", "code"), ("create_job", "environment"))

Definition = AssetDefinition | ScheduleDefinition


@dataclass(frozen=True, kw_only=True)
class FieldEdit:
    """One field of a definition, from what the code says to what is live.

    Attributes:
        path: Keys from the definition's top, in az ml words.
        was, now: Values; None where there is none.
    """

    path: tuple[str, ...]
    was: Any
    now: Any

    @property
    def field(self) -> str:
        """The path as people write it."""
        return ".".join(self.path)


def edits(definition: Definition, live: LiveResource) -> tuple[list[FieldEdit], list[tuple[str, str]]]:
    """Edits that a definition needs, and what cannot be said, with the reason."""
    inputs = live.inputs or {}
    found: list[FieldEdit] = []
    refused: list[tuple[str, str]] = []
    for wire, key in MUTABLE.items():
        if isinstance(definition, AssetDefinition) and wire not in KINDS[definition.kind].entity_fields:
            continue
        was, now = getattr(definition, key), inputs.get(wire) or None
        if (was or None) != now:
            found.append(FieldEdit(path=(key,), was=was, now=now))
    found += _differences(("tags",), dict(definition.tags), dict(inputs.get("tags") or {}))
    for wire, reason in UNSAYABLE.items():
        if wire in inputs and inputs[wire] != live.desired.get(wire, wire == "enabled"):
            refused.append((wire, reason))
    spec = inputs.get("spec")
    if isinstance(spec, str) and spec.startswith("{") and spec != definition.spec:
        made, unsayable = _of_spec(definition, json.loads(spec))
        found += made
        refused += unsayable
    return found, refused


def _of_spec(
    definition: Definition, live: Mapping[str, Any]
) -> tuple[list[FieldEdit], list[tuple[str, str]]]:
    changed = list(_differences((), definition.fields, live))
    if isinstance(definition, ScheduleDefinition):
        pinned = [
            edit
            for edit in changed
            if (edit.path[:2] == ("create_job", "jobs") and edit.path[-1] == "component")
            or edit.path in _FILES_OF_A_COMMAND_JOB
        ]
        reason = (
            "it runs another version than that of its file. Bring that content into the file, "
            "or put the pin back: pulumi up"
        )
        return [edit for edit in changed if edit not in pinned], [(edit.field, reason) for edit in pinned]
    reason = (
        "versions never change, so this one was registered again with other content. Change the files to what "
        "you want: that is a version of its own"
    )
    return [], [(edit.field, reason) for edit in changed]


def _differences(path: tuple[str, ...], was: Any, now: Any) -> Iterator[FieldEdit]:
    """Every leaf that differs, by its keys; a list is one value."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in sorted({*was, *now}):
            yield from _differences((*path, key), was.get(key), now.get(key))
    elif json.dumps(was, sort_keys=True) != json.dumps(now, sort_keys=True):
        yield FieldEdit(path=path, was=was, now=now)
