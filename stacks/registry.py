"""The registry that a stack consumes: named by the same function as the stack that serves it names it."""

from __future__ import annotations

from dataclasses import dataclass

from components.naming import Naming
from stacks.settings import Cloud, Settings


@dataclass(frozen=True, kw_only=True)
class ConsumedRegistry:
    """An Azure ML registry of another stack.

    Attributes:
        id: Full ARM id.
        pull_role_id: Full ARM id of the role that pulls from it and publishes nothing.
    """

    name: str
    id: str
    pull_role_id: str


def registry_of(cloud: Cloud, settings: Settings) -> ConsumedRegistry | None:
    """The registry of a stack's settings, None when it consumes none."""
    if settings.ml_registry is None:
        return None
    subscription = settings.ml_registry.subscription_id or cloud.subscription_id
    naming = Naming(
        platform=settings.platform, stack=settings.ml_registry.stack, subscription_id=subscription
    )
    group, name = naming.azure_name("resource-group"), naming.azure_name("ml-registry")
    group_id = f"/subscriptions/{subscription}/resourceGroups/{group}"
    role = naming.guid("role", "registry-pull")
    return ConsumedRegistry(
        name=name,
        id=f"{group_id}/providers/Microsoft.MachineLearningServices/registries/{name}",
        pull_role_id=f"{group_id}/providers/Microsoft.Authorization/roleDefinitions/{role}",
    )
