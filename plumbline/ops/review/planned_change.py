"""One planned change of one resource, field by field, read from a preview. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from plumbline.assets import FieldChange, changes
from plumbline.kinds import PACKAGE, SCHEDULE, kind_of_token
from plumbline.ops.drift.refresh_plan import split_path

Action = Literal["create", "update", "replace", "delete"]
ACTIONS: tuple[Action, ...] = ("delete", "replace", "update", "create")
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # what the engine writes for a value that is known after the update
KNOWN_LATER = "known after the update"
_OURS = f"{PACKAGE}:azureml:"
# Repeats of what `spec` and `version` say.
_REPEATED = ("contentHash", "codeHash", "codePath", "source", "includes")


@dataclass(frozen=True, kw_only=True)
class PlannedChange:
    """What an update would do to one resource.

    Attributes:
        type: Pulumi type token.
        fields: Every field that moves; None stands for a field that is not there.
        state: Inputs as the last update left them. live: as they are now. desired: as the program asks for.
        place: `file:line` of the declaration, or the file alone; empty when unknown.
    """

    urn: str
    type: str
    action: Action
    fields: tuple[FieldChange, ...] = ()
    id: str | None = None
    state: Mapping[str, Any] | None = None
    live: Mapping[str, Any] | None = None
    desired: Mapping[str, Any] | None = None
    place: str = ""
    unprotected: bool = False

    @property
    def resource(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]

    @property
    def noun(self) -> str:
        """The type's own name: `StorageAccount`."""
        return self.type.rpartition(":")[2]

    @property
    def asset(self) -> tuple[str, str] | None:
        """Kind and name of a versioned ML asset; None for everything else."""
        kind = kind_of_token(self.type)
        inputs = self.desired or self.live or self.state or {}
        return (kind.name, str(inputs.get("name"))) if kind and kind.is_versioned else None

    @property
    def is_schedule(self) -> bool:
        return self.type == SCHEDULE.token

    @property
    def versions(self) -> tuple[str | None, str | None]:
        """The asset's version before and after."""
        return (
            _text((self.live or self.state or {}).get("version")),
            _text((self.desired or {}).get("version")),
        )

    @property
    def has_new_version(self) -> bool:
        """Whether the update registers a version of an asset."""
        old, new = self.versions
        return self.asset is not None and self.action != "delete" and old != new


def planned_changes(steps: Sequence[Mapping[str, Any]]) -> tuple[PlannedChange, ...]:
    """Every change that a preview plans, in the engine's order; a replacement is one change."""
    before = {step["urn"]: step.get("oldState") or {} for step in steps if step["op"] == "refresh"}
    found: dict[str, PlannedChange] = {}
    for step in steps:
        action = _action(step["op"])
        old, new = step.get("oldState") or {}, step.get("newState") or {}
        if action is None or not (old.get("custom") or new.get("custom")):
            continue
        if (new or old).get("type", "").startswith("pulumi:"):
            continue
        urn = step["urn"]
        if urn in found and found[urn].action == "replace":
            continue
        if urn in found and {found[urn].action, action} == {"create", "delete"}:
            action = "replace"
        found[urn] = PlannedChange(
            urn=urn,
            type=str((new or old).get("type")),
            action=action,
            fields=tuple(_fields(step, old, new)),
            id=old.get("id") or before.get(urn, {}).get("id"),
            state=before.get(urn, {}).get("inputs") if urn in before else old.get("inputs"),
            live=old.get("inputs"),
            desired=new.get("inputs") if action != "delete" else None,
            place=_place(new) or _place(old),
            unprotected=bool(old.get("protect")) and not new.get("protect"),
        )
    return tuple(found.values())


def _action(op: str) -> Action | None:
    if "replace" in op:
        return "replace"
    return op if op in ACTIONS else None


def _fields(step: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[FieldChange]:
    if not old or not new:
        return
    befores, afters = old.get("inputs") or {}, new.get("inputs") or {}
    paths = sorted(step.get("detailedDiff") or {}) or sorted(step.get("diffReasons") or ())
    for path in paths:
        keys = split_path(path)
        if keys and keys[0] in _REPEATED:
            continue
        before, after = value_at(befores, keys), value_at(afters, keys)
        if before is None and after is None:
            before, after = value_at(old.get("outputs") or {}, keys), KNOWN_LATER
        if keys == ["spec"] and isinstance(before, str) and isinstance(after, str) and after != UNKNOWN:
            yield from changes(json.loads(before), json.loads(after))
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            for change in changes(before, after):
                yield FieldChange(
                    path=f"{path}.{change.path}", old=_known(change.old), new=_known(change.new)
                )
        else:
            yield FieldChange(path=path, old=_known(before), new=_known(after))


def value_at(values: Mapping[str, Any], keys: Sequence[str | int]) -> Any:
    """The value at a property path; None when there is none."""
    value: Any = values
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _place(state: Mapping[str, Any]) -> str:
    source = (state.get("inputs") or {}).get("source")
    if isinstance(source, str) and str(state.get("type")).startswith(_OURS):
        return source
    position = str(state.get("sourcePosition") or "")
    where, _, line = position.removeprefix("project:///").partition("#")
    # Outside of the project lies what the program is built with, not the program.
    return f"{where}:{line.partition(',')[0]}" if where and line and ".." not in where else ""


def _known(value: Any) -> Any:
    return KNOWN_LATER if value == UNKNOWN else value


def _text(value: Any) -> str | None:
    return None if value is None or value == UNKNOWN else str(value)
