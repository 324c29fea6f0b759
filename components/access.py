"""Who may do what: narrow role assignments, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization

from components.naming import Naming

# Azure's built-in roles by name. Source: learn.microsoft.com, "Azure built-in roles".
BUILT_IN_ROLES = {
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "AcrPush": "8311e382-0749-4cb8-b61a-304f252e45ec",
    "AzureML Registry User": "1823dd4f-9b8c-4ab6-ab4e-7397a3684615",
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Key Vault Secrets Officer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
}


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One assignment: a principal, a role, the narrowest scope that does, and why.

    Args:
        noun: Required. The logical name of the assignment within the platform.
        role: Required. A name of `BUILT_IN_ROLES`, or the full ARM id of a custom role.
        scope: Required. Full ARM id.
        principal_type: Required. "ServicePrincipal" (also for managed identities), "User" or "Group". azure-native
            takes "User" when it is left out, and Azure refuses what does not match.
    """

    noun: str
    role: str | pulumi.Output[str]
    scope: pulumi.Input[str]
    principal_id: pulumi.Input[str]
    principal_type: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """What access needs."""

    naming: Naming
    grants: tuple[Grant, ...]


class Access(pulumi.ComponentResource):
    """Role assignments, each named by what it is for, so that a second run finds the same ones.

    Outputs: assignment_ids: full ARM ids by noun, known after create.
    Source: Microsoft.Authorization/roleAssignments 2022-04-01.
    """

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:Access", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        subscription = f"/subscriptions/{args.naming.subscription_id}"
        self.assignments = [
            authorization.RoleAssignment(
                f"{name}-{grant.noun}",
                role_assignment_name=args.naming.guid("assignment", grant.noun),
                role_definition_id=(
                    f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{BUILT_IN_ROLES[grant.role]}"
                    if isinstance(grant.role, str)
                    else grant.role
                ),
                principal_id=grant.principal_id,
                principal_type=grant.principal_type,
                scope=grant.scope,
                description=grant.reason,
                opts=child,
            )
            for grant in args.grants
        ]
        self.register_outputs(
            {
                "assignment_ids": {
                    grant.noun: made.id for grant, made in zip(args.grants, self.assignments, strict=True)
                }
            }
        )
