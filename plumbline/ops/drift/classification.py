"""Whose is what lies there: the program's, adopted, made by a run, the platform's own, or nobody's. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import jmespath
import yaml

from plumbline.azure.moment import moment
from plumbline.ops.drift.inventory import GRANT, LiveThing
from plumbline.ops.drift.other_stacks import OtherGrant, gives_a_reading_role
from plumbline.ops.drift.stack_state import StackState

Ownership = Literal["managed", "adopted", "made by a run", "made by a promotion", "system", "unmanaged"]
CLASSES: tuple[Ownership, ...] = (
    "managed", "adopted", "made by a run", "made by a promotion", "system", "unmanaged",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Classified:
    """A thing and whose it is.

    Attributes:
        reason: Why nobody has to answer for it; empty of what the state names and of what nobody owns.
    """

    thing: LiveThing
    ownership: Ownership
    reason: str = ""


def classify(
    thing: LiveThing,
    state: StackState,
    *,
    group_id: str,
    subject: str,
    of_others: Mapping[str, OtherGrant] = MappingProxyType({}),
) -> Classified:
    """Class of one thing.

    Args:
        group_id: The platform's resource group: what is assigned above it is judged by its age.
        subject: Object id of the workspace's own identity, empty when it has none.
        of_others: Role assignments that other stacks of this project made, by ARM id in lower case.
    """
    if (owned := _owned(thing, state)) is not None:
        return Classified(thing=thing, ownership=owned)
    if thing.noun == GRANT and (why := _harmless_grant(thing, state, group_id, subject, of_others)):
        return Classified(thing=thing, ownership="system", reason=why)
    return row_of(thing) or Classified(thing=thing, ownership="unmanaged")


def row_of(thing: LiveThing) -> Classified | None:
    """What classes.yaml says of a thing, whatever any state says; None when it is people's."""
    shown = {**thing.body, "id": thing.id, "name": thing.name, "version": thing.version}
    for row in _table()["rows"]:
        nouns = row["noun"] if isinstance(row["noun"], list) else [row["noun"]]
        if thing.noun in nouns and all(
            re.fullmatch(pattern, str(jmespath.search(path, shown) or ""), re.IGNORECASE)
            for path, pattern in row["where"].items()
        ):
            return Classified(thing=thing, ownership=row["class"], reason=row["reason"])
    return None


def _owned(thing: LiveThing, state: StackState) -> Ownership | None:
    key = thing.id.lower()
    if thing.version is None:
        return "managed" if key in state.ids else None
    if (key, thing.version) in state.registered:
        return "managed"
    return "adopted" if (key, thing.version) in state.adopted else None


def _harmless_grant(
    thing: LiveThing, state: StackState, group_id: str, subject: str, of_others: Mapping[str, OtherGrant]
) -> str:
    properties = thing.body.get("properties") or {}
    scope = str(properties.get("scope") or "").rstrip("/").lower()
    if subject and str(properties.get("principalId") or "").lower() == subject.lower():
        return "Azure ML assigns it to the workspace's own identity"
    role = str(properties.get("roleDefinitionId") or "").rpartition("/")[2].lower()
    if f"{scope}/".startswith(f"{group_id.lower()}/"):
        # The registry's pull role: each stack that runs releases assigns it to its own identities.
        other = of_others.get(thing.id.lower())
        who = str(properties.get("principalId") or "").lower()
        if other is not None and other.principal_id == who and gives_a_reading_role(thing, state):
            return f"stack {other.stack} assigns this stack's role, which only reads, to its own identity"
        return ""
    if role not in {row["role"] for row in _table()["above"]}:
        return "assigned above the platform, and not a role that can change all of it"
    made = moment(properties.get("createdOn"))
    if made is not None and state.born is not None and made < state.born:
        return "assigned above the platform before it was built"
    return ""


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = yaml.load(
        Path(__file__).with_name("classes.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return table
