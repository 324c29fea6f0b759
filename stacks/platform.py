"""A whole platform: what every stack declares, told apart by settings only."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import resources

from components.access import Access, AccessArgs
from components.compute import Compute, ComputeArgs
from components.container_registry import ContainerRegistry, ContainerRegistryArgs
from components.datastore import Datastore, DatastoreArgs
from components.identity import Identity, IdentityArgs
from components.key_vault import KeyVault, KeyVaultArgs
from components.locked_release import LockedRelease, LockedReleaseArgs
from components.ml_pipeline import MLPipeline, MLPipelineArgs
from components.monitoring import Monitoring, MonitoringArgs
from components.naming import Naming
from components.role import Role, RoleArgs
from components.storage import Storage, StorageArgs
from components.workspace import Workspace, WorkspaceArgs
from plumbline.azureml import ClusterFinding, check_clusters, check_names
from stacks.grants import (
    deployer_grants,
    people_grants,
    pipeline_grants,
    registry_grants,
    release_grants,
    workspace_grants,
)
from stacks.login import require_pinned_login
from stacks.registry import registry_of
from stacks.releases import Releases
from stacks.settings import PROJECT, Cloud, Cluster, Settings, place_of

APPROVED_DATA = "approved-data"


class Platform(pulumi.ComponentResource):
    """Everything of one platform in one resource group, down to the pipelines' schedules.

    Outputs: resource_group_name, workspace_name: short names; workspace_id: full ARM id;
        pipelines: references of every registered asset by pipeline.
    """

    def __init__(self, stack: str, cloud: Cloud, settings: Settings, releases: Releases) -> None:
        require_pinned_login(stack, cloud)
        naming = Naming(platform=settings.platform, stack=stack, subscription_id=cloud.subscription_id)
        _require_free_names(stack, naming)
        _require_possible_clusters(stack, cloud, settings, naming)
        super().__init__("platform:stacks:Platform", settings.platform, None)
        self._settings, self._cloud = settings, cloud
        self._child = pulumi.ResourceOptions(parent=self)
        # What holds data is protected; its children inherit that.
        self._stateful = pulumi.ResourceOptions(parent=self, protect=settings.protected)
        self._naming = naming
        self._tags: Mapping[str, str] = {
            "owner": settings.ownership.owner,
            "cost-centre": settings.ownership.cost_centre,
            "support-contact": settings.ownership.support_contact,
            "stack": stack,
        }
        group = resources.ResourceGroup(
            f"{settings.platform}-group",
            resource_group_name=self._naming.azure_name("resource-group"),
            location=cloud.location,
            tags=self._tags,
            opts=self._stateful,
        )
        self._group_name = group.name
        storage = self._storage()
        registry = self._registry()
        workspace_identity = self._identity("workspace")
        pipeline_identity = self._identity("pipeline")
        workspace = self._workspace(storage, registry, workspace_identity)
        consumed = registry_of(cloud, settings)
        roles = {
            noun: Role(
                noun, RoleArgs(naming=self._naming, noun=noun, resource_group_id=group.id), self._child
            ).id
            for noun in ("pipeline-run", "release", "deployer", "member")
        }
        grants = (
            *pipeline_grants(pipeline_identity, storage, registry, workspace.id, roles["pipeline-run"]),
            *deployer_grants(settings, storage, group.id, roles["deployer"]),
            *people_grants(settings, storage, workspace.id, roles["member"]),
            *release_grants(settings, storage, workspace.id, roles["release"]),
            *registry_grants(consumed, workspace_identity, pipeline_identity),
        )
        access = Access(
            "access",
            AccessArgs(naming=self._naming, grants=grants),
            self._child,
        )
        clusters = [
            self._cluster(
                workspace, "cpu", settings.cpu_cluster, pipeline_identity, "Every step but GPU training."
            ),
            self._cluster(
                workspace, "gpu", settings.gpu_cluster, pipeline_identity, "GPU training steps only."
            ),
        ]
        datastore = self._approved_data(workspace, storage)
        # Uploads need the deployer's role on the storage; a schedule needs its clusters.
        ready = pulumi.ResourceOptions(
            parent=self, depends_on=[*access.assignments, *clusters, datastore, workspace]
        )
        made: dict[str, MLPipeline | LockedRelease] = {}
        declared: dict[tuple[str, str], pulumi.Resource] = {}
        for definition in releases.defined:
            pipeline = MLPipeline(
                definition.name.replace("_", "-"),
                MLPipelineArgs(
                    resource_group_name=group.name,
                    workspace_name=workspace.workspace_name,
                    definition=definition,
                    schedule_enabled=settings.schedules_enabled,
                    others=dict(declared),
                ),
                opts=ready,
            )
            made[definition.name] = pipeline
            declared |= pipeline.declared
        made |= {
            release.pipeline: LockedRelease(
                release.pipeline.replace("_", "-"),
                LockedReleaseArgs(
                    resource_group_name=group.name,
                    workspace_name=workspace.workspace_name,
                    release=release,
                    source=releases.lock_source,
                    schedule_enabled=settings.schedules_enabled,
                ),
                opts=ready,
            )
            for release in releases.locked
        }
        self.outputs = {
            "resource_group_name": group.name,
            "workspace_name": workspace.workspace_name,
            "workspace_id": workspace.id,
            **({"ml_registry_name": consumed.name} if consumed else {}),
            "pipelines": {name: pipeline.references for name, pipeline in made.items()},
        }
        self.register_outputs(self.outputs)

    def _storage(self) -> Storage:
        return Storage(
            "storage",
            StorageArgs(
                resource_group_name=self._group_name,
                location=self._cloud.location,
                account_name=self._naming.azure_name("storage"),
                container_names=(APPROVED_DATA,),
                public_access_allowed=self._settings.public_access_allowed,
                tags=self._tags,
            ),
            self._stateful,
        )

    def _registry(self) -> ContainerRegistry:
        return ContainerRegistry(
            "registry",
            ContainerRegistryArgs(
                resource_group_name=self._group_name,
                location=self._cloud.location,
                registry_name=self._naming.azure_name("registry"),
                sku=self._settings.registry_sku,
                tags=self._tags,
            ),
            self._stateful,
        )

    def _identity(self, noun: str) -> Identity:
        return Identity(
            noun,
            IdentityArgs(
                resource_group_name=self._group_name,
                location=self._cloud.location,
                identity_name=self._naming.azure_name(f"{noun}-identity"),
                tags=self._tags,
            ),
            self._child,
        )

    def _workspace(self, storage: Storage, registry: ContainerRegistry, identity: Identity) -> Workspace:
        vault = KeyVault(
            "vault",
            KeyVaultArgs(
                resource_group_name=self._group_name,
                location=self._cloud.location,
                vault_name=self._naming.azure_name("vault"),
                tenant_id=self._cloud.tenant_id,
                purge_protected=self._settings.purge_protected,
                public_access_allowed=self._settings.public_access_allowed,
                tags=self._tags,
            ),
            self._stateful,
        )
        monitoring = Monitoring(
            "monitoring",
            MonitoringArgs(
                resource_group_name=self._group_name,
                location=self._cloud.location,
                logs_name=self._naming.azure_name("logs"),
                insights_name=self._naming.azure_name("insights"),
                retention_days=self._settings.log_retention_days,
                tags=self._tags,
            ),
            self._stateful,
        )
        # The workspace acts on the four beneath it before anyone else does, so its roles come first.
        grants = workspace_grants(identity, storage, registry, vault, monitoring)
        access = Access("workspace-access", AccessArgs(naming=self._naming, grants=grants), self._child)
        return Workspace(
            "ml",
            WorkspaceArgs(
                resource_group_name=self._group_name,
                location=self._cloud.location,
                workspace_name=self._naming.azure_name("workspace"),
                storage_id=storage.id,
                vault_id=vault.id,
                insights_id=monitoring.insights_id,
                registry_id=registry.id,
                identity_id=identity.id,
                public_access_allowed=self._settings.public_access_allowed,
                description=f"Azure ML platform {self._settings.platform}",
                tags=self._tags,
            ),
            pulumi.ResourceOptions(
                parent=self, depends_on=access.assignments, protect=self._settings.protected
            ),
        )

    def _cluster(
        self, workspace: Workspace, noun: str, settings: Cluster, identity: Identity, purpose: str
    ) -> Compute:
        return Compute(
            noun,
            ComputeArgs(
                resource_group_name=self._group_name,
                location=self._cloud.location,
                workspace_name=workspace.workspace_name,
                cluster_name=f"{noun}-cluster",
                vm_size=settings.vm_size,
                maximum_nodes=settings.maximum_nodes,
                idle_seconds=settings.idle_seconds,
                low_priority=settings.low_priority,
                identity_id=identity.id,
                public_access_allowed=self._settings.public_access_allowed,
                description=purpose,
                tags=self._tags,
            ),
            self._child,
        )

    def _approved_data(self, workspace: Workspace, storage: Storage) -> Datastore:
        return Datastore(
            "approved-data",
            DatastoreArgs(
                resource_group_name=self._group_name,
                workspace_name=workspace.workspace_name,
                datastore_name="approved_data",
                subscription_id=self._cloud.subscription_id,
                account_name=storage.account_name,
                container_name=storage.containers[APPROVED_DATA].name,
                description="Data that an owner has approved for training.",
                tags=self._tags,
            ),
            self._child,
        )


def _require_free_names(stack: str, naming: Naming) -> None:
    """Refuse names that somebody else has in Azure, before anything is created or deleted for them."""
    found = check_names(
        resource_group_name=naming.azure_name("resource-group"),
        names={
            "storage account": naming.azure_name("storage"),
            "key vault": naming.azure_name("vault"),
            "container registry": naming.azure_name("registry"),
        },
    )
    setting = f"{PROJECT}:platform"
    for warning in found.warnings:
        pulumi.log.warn(f"{warning.noun} {warning.name}: {warning.message}")
    if found.problems:
        said = [f"{place_of(stack, setting)}: {setting}: {problem.message}" for problem in found.problems]
        raise pulumi.RunError("\n".join(["names of the platform are refused:", *said]))


def _require_possible_clusters(stack: str, cloud: Cloud, settings: Settings, naming: Naming) -> None:
    """Refuse clusters that Azure would refuse, before anything changes; warn of those that would be replaced."""
    declared = {
        "cpu-cluster": ("cpuCluster", settings.cpu_cluster),
        "gpu-cluster": ("gpuCluster", settings.gpu_cluster),
    }
    found = check_clusters(
        location=cloud.location,
        resource_group_name=naming.azure_name("resource-group"),
        workspace_name=naming.azure_name("workspace"),
        clusters=[
            {
                "name": name,
                "vmSize": cluster.vm_size,
                "maximumNodes": cluster.maximum_nodes,
                "lowPriority": cluster.low_priority,
            }
            for name, (_, cluster) in declared.items()
        ],
    )

    def told(finding: ClusterFinding) -> str:
        if finding.cluster not in declared:
            return finding.message
        setting = f"{PROJECT}:{declared[finding.cluster][0]}.{finding.field}"
        return f"{place_of(stack, setting)}: {setting}: {finding.message}"

    for warning in found.warnings:
        pulumi.log.warn(told(warning))
    if found.problems:
        raise pulumi.RunError("\n".join(["the clusters are refused:", *map(told, found.problems)]))
