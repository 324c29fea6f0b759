"""The Azure ML registry: where released versions lie, outside of every workspace that makes or runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices


@dataclass(frozen=True, kw_only=True)
class MLRegistryArgs:
    """What a registry needs.

    Args:
        registry_name: Required. 3-33 letters, digits, hyphens or underscores, unique in its tenant.
        public_access_allowed: Required. Whether the public network reaches it.
    """

    resource_group_name: pulumi.Input[str]
    location: str
    registry_name: str
    public_access_allowed: bool
    tags: Mapping[str, str]


class MLRegistry(pulumi.ComponentResource):
    """An Azure ML registry with storage and images of its own, which Azure makes and manages.

    What is published in it belongs to no stack: nothing here lists assets, so that no update and no destroy of
    another stack can take a version away.

    Outputs: id: full ARM id, known after create; registry_name: short name.
    Source: Microsoft.MachineLearningServices/registries 2025-12-01.
    """

    def __init__(self, name: str, args: MLRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:MLRegistry", name, None, opts)
        ml = machinelearningservices
        registry = ml.Registry(
            f"{name}-registry",
            resource_group_name=args.resource_group_name,
            registry_name=args.registry_name,
            location=args.location,
            identity=ml.ManagedServiceIdentityArgs(type=ml.ManagedServiceIdentityType.SYSTEM_ASSIGNED),
            public_network_access="Enabled" if args.public_access_allowed else "Disabled",
            region_details=[
                ml.RegistryRegionArmDetailsArgs(
                    location=args.location,
                    acr_details=[
                        ml.AcrDetailsArgs(
                            system_created_acr_account=ml.SystemCreatedAcrAccountArgs(
                                acr_account_sku="Premium"
                            )
                        )
                    ],
                    storage_account_details=[
                        ml.StorageAccountDetailsArgs(
                            system_created_storage_account=ml.SystemCreatedStorageAccountArgs(
                                storage_account_type="Standard_LRS", storage_account_hns_enabled=False
                            )
                        )
                    ],
                )
            ],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = registry.id
        self.registry_name = registry.name
        self.register_outputs({"id": self.id, "registry_name": self.registry_name})
