"""What platforms share: the Azure ML registry, who may publish in it, and who may pull from it."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import resources

from components.access import Access, AccessArgs, Grant
from components.ml_registry import MLRegistry, MLRegistryArgs
from components.naming import Naming
from components.pull_role import PullRole, PullRoleArgs
from stacks.login import require_pinned_login
from stacks.settings import Cloud, Principal, RegistrySettings


class Shared(pulumi.ComponentResource):
    """A registry in a resource group of its own.

    Outputs: resource_group_name, registry_name: short names; registry_id: full ARM id.
    """

    def __init__(self, stack: str, cloud: Cloud, settings: RegistrySettings) -> None:
        require_pinned_login(stack, cloud)
        naming = Naming(platform=settings.platform, stack=stack, subscription_id=cloud.subscription_id)
        super().__init__("platform:stacks:Shared", settings.platform, None)
        tags = {
            "owner": settings.ownership.owner,
            "cost-centre": settings.ownership.cost_centre,
            "support-contact": settings.ownership.support_contact,
            "stack": stack,
        }
        stateful = pulumi.ResourceOptions(parent=self, protect=settings.protected)
        child = pulumi.ResourceOptions(parent=self)
        group = resources.ResourceGroup(
            f"{settings.platform}-group",
            resource_group_name=naming.azure_name("resource-group"),
            location=cloud.location,
            tags=tags,
            opts=stateful,
        )
        registry = MLRegistry(
            "ml",
            MLRegistryArgs(
                resource_group_name=group.name,
                location=cloud.location,
                registry_name=naming.azure_name("ml-registry"),
                public_access_allowed=settings.public_access_allowed,
                tags=tags,
            ),
            stateful,
        )
        pull = PullRole("registry-pull", PullRoleArgs(naming=naming, resource_group_id=group.id), child)
        grants = (
            *_grants(
                "publisher", settings.publishers, "AzureML Registry User", registry, "Promotes releases."
            ),
            *_grants("puller", settings.pullers, pull.id, registry, "Runs what was released."),
        )
        Access("access", AccessArgs(naming=naming, grants=grants), child)
        self.outputs = {
            "resource_group_name": group.name,
            "registry_name": registry.registry_name,
            "registry_id": registry.id,
            "pull_role_id": pull.id,
        }
        self.register_outputs(self.outputs)


def _grants(
    noun: str,
    principals: tuple[Principal, ...],
    role: str | pulumi.Output[str],
    registry: MLRegistry,
    reason: str,
) -> tuple[Grant, ...]:
    return tuple(
        Grant(
            noun=f"{noun}-{principal.object_id[:8]}",
            role=role,
            scope=registry.id,
            principal_id=principal.object_id,
            principal_type=principal.type,
            reason=reason,
        )
        for principal in principals
    )
