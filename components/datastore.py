"""A datastore that holds no credential: whoever reads it does so as themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as ml


@dataclass(frozen=True, kw_only=True)
class DatastoreArgs:
    """What a datastore needs.

    Args:
        datastore_name: Required. Letters, digits and underscores; the name in `azureml://datastores/<name>/paths/`.
        container_name: Required. A container of the account.
    """

    resource_group_name: pulumi.Input[str]
    workspace_name: pulumi.Input[str]
    datastore_name: str
    subscription_id: str
    account_name: pulumi.Input[str]
    container_name: pulumi.Input[str]
    description: str
    tags: Mapping[str, str]


class Datastore(pulumi.ComponentResource):
    """An identity-based blob datastore.

    Outputs: id: full ARM id; datastore_name: short name; both known after create.
    Source: Microsoft.MachineLearningServices/workspaces/datastores 2025-12-01.
    """

    def __init__(self, name: str, args: DatastoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:Datastore", name, None, opts)
        datastore = ml.Datastore(
            f"{name}-datastore",
            resource_group_name=args.resource_group_name,
            workspace_name=args.workspace_name,
            name=args.datastore_name,
            skip_validation=True,
            properties=ml.AzureBlobDatastoreArgs(
                datastore_type="AzureBlob",
                account_name=args.account_name,
                container_name=args.container_name,
                subscription_id=args.subscription_id,
                resource_group=args.resource_group_name,
                credentials=ml.NoneDatastoreCredentialsArgs(credentials_type="None"),
                service_data_access_auth_identity=ml.ServiceDataAccessAuthIdentity.NONE,
                description=args.description,
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = datastore.id
        self.datastore_name = datastore.name
        self.register_outputs({"id": self.id, "datastore_name": self.datastore_name})
