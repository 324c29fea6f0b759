"""Who is granted what on a platform: the principal, the role, the narrowest scope, the reason."""

from __future__ import annotations

import pulumi

from components.access import Grant
from components.container_registry import ContainerRegistry
from components.identity import Identity
from components.key_vault import KeyVault
from components.monitoring import Monitoring
from components.storage import Storage
from stacks.registry import ConsumedRegistry
from stacks.settings import Deployer


def workspace_grants(
    identity: Identity,
    storage: Storage,
    registry: ContainerRegistry,
    vault: KeyVault,
    monitoring: Monitoring,
) -> tuple[Grant, ...]:
    """What a workspace's own identity needs of the resources beneath it.

    Source: learn.microsoft.com, "Set up authentication between Azure Machine Learning and other services",
    user-assigned managed identity.
    """
    needed: tuple[tuple[str, str, pulumi.Input[str], str], ...] = (
        (
            "storage-control",
            "Contributor",
            storage.id,
            "The workspace makes its containers and signs uploads.",
        ),
        (
            "storage-data",
            "Storage Blob Data Contributor",
            storage.id,
            "The workspace keeps code, logs and outputs.",
        ),
        ("vault-control", "Contributor", vault.id, "The workspace checks the vault that it is bound to."),
        ("vault-secrets", "Key Vault Secrets Officer", vault.id, "The workspace keeps connections' secrets."),
        ("insights", "Contributor", monitoring.insights_id, "The workspace writes its telemetry."),
        ("registry-control", "Contributor", registry.id, "The workspace builds images of environments."),
    )
    return tuple(
        Grant(
            noun=f"workspace-{noun}",
            role=role,
            scope=scope,
            principal_id=identity.principal_id,
            principal_type="ServicePrincipal",
            reason=reason,
        )
        for noun, role, scope, reason in needed
    )


def pipeline_grants(
    identity: Identity,
    storage: Storage,
    registry: ContainerRegistry,
    workspace_id: pulumi.Input[str],
    run_role_id: pulumi.Output[str],
) -> tuple[Grant, ...]:
    """What steps need while they run: data, images, their own run's record. No right to publish."""
    needed: tuple[tuple[str, str | pulumi.Output[str], pulumi.Input[str], str], ...] = (
        (
            "data",
            "Storage Blob Data Contributor",
            storage.id,
            "Steps read inputs and write intermediate outputs.",
        ),
        ("images", "AcrPull", registry.id, "Steps run in images of the registry."),
        ("runs", run_role_id, workspace_id, "Steps read definitions and track their own runs."),
    )
    return tuple(
        Grant(
            noun=f"pipeline-{noun}",
            role=role,
            scope=scope,
            principal_id=identity.principal_id,
            principal_type="ServicePrincipal",
            reason=reason,
        )
        for noun, role, scope, reason in needed
    )


def registry_grants(
    registry: ConsumedRegistry | None, workspace: Identity, pipeline: Identity
) -> tuple[Grant, ...]:
    """What a stack's own identities need of the registry that its releases lie in: to pull, never to publish."""
    if registry is None:
        return ()
    return tuple(
        Grant(
            noun=f"{noun}-registry",
            role=pulumi.Output.from_input(registry.pull_role_id),
            scope=registry.id,
            principal_id=identity.principal_id,
            principal_type="ServicePrincipal",
            reason="Runs what was released.",
        )
        for noun, identity in (("workspace", workspace), ("pipeline", pipeline))
    )


def reviewer_grants(object_ids: tuple[str, ...], storage: Storage) -> tuple[Grant, ...]:
    """Who approves a release reads what the run wrote: metrics, verdict, sample predictions. Nothing more."""
    return tuple(
        Grant(
            noun=f"reviewer-{object_id[:8]}",
            role="Storage Blob Data Reader",
            scope=storage.id,
            principal_id=object_id,
            principal_type="User",
            reason="A reviewer reads the evidence of runs.",
        )
        for object_id in object_ids
    )


def deployer_grants(deployers: tuple[Deployer, ...], storage: Storage) -> tuple[Grant, ...]:
    """Whoever runs `pulumi up` uploads data and code as themselves: there is no account key to do it with."""
    return tuple(
        Grant(
            noun=f"deployer-{deployer.object_id[:8]}",
            role="Storage Blob Data Contributor",
            scope=storage.id,
            principal_id=deployer.object_id,
            principal_type=deployer.type,
            reason="The deployer uploads data assets.",
        )
        for deployer in deployers
    )
