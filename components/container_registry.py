"""The platform's container registry, where Azure ML keeps the images of environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerregistry


@dataclass(frozen=True, kw_only=True)
class ContainerRegistryArgs:
    """What a container registry needs.

    Args:
        registry_name: Required. 5-50 letters and digits, unique in all Azure.
        sku: Required. "Basic", "Standard" or "Premium"; private endpoints need Premium.
    """

    resource_group_name: pulumi.Input[str]
    location: str
    registry_name: str
    sku: str
    tags: Mapping[str, str]


class ContainerRegistry(pulumi.ComponentResource):
    """A registry without an admin user and without anonymous pulls.

    Outputs: id: full ARM id, known after create.
    Source: Microsoft.ContainerRegistry/registries 2023-01-01-preview.
    """

    def __init__(
        self, name: str, args: ContainerRegistryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:components:ContainerRegistry", name, None, opts)
        registry = containerregistry.Registry(
            f"{name}-registry",
            resource_group_name=args.resource_group_name,
            registry_name=args.registry_name,
            location=args.location,
            sku=containerregistry.SkuArgs(name=args.sku),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = registry.id
        self.register_outputs({"id": self.id})
