"""The roles and assignments that every home starts with (``seeds.yaml``)."""

from __future__ import annotations

import uuid
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("seeds.yaml")
# Made by nobody, long ago, as Azure answers its built-in ones.
STAMPS = {
    "createdOn": "2015-02-02T21:55:09.8806423Z",
    "updatedOn": "2023-07-10T15:10:53.8850467Z",
    "createdBy": None,
    "updatedBy": None,
}


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded


def seeded_roles(scope: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Custom roles of a subscription: name -> GUID, and the body as it is stored."""
    return {
        row["name"]: (
            str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}/roles/{row['name']}")),
            {
                "properties": {
                    "roleName": row["name"],
                    "type": "CustomRole",
                    "description": row["description"],
                    "assignableScopes": [scope],
                    "permissions": [
                        {
                            "actions": row["actions"],
                            "notActions": row.get("not_actions", []),
                            "dataActions": [],
                            "notDataActions": [],
                        }
                    ],
                    **STAMPS,
                }
            },
        )
        for row in _table()["roles"]
    }


def seeded_assignments(*, rehearsal: bool) -> list[tuple[str, str]]:
    """Seeded principal and the name of its role, at the subscription's scope."""
    rows = [*_table()["assignments"], *(_table()["rehearsal"] if rehearsal else ())]
    return [(row["principal"], row["role"]) for row in rows]
