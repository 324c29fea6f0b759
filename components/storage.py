"""The platform's storage account: identity only, versioned transport, no public blobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import storage


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """What a storage account needs.

    Args:
        account_name: Required. 3-24 lower-case letters and digits, unique in all Azure.
        container_names: Required. Containers for approved data, private.
        public_access_allowed: Required. Whether the public network reaches the account's endpoint.
    """

    resource_group_name: pulumi.Input[str]
    location: str
    account_name: str
    container_names: tuple[str, ...]
    public_access_allowed: bool
    tags: Mapping[str, str]


class Storage(pulumi.ComponentResource):
    """A StorageV2 account without shared keys, and its private containers.

    Outputs: id: full ARM id, known after create; account_name: short name; containers: by name.
    Source: Microsoft.Storage/storageAccounts 2024-01-01.
    """

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:Storage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = storage.StorageAccount(
            f"{name}-account",
            resource_group_name=args.resource_group_name,
            account_name=args.account_name,
            location=args.location,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
            allow_blob_public_access=False,
            allow_shared_key_access=False,
            default_to_o_auth_authentication=True,
            enable_https_traffic_only=True,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            public_network_access="Enabled" if args.public_access_allowed else "Disabled",
            tags=args.tags,
            opts=child,
        )
        self.containers = {
            container: storage.BlobContainer(
                f"{name}-container-{container}",
                resource_group_name=args.resource_group_name,
                account_name=account.name,
                container_name=container,
                public_access=storage.PublicAccess.NONE,
                opts=child,
            )
            for container in args.container_names
        }
        self.id = account.id
        self.account_name = account.name
        self.register_outputs({"id": self.id, "account_name": self.account_name})
