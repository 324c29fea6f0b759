"""The platform's key vault: role-based, purge-protected where the stack is to last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault


@dataclass(frozen=True, kw_only=True)
class KeyVaultArgs:
    """What a key vault needs.

    Args:
        vault_name: Required. 3-24 characters, unique in all Azure.
        purge_protected: Required. Azure never lets this be taken back; a short-lived stack sets it False.
    """

    resource_group_name: pulumi.Input[str]
    location: str
    vault_name: str
    tenant_id: str
    purge_protected: bool
    public_access_allowed: bool
    tags: Mapping[str, str]


class KeyVault(pulumi.ComponentResource):
    """A vault whose access is decided by role assignments alone.

    Outputs: id: full ARM id, known after create.
    Source: Microsoft.KeyVault/vaults 2024-11-01.
    """

    def __init__(self, name: str, args: KeyVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:KeyVault", name, None, opts)
        vault = keyvault.Vault(
            f"{name}-vault",
            resource_group_name=args.resource_group_name,
            vault_name=args.vault_name,
            location=args.location,
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=args.tenant_id,
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                soft_delete_retention_in_days=7,
                # Azure refuses an explicit False; absent means the same.
                enable_purge_protection=True if args.purge_protected else None,
                public_network_access="Enabled" if args.public_access_allowed else "Disabled",
            ),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = vault.id
        self.register_outputs({"id": self.id})
