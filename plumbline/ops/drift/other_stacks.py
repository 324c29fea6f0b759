"""Who else of this project granted what at this stack's resources: the state of each other stack says it.

A stack that runs releases assigns the registry's pull role to its own identities. Name, description and tags of an assignment
are anybody's to write; that a stack of this project made it, for this very principal, only that stack's state knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plumbline.ops.drift.engine_call import exported_state, known_stacks
from plumbline.ops.drift.inventory import GRANT, LiveThing
from plumbline.ops.drift.stack_state import StackState, read_state
from plumbline.ops.errors import UserError
from plumbline.ops.stack_file import project_root


@dataclass(frozen=True, kw_only=True)
class OtherGrant:
    """A role assignment that another stack made.

    Attributes:
        principal_id: Object id of whom, in lower case.
    """

    stack: str
    principal_id: str


def grants_of_other_stacks(
    stack: str, things: Sequence[LiveThing], state: StackState, notes: list[str]
) -> dict[str, OtherGrant]:
    """ARM id in lower case of a role assignment -> the stack of this project that made it.

    Nothing is read unless somebody holds a role of this stack that only reads, and not by this stack.

    Args:
        notes: Is told of states that cannot be read.
    """
    if not any(gives_a_reading_role(one, state) and one.id.lower() not in state.ids for one in things):
        return {}
    found: dict[str, OtherGrant] = {}
    project = project_root()
    try:
        others = [one for one in known_stacks() if one != stack and (project / f"Pulumi.{one}.yaml").exists()]
    except UserError as error:
        notes.append(f"Which other stacks granted something was not asked. {error}")
        return {}
    for name in others:
        try:
            made = read_state(exported_state(name)).grants
        except UserError as error:
            notes.append(f"What stack {name} granted was not compared. {error}")
            continue
        found |= {id: OtherGrant(stack=name, principal_id=who) for id, who in made.items()}
    return found


def gives_a_reading_role(thing: LiveThing, state: StackState) -> bool:
    """Whether a thing assigns a role that the state defines and that allows nothing but reading."""
    role = str((thing.body.get("properties") or {}).get("roleDefinitionId") or "").rpartition("/")[2]
    return thing.noun == GRANT and role.lower() in state.reading_roles
