"""Every resource type that the azure-native stand-in carries; what a test changes comes from the configuration."""

import uuid

import pulumi
from pulumi_azure_native import (
    applicationinsights,
    authorization,
    consumption,
    containerregistry,
    keyvault,
    machinelearningservices,
    managedidentity,
    monitor,
    network,
    operationalinsights,
    privatedns,
    resources,
    storage,
)

config = pulumi.Config()
maximum = config.get_int("maximum") or 4
store_name = config.get("store") or "plumblinestore"
tags = {"owner": "platform@example.com", "cost.centre": "4711"}

me = authorization.get_client_config_output()
pulumi.export("me", me.object_id)

group = resources.ResourceGroup("group", resource_group_name="rg-plumbline", location="westeurope", tags=tags)
in_group = {"resource_group_name": group.name, "location": group.location, "tags": tags}


def guid(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


store = storage.StorageAccount(
    "store",
    account_name=store_name,
    kind="StorageV2",
    sku=storage.SkuArgs(name="Standard_LRS"),
    allow_shared_key_access=False,
    enable_https_traffic_only=True,
    access_tier=config.get("tier") or "Hot",
    minimum_tls_version="TLS1_2",
    network_rule_set=storage.NetworkRuleSetArgs(
        default_action="Allow",
        ip_rules=[storage.IPRuleArgs(i_p_address_or_range="10.0.0.1", action="Allow")],
    ),
    opts=pulumi.ResourceOptions(**(config.get_object("options") or {})),
    **in_group,
)
storage.BlobContainer(
    "container", resource_group_name=group.name, account_name=store.name, container_name="claims"
)

if not config.get_bool("small"):
    logs = operationalinsights.Workspace(
        "logs",
        workspace_name="log-plumbline",
        sku=operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
        retention_in_days=30,
        **in_group,
    )
    insights = applicationinsights.Component(
        "insights",
        resource_name_="appi-plumbline",
        kind="web",
        application_type="web",
        workspace_resource_id=logs.id,
        **in_group,
    )
    vault = keyvault.Vault(
        "vault",
        vault_name="kv-plumbline",
        properties=keyvault.VaultPropertiesArgs(
            tenant_id=me.tenant_id,
            sku=keyvault.SkuArgs(family="A", name="standard"),
            enable_rbac_authorization=True,
            enable_purge_protection=True,
        ),
        **in_group,
    )
    images = containerregistry.Registry(
        "images",
        registry_name="crplumbline",
        sku=containerregistry.SkuArgs(name="Premium"),
        admin_user_enabled=False,
        **in_group,
    )
    identity = managedidentity.UserAssignedIdentity("identity", resource_name_="id-plumbline", **in_group)
    workspace = machinelearningservices.Workspace(
        "workspace",
        workspace_name="mlw-plumbline",
        storage_account=store.id,
        key_vault=vault.id,
        application_insights=insights.id,
        container_registry=images.id,
        description="Claims",
        identity=machinelearningservices.ManagedServiceIdentityArgs(
            type="UserAssigned", user_assigned_identities=[identity.id]
        ),
        primary_user_assigned_identity=identity.id,
        **in_group,
    )
    cluster = machinelearningservices.Compute(
        "cluster",
        compute_name="cpu-cluster",
        resource_group_name=group.name,
        workspace_name=workspace.name,
        location=group.location,
        identity=machinelearningservices.ManagedServiceIdentityArgs(
            type="UserAssigned", user_assigned_identities=[identity.id]
        ),
        properties=machinelearningservices.AmlComputeArgs(
            compute_type="AmlCompute",
            disable_local_auth=True,
            properties=machinelearningservices.AmlComputePropertiesArgs(
                vm_size=config.get("vm") or "STANDARD_DS3_V2",
                vm_priority="Dedicated",
                scale_settings=machinelearningservices.ScaleSettingsArgs(
                    min_node_count=0, max_node_count=maximum, node_idle_time_before_scale_down="PT2M"
                ),
            ),
        ),
        # Azure refuses another VM size, and azure-native does not replace by itself. It deletes first only
        # where it replaces by itself, too: the name is the same, so the program has to say both.
        opts=pulumi.ResourceOptions(
            replace_on_changes=["properties.properties.vmSize"], delete_before_replace=True
        ),
    )
    machinelearningservices.Datastore(
        "datastore",
        name="claims",
        resource_group_name=group.name,
        workspace_name=workspace.name,
        skip_validation=True,
        properties=machinelearningservices.AzureBlobDatastoreArgs(
            datastore_type="AzureBlob",
            account_name=store.name,
            container_name="claims",
            credentials=machinelearningservices.NoneDatastoreCredentialsArgs(credentials_type="None"),
        ),
    )
    role = authorization.RoleDefinition(
        "role",
        role_definition_id=guid("role"),
        role_name="Plumbline runner",
        role_type="CustomRole",
        scope=group.id,
        assignable_scopes=[group.id],
        permissions=[
            authorization.PermissionArgs(
                actions=["Microsoft.MachineLearningServices/workspaces/jobs/write"],
                not_actions=[],
                data_actions=[],
                not_data_actions=[],
            )
        ],
    )
    authorization.RoleAssignment(
        "assignment",
        role_assignment_name=guid("assignment"),
        scope=workspace.id,
        role_definition_id=role.id,
        principal_id=identity.principal_id,
        principal_type="ServicePrincipal",
    )
    if config.get_bool("secret"):
        machinelearningservices.Datastore(
            "keyed",
            name="keyed",
            resource_group_name=group.name,
            workspace_name=workspace.name,
            skip_validation=True,
            properties=machinelearningservices.AzureBlobDatastoreArgs(
                datastore_type="AzureBlob",
                account_name=store.name,
                container_name="claims",
                credentials=machinelearningservices.AccountKeyDatastoreCredentialsArgs(
                    credentials_type="AccountKey",
                    secrets=machinelearningservices.AccountKeyDatastoreSecretsArgs(
                        secrets_type="AccountKey", key=pulumi.Output.secret("bm90LWEta2V5LW9mLWFueW9uZQ==")
                    ),
                ),
            ),
        )
    pulumi.export("cluster", cluster.id)
    pulumi.export("discovery", workspace.discovery_url)

    if config.get_bool("governance"):
        monitor.DiagnosticSetting(
            "diagnostics",
            name="to-log-analytics",
            resource_uri=workspace.id,
            workspace_id=logs.id,
            logs=[monitor.DiagnosticsLogSettingsArgs(category_group="allLogs", enabled=True)],
        )
        alerts = monitor.ActionGroup(
            "alerts",
            action_group_name="ag-plumbline",
            resource_group_name=group.name,
            location="Global",
            group_short_name="plumbline",
            enabled=True,
            tags=tags,
        )
        monitor.ScheduledQueryRule(
            "late-run",
            rule_name="late-run",
            scopes=[logs.id],
            severity=2,
            enabled=True,
            evaluation_frequency="PT15M",
            window_size="PT1H",
            criteria=monitor.ScheduledQueryRuleCriteriaArgs(
                all_of=[
                    monitor.ConditionArgs(
                        query="AmlRunStatusChangedEvent | where Status == 'Failed'",
                        operator="GreaterThan",
                        threshold=0,
                        time_aggregation="Count",
                    )
                ]
            ),
            actions=monitor.ActionsArgs(action_groups=[alerts.id]),
            **in_group,
        )
        consumption.Budget(
            "budget",
            budget_name="monthly",
            scope=group.id,
            amount=100,
            category="Cost",
            time_grain="Monthly",
            time_period=consumption.BudgetTimePeriodArgs(
                start_date="2026-01-01T00:00:00Z", end_date="2027-01-01T00:00:00Z"
            ),
            notifications={
                "eighty": consumption.NotificationArgs(
                    enabled=True,
                    operator="GreaterThan",
                    threshold=80,
                    contact_emails=["platform@example.com"],
                    threshold_type="Actual",
                )
            },
        )
    if config.get_bool("private"):
        net = network.VirtualNetwork(
            "net",
            virtual_network_name="vnet-plumbline",
            address_space=network.AddressSpaceArgs(address_prefixes=["10.20.0.0/16"]),
            subnets=[network.SubnetArgs(name="endpoints", address_prefix="10.20.1.0/24")],
            **in_group,
        )
        zone = privatedns.PrivateZone(
            "zone",
            private_zone_name="privatelink.api.azureml.ms",
            resource_group_name=group.name,
            location="Global",
            tags=tags,
        )
        network.PrivateEndpoint(
            "endpoint",
            private_endpoint_name="pe-workspace",
            subnet=network.SubnetArgs(id=net.id.apply(lambda text: f"{text}/subnets/endpoints")),
            private_link_service_connections=[
                network.PrivateLinkServiceConnectionArgs(
                    name="workspace", group_ids=["amlworkspace"], private_link_service_id=workspace.id
                )
            ],
            **in_group,
        )
