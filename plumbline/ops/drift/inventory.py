"""What lies in a workspace and around it, whoever put it there; every list is read beside the others.

Source: the list operations of the groups in inventory.yaml; Role Assignments - List For Resource Group, which answers what
is assigned at, above and below the group. Rests on rbac-assignments-of-a-group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.azure.api_versions import api_version
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
    def stamp(self) -> Mapping[str, Any]:
        """Its systemData, empty when Azure answers none."""
        return self.body.get("systemData") or {}


@dataclass(frozen=True, kw_only=True)
class ListRow:
    """One row of inventory.yaml."""

    noun: str
    of: str
    path: str
    operations: str
    versions: bool = False
    query: Mapping[str, str] | None = None
    remove: str | None = None
    remove_query: Mapping[str, str] | None = None


@cache
def list_rows() -> tuple[ListRow, ...]:
    """The table, in its order."""
    text = Path(__file__).with_name("inventory.yaml").read_text(encoding="utf-8")
    return tuple(ListRow(**row) for row in yaml.safe_load(text)["rows"])


def live_things(session: AzureSession) -> list[LiveThing]:
    """Everything of every list, in the order of the table.

    Raises: UserError: a list cannot be read.
    """
    found = session.side_by_side(lambda row: list(_listed(session, row)), list_rows())
    containers = [
        (row, body) for row, bodies in zip(list_rows(), found, strict=True) if row.versions for body in bodies
    ]
    versions = session.side_by_side(lambda pair: list(_versions(session, *pair)), containers)
    return [
        *(thing for things in versions for thing in things),
        *(
            _thing(session, row, body)
            for row, bodies in zip(list_rows(), found, strict=True)
            if not row.versions
            for body in bodies
        ),
    ]


def _listed(session: AzureSession, row: ListRow) -> Iterator[dict[str, Any]]:
    workspace = session.target.workspace_id
    top = workspace if row.of == "workspace" else workspace.partition("/providers/")[0]
    yield from session.pages(
        f"{top}/{row.path}", api_version=api_version(row.operations), **(row.query or {})
    )


def _versions(session: AzureSession, row: ListRow, container: Mapping[str, Any]) -> Iterator[LiveThing]:
    # Not the id that the list answers: its case is the service's.
    path = f"{session.target.workspace_id}/{row.path}/{container['name']}"
    for body in session.pages(f"{path}/versions", api_version=api_version(row.operations)):
        yield LiveThing(
            noun=row.noun,
            type=str(container.get("type") or ""),
            id=path,
            name=str(container["name"]),
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
