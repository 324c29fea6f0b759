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
from stacks.settings import Principal, Settings


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


def people_grants(
    settings: Settings, storage: Storage, workspace_id: pulumi.Input[str], member_role_id: pulumi.Output[str]
) -> tuple[Grant, ...]:
    """Authors and reviewers work in the workspace; reviewers read what a run wrote: metrics, verdict, predictions."""
    reviewers = [
        *(_user(object_id) for object_id in settings.reviewers),
        *(Principal(objectId=one, type="ServicePrincipal") for one in settings.reviewing_workflows),
    ]
    members = {one.object_id: one for one in (*(_user(one) for one in settings.authors), *reviewers)}
    return (
        *(
            _grant("member", one, member_role_id, workspace_id, "People run jobs and approve, no more.")
            for one in members.values()
        ),
        *(
            _grant(
                "reviewer", one, "Storage Blob Data Reader", storage.id,
                "A reviewer reads the evidence of runs.",
            )
            for one in reviewers
        ),
    )  # fmt: skip


def deployer_grants(
    settings: Settings,
    storage: Storage,
    resource_group_id: pulumi.Input[str],
    deployer_role_id: pulumi.Output[str],
) -> tuple[Grant, ...]:
    """Whoever runs `pulumi up` changes everything but models, and uploads data and code as themselves.

    There is no account key to upload with.
    """
    control, data = "The deployer changes the platform.", "The deployer uploads data assets."
    return tuple(
        grant
        for one in settings.deployers
        for grant in (
            _grant("deployer", one, "Storage Blob Data Contributor", storage.id, data),
            _grant("deployer-control", one, deployer_role_id, resource_group_id, control),
        )
    )


def release_grants(
    settings: Settings, storage: Storage, workspace_id: pulumi.Input[str], release_role_id: pulumi.Output[str]
) -> tuple[Grant, ...]:
    """Who may write models: the release's automation; and deployers where the stack's settings open it to them."""
    read, write = "A release's files are read and hashed.", "A release registers its model."
    releasers = {one.object_id for one in settings.releasers}
    opened = [
        one
        for one in settings.deployers
        if settings.deployers_may_write_models and one.object_id not in releasers
    ]
    reason = f"Opened by a setting: {settings.deployers_may_write_models}"
    return (
        *(_grant("releaser", one, release_role_id, workspace_id, write) for one in settings.releasers),
        *(
            _grant("releaser-data", one, "Storage Blob Data Reader", storage.id, read)
            for one in settings.releasers
            # Azure refuses a second assignment of one role: a reviewer has this one.
            if one.object_id not in (*settings.reviewers, *settings.reviewing_workflows)
        ),
        *(_grant("deployer-models", one, release_role_id, workspace_id, reason) for one in opened),
    )


def _user(object_id: str) -> Principal:
    return Principal(objectId=object_id, type="User")


def _grant(
    noun: str, who: Principal, role: str | pulumi.Output[str], scope: pulumi.Input[str], reason: str
) -> Grant:
    return Grant(
        noun=f"{noun}-{who.object_id[:8]}",
        role=role,
        scope=scope,
        principal_id=who.object_id,
        principal_type=who.type,
        reason=reason,
    )
