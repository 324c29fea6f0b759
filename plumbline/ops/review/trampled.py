"""Whose change in the cloud an update would overwrite: who made it, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plumbline.assets import changes as field_changes
from plumbline.azure.moment import moment
from plumbline.ops.review.planned_change import PlannedChange

if TYPE_CHECKING:
    from plumbline.ops.target import Target

DELETED = "(the resource)"


@dataclass(frozen=True, kw_only=True)
class Trampled:
    """One field that somebody changed behind the code, and that the update puts back.

    Attributes:
        before: As the last update left it. live: as it is. after: as the update makes it.
        who, when: None when that is not known; `unknown_because` says why. by: By what, such as `a person with the
            Azure portal`.
    """

    change: PlannedChange
    field: str
    before: Any
    live: Any
    after: Any
    who: str | None = None
    when: str | None = None
    by: str | None = None
    unknown_because: str | None = None


def overwritten(changes: Sequence[PlannedChange], steps: Sequence[Mapping[str, Any]]) -> tuple[Trampled, ...]:
    """The fields that an update would move away from what is live, where live is not what the last update left. Pure."""
    in_state = {step["urn"] for step in steps if step["op"] == "refresh"}
    found: list[Trampled] = []
    for change in changes:
        if change.action == "create" and change.urn in in_state:
            found.append(
                Trampled(
                    change=change, field=DELETED, before="present", live="deleted", after="created again"
                )
            )
        if change.state is None or change.live is None:
            continue
        drifted = {
            _plain(moved.path): moved for moved in field_changes(_opened(change.state), _opened(change.live))
        }
        for field in change.fields:
            path = _plain(field.path)
            near = next((name for name in drifted if _touch(name, path)), None)
            if near is not None:
                found.append(
                    Trampled(
                        change=change,
                        field=field.path,
                        before=drifted[near].old,
                        live=field.old,
                        after=field.new,
                    )
                )
        if change.action == "delete" and drifted:
            first = next(iter(drifted.values()))
            found.append(
                Trampled(change=change, field=first.path, before=first.old, live=first.new, after="deleted")
            )
    return tuple(found)


def with_authors(
    found: Sequence[Trampled], target: Target, steps: Sequence[Mapping[str, Any]]
) -> tuple[Trampled, ...]:
    """The same, each with who made the change and when, asked of Azure side by side."""
    from dataclasses import replace

    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.last_change import last_change

    states = {step["urn"]: step.get("oldState") or {} for step in steps if step["op"] == "refresh"}
    session = AzureSession(target)
    first = {one.change.urn: one for one in reversed(found)}

    def asked(one: Trampled) -> Any:
        state = states.get(one.change.urn) or {}
        return last_change(
            session,
            resource_type=one.change.type,
            resource_id=str(one.change.id),
            version=(state.get("outputs") or {}).get("version"),
            deleted=one.field == DELETED,
            own_write=moment(state.get("modified") or state.get("created")),
        )

    made = dict(zip(first, session.side_by_side(asked, list(first.values())), strict=True))
    return tuple(
        replace(
            one,
            who=made[one.change.urn].who,
            when=made[one.change.urn].when,
            by=made[one.change.urn].by,
            unknown_because=made[one.change.urn].unknown_because,
        )
        for one in found
    )


def _opened(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs with the fields of the definition beside them, as planned fields name them."""
    opened = {name: value for name, value in inputs.items() if name != "spec"}
    if isinstance(inputs.get("spec"), str):
        opened |= json.loads(inputs["spec"])
    return opened


def _plain(path: str) -> str:
    return path.replace('["', ".").replace('"]', "")


def _touch(one: str, other: str) -> bool:
    """Whether one of two paths lies within the other."""
    return (
        one == other or one.startswith((f"{other}.", f"{other}[")) or other.startswith((f"{one}.", f"{one}["))
    )
