"""Rows on workspaces and datastores."""

from __future__ import annotations

from tests.verify_azure import versions as api
from tests.verify_azure.check import check
from tests.verify_azure.cloud import code_of, message_of
from tests.verify_azure.finding import Finding, holds
from tests.verify_azure.parts import workspace_body
from tests.verify_azure.subject import Subject

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"


@check("ml-workspace-dependencies", "storage", "vault", "insights")
def workspace_over_nothing(azure: Subject) -> Finding:
    gone = azure.resource("Microsoft.Storage/storageAccounts", azure.fresh("gone"))
    path = azure.resource(WORKSPACES, azure.fresh("mlw-"))
    body = workspace_body(azure, storageAccount=gone)
    answer = azure.send("PUT", path, api=api.ML, body=body)
    return holds(
        answer.status_code == 400,
        f"A workspace over a storage account that is not there: {answer.status_code} {code_of(answer)}.",
    )


@check("ml-workspace-fixed-fields", "workspace")
def another_storage_account(azure: Subject) -> Finding:
    from tests.verify_azure.parts import storage_body

    other = azure.resource("Microsoft.Storage/storageAccounts", azure.fresh("st"))
    azure.put(other, api=api.STORAGE, body=storage_body(azure))
    answer = azure.send(
        "PUT", azure.part("workspace"), api=api.ML, body=workspace_body(azure, storageAccount=other)
    )
    return holds(
        answer.status_code == 400,
        f"PUT of a workspace with another storage account answered {answer.status_code} {code_of(answer)}.",
    )


@check("ml-workspace-soft-delete", "storage", "vault", "insights")
def deleted_workspace(azure: Subject) -> Finding:
    path = azure.resource(WORKSPACES, azure.fresh("mlw-"))
    azure.put(path, api=api.ML, body=workspace_body(azure))
    azure.delete(path, api=api.ML)
    again = azure.send("PUT", path, api=api.ML, body=workspace_body(azure))
    azure.delete(path, api=api.ML, forceToPurge="true")
    return holds(
        again.status_code == 400 and "soft" in message_of(again).lower(),
        f"PUT of a deleted workspace's name answered {again.status_code} {code_of(again)}: {message_of(again)[:80]}",
    )


@check("ml-workspace-default-datastores", "workspace")
def datastores_of_a_new_workspace(azure: Subject) -> Finding:
    rows = {row["name"]: row["properties"] for row in azure.ml("datastores", api=api.DATASTORE)["value"]}
    id = azure.get(azure.part("workspace"), api=api.ML)["properties"]["workspaceId"]
    blobs = rows.get("workspaceblobstore", {})
    return holds(
        {"workspaceblobstore", "workspaceartifactstore"} <= set(rows)
        and blobs["isDefault"] is True and blobs["containerName"] == f"azureml-blobstore-{id}"
        and blobs["credentials"]["credentialsType"] == "None",
        f"A new workspace has {', '.join(sorted(rows))}; workspaceblobstore: default {blobs.get('isDefault')}, container "
        f"named by the workspace's id {blobs.get('containerName') == f'azureml-blobstore-{id}'}, credentials "
        f"{blobs.get('credentials', {}).get('credentialsType')}.",
    )  # fmt: skip


@check("ml-datastore-no-secrets", "workspace")
def secrets_of_an_identity_based_datastore(azure: Subject) -> Finding:
    path = f"{azure.part('workspace')}/datastores/workspaceblobstore/listSecrets"
    answer = azure.send("POST", path, api=api.DATASTORE, body={})
    return holds(
        (answer.status_code, code_of(answer)) == (400, "UserError"),
        f"listSecrets of an identity-based datastore answered {answer.status_code} {code_of(answer)}: {message_of(answer)}",
    )


@check("ml-datastore-container-must-exist", "workspace")
def datastore_over_nothing(azure: Subject) -> Finding:
    account = str(azure.part("storage")).rsplit("/", 1)[1]
    properties = {
        "datastoreType": "AzureBlob", "accountName": account, "containerName": azure.fresh("gone"),
        "credentials": {"credentialsType": "None"},
    }  # fmt: skip
    path = f"{azure.part('workspace')}/datastores"
    refused = azure.send("PUT", f"{path}/va_checked", api=api.DATASTORE, body={"properties": properties})
    taken = azure.send(
        "PUT",
        f"{path}/va_unchecked",
        api=api.DATASTORE,
        body={"properties": properties},
        skipValidation="true",
    )
    return holds(
        refused.status_code >= 400 and taken.status_code in (200, 201),
        f"A datastore over a container that is not there: {refused.status_code} {code_of(refused)}, with "
        f"skipValidation {taken.status_code}.",
    )


@check("ml-datastore-default-is-read-only", "workspace")
def default_datastore(azure: Subject) -> Finding:
    path = f"{azure.part('workspace')}/datastores"
    properties = {
        "datastoreType": "AzureBlob", "accountName": str(azure.part("storage")).rsplit("/", 1)[1],
        "containerName": "azureml-other", "credentials": {"credentialsType": "None"}, "isDefault": True,
    }  # fmt: skip
    azure.send(
        "PUT", f"{path}/va_default", api=api.DATASTORE, body={"properties": properties}, skipValidation="true"
    )
    shown = azure.get(f"{path}/va_default", api=api.DATASTORE)["properties"]["isDefault"]
    refused = azure.send("DELETE", f"{path}/workspaceblobstore", api=api.DATASTORE)
    return holds(
        shown is False and refused.status_code >= 400,
        f"A datastore sent as default shows isDefault {shown}; DELETE of the default one answered {refused.status_code} "
        f"{code_of(refused)}.",
    )


@check("system-data-of-azure-ml", "assets")
def system_data_of_kinds(azure: Subject) -> Finding:
    wanted = ("createdAt", "createdBy", "createdByType", "lastModifiedAt")
    # Recorded: a workspace's own datastores name nobody who created them.
    unwanted = {"datastore": ("createdBy", "createdByType")}
    places = {
        "workspace": ("", api.ML),
        "datastore": ("datastores/workspaceblobstore", api.DATASTORE),
        "environment": ("environments/va-env/versions/1", api.ENVIRONMENT),
        "component": ("components/va_step/versions/1", api.COMPONENT),
        "data": ("data/va-folder/versions/1", api.DATA),
        "model": ("models/va-model/versions/1", api.MODEL),
    }
    lacking = {}
    for kind, (path, version) in places.items():
        found = azure.system_data(path, api=version)
        asked = [name for name in wanted if name not in unwanted.get(kind, ())]
        if missing := [name for name in asked if not found.get(name)]:
            lacking[kind] = missing
    return holds(
        not lacking,
        f"Of createdAt, createdBy, createdByType and lastModifiedAt these lack: {lacking or 'none'}.",
    )
