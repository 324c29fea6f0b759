"""What lies in a workspace and around it, whoever put it there; every list is read beside the others.

Source: the list operations of the groups in inventory.yaml; Role Assignments - List For Resource Group, which answers what
is assigned at, above and below the group. Rests on rbac-assignments-of-a-group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.azure.api_versions import api_version
from plumbline.kinds import YAML_KINDS, Kind, is_true
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.finding import noun_of

GRANT = "RoleAssignment"


@dataclass(frozen=True, kw_only=True)
class LiveThing:
    """One resource, or one version of an asset, as a list answers it.

    Attributes:
        id: Full ARM id; of a version its container's.
        version: None of what has none.
    """

    noun: str
    type: str
    id: str
    name: str
    body: Mapping[str, Any]
    version: str | None = None

    @property
    def is_archived(self) -> bool:
        """Whether nothing lists it any more, and only what names it exactly finds it."""
        return is_true((self.body.get("properties") or {}).get("isArchived"))

    @property
    def stamp(self) -> Mapping[str, Any]:
        """Its systemData, empty when Azure answers none."""
        return self.body.get("systemData") or {}


@dataclass(frozen=True, kw_only=True)
class ListRow:
    """One list: of a kind that people write as YAML, or a row of inventory.yaml.

    Attributes:
        versions: Its versions are what counts; the list is of containers. Archived ones are listed too: one that the state
            registered is missed, any other does nobody harm.
        query: Of the list; an archived schedule still counts.
    """

    noun: str
    of: str
    path: str
    operations: str
    versions: bool = False
    below: str | None = None
    query: Mapping[str, str] | None = None
    remove: str | None = None
    remove_query: Mapping[str, str] | None = None


@cache
def list_rows() -> tuple[ListRow, ...]:
    """Every list: those of our kinds, then the table in its order."""
    text = Path(__file__).with_name("inventory.yaml").read_text(encoding="utf-8")
    own = (_row_of(kind) for kind in YAML_KINDS.values())
    return (*own, *(ListRow(**row) for row in yaml.load(text, Loader=yaml.CSafeLoader)["rows"]))


def _row_of(kind: Kind) -> ListRow:
    return ListRow(
        noun=kind.noun,
        of="workspace",
        path=kind.collection,
        operations=kind.collection,
        versions=kind.is_versioned,
        query=None if kind.is_versioned else {"listViewType": "All"},
        remove="archive" if kind.is_versioned else "delete",
    )


def live_things(session: AzureSession) -> list[LiveThing]:
    """Everything of every list, in the order of the table.

    Raises: UserError: a list cannot be read.
    """
    # A stack that serves a registry has no workspace.
    asked = [row for row in list_rows() if row.of == "group" or session.target.workspace_name]
    lists = [row for row in asked if row.below is None]
    bodies = session.lists(
        [(_address(session, row), api_version(row.operations), row.query or {}) for row in lists]
    )
    by_path = {row.path: found for row, found in zip(lists, bodies, strict=True)}
    holders = [(row, body) for row in asked if row.versions or row.below for body in by_path[row.path]]
    held = session.lists([_list_below(session, row, holder) for row, holder in holders])
    return [
        *(
            _held(session, row, holder, body)
            for (row, holder), bodies in zip(holders, held, strict=True)
            for body in bodies
        ),
        *(_thing(session, row, body) for row in lists if not row.versions for body in by_path[row.path]),
    ]


def _address(session: AzureSession, row: ListRow) -> str:
    target = session.target
    top = target.workspace_id if row.of == "workspace" else target.resource_group_id
    return f"{top}/{row.path}"


def _list_below(
    session: AzureSession, row: ListRow, holder: Mapping[str, Any]
) -> tuple[str, str, Mapping[str, str]]:
    """The list of a container's versions, or of what lies below an endpoint."""
    # Not the id that the list answers: its case is the service's.
    path, version = f"{_address(session, row)}/{holder['name']}", api_version(row.operations)
    if row.below is not None:
        return f"{path}/{row.below}", version, {}
    return f"{path}/versions", version, {"listViewType": "All"}


def _held(
    session: AzureSession, row: ListRow, holder: Mapping[str, Any], body: Mapping[str, Any]
) -> LiveThing:
    path = f"{_address(session, row)}/{holder['name']}"
    if row.below is not None:
        return LiveThing(
            noun=row.noun,
            type=str(body.get("type") or f"{holder.get('type')}/{row.below}"),
            id=f"{path}/{row.below}/{body['name']}",
            name=f"{holder['name']}/{body['name']}",
            body=body,
        )
    return LiveThing(
        noun=row.noun,
        type=str(holder.get("type") or ""),
        id=path,
        name=str(holder["name"]),
        body=body,
        version=str(body["name"]),
    )


def _thing(session: AzureSession, row: ListRow, body: Mapping[str, Any]) -> LiveThing:
    noun = noun_of(str(body["type"])) if row.noun == "Resource" else row.noun
    # Schedules are answered without id and type (recorded, test_schedule_lifetime 2024-02-20).
    own = f"{session.target.workspace_id}/{row.path}/{body['name']}"
    return LiveThing(
        noun=noun,
        type=str(body.get("type") or f"Microsoft.MachineLearningServices/workspaces/{row.path}"),
        id=own if row.of == "workspace" else str(body["id"]),
        name=str(body["name"]),
        body=body,
    )
