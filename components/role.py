"""The custom roles of a platform: who may do what in it, as ``roles.yaml`` lists it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi_azure_native import authorization

from components.naming import Naming

_FILE = Path(__file__).with_name("roles.yaml")


@cache
def _rows() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return loaded


@dataclass(frozen=True, kw_only=True)
class RoleArgs:
    """What a role needs: its row of `roles.yaml`, and the resource group that it may be assigned in."""

    naming: Naming
    noun: str
    resource_group_id: pulumi.Input[str]


class Role(pulumi.ComponentResource):
    """A custom role that may be assigned within the platform's resource group.

    Outputs: id: full ARM id, known after create.
    Source: Microsoft.Authorization/roleDefinitions 2022-04-01.
    """

    def __init__(self, name: str, args: RoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        row = _rows()[args.noun]
        former = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="platform:components:RunRole")])
        super().__init__("platform:components:Role", name, None, pulumi.ResourceOptions.merge(opts, former))
        role = authorization.RoleDefinition(
            f"{name}-role",
            role_definition_id=args.naming.guid("role", args.noun),
            role_name=f"{args.naming.platform} {args.naming.stack} {row['title']}",
            role_type="CustomRole",
            description=row["description"],
            scope=args.resource_group_id,
            assignable_scopes=[args.resource_group_id],
            permissions=[
                authorization.PermissionArgs(
                    actions=row["actions"],
                    not_actions=row.get("not_actions", []),
                    data_actions=[],
                    not_data_actions=[],
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = role.id
        self.register_outputs({"id": self.id})
