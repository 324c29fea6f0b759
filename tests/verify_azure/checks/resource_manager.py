"""Rows on Azure Resource Manager: ids, api-versions, locations, replacing, asynchronous forms, deployments."""

from __future__ import annotations

from tests.verify_azure import versions as api
from tests.verify_azure.check import check
from tests.verify_azure.cloud import code_of
from tests.verify_azure.finding import Finding, holds
from tests.verify_azure.parts import cluster_body, storage_body, workspace_body
from tests.verify_azure.subject import Subject

STORAGE, IDENTITIES = "Microsoft.Storage/storageAccounts", "Microsoft.ManagedIdentity/userAssignedIdentities"
NETWORKS = "Microsoft.Network/virtualNetworks"


@check("arm-ids-any-case", "storage")
def ids_in_another_case(azure: Subject) -> Finding:
    path = str(azure.part("storage"))
    shouted = f"{azure.cloud.scope}/RESOURCEGROUPS/{path.split('/')[4].upper()}/providers/{STORAGE}/{path.rsplit('/', maxsplit=1)[-1]}"
    found = azure.send("GET", shouted, api=api.STORAGE)
    identity = azure.resource(IDENTITIES, azure.fresh("id-"))
    answered = azure.put(identity, api=api.IDENTITY, body={"location": azure.location})["id"]
    return holds(
        found.status_code == 200 and answered.lower() == identity.lower(),
        f"GET of a storage account in capitals answered {found.status_code}; an identity made under "
        f"resourceGroups is answered under {answered.split('/')[3]}.",
    )


@check("arm-delete-missing-204", "group")
def delete_of_what_is_not_there(azure: Subject) -> Finding:
    answer = azure.send("DELETE", azure.resource(STORAGE, azure.fresh("gone")), api=api.STORAGE)
    return holds(
        answer.status_code == 204,
        f"DELETE of a storage account that is not there answered {answer.status_code}.",
    )


@check("arm-api-version-refused", "storage")
def wrong_and_missing_api_version(azure: Subject) -> Finding:
    wrong = azure.send("GET", azure.part("storage"), api="2001-01-01")
    none = azure.send("GET", azure.part("storage"), api=None)
    seen = [(answer.status_code, code_of(answer)) for answer in (wrong, none)]
    return holds(
        seen[0][0] == 400
        and seen[0][1] in ("NoRegisteredProviderFound", "InvalidResourceType", "InvalidApiVersionParameter")
        and seen[1] == (400, "MissingApiVersionParameter"),
        f"A version that the type does not have: {seen[0][0]} {seen[0][1]}; none at all: {seen[1][0]} {seen[1][1]}.",
    )


@check("arm-parent-not-found", "group")
def child_of_nothing(azure: Subject) -> Finding:
    account = azure.resource(STORAGE, azure.fresh("gone"))
    child = azure.send(
        "PUT", f"{account}/blobServices/default/containers/c", api=api.STORAGE, body={"properties": {}}
    )
    elsewhere = azure.resource(
        STORAGE, azure.fresh("st"), group=f"{azure.cloud.scope}/resourceGroups/{azure.fresh('rg-')}"
    )
    lost = azure.send("PUT", elsewhere, api=api.STORAGE, body=storage_body(azure))
    seen = [(answer.status_code, code_of(answer)) for answer in (child, lost)]
    return holds(
        seen[0] in ((404, "ParentResourceNotFound"), (404, "ResourceNotFound"))
        and seen[1] == (404, "ResourceGroupNotFound"),
        f"A container of an account that is not there: {seen[0][0]} {seen[0][1]}; an account in a group that is not "
        f"there: {seen[1][0]} {seen[1][1]}.",
    )


@check("arm-location-fixed", "storage")
def another_location(azure: Subject) -> Finding:
    other = "northeurope" if azure.location != "northeurope" else "westeurope"
    account = azure.send(
        "PUT", azure.part("storage"), api=api.STORAGE, body=storage_body(azure) | {"location": other}
    )
    group = azure.send("PUT", azure.group, api=api.GROUP, body={"location": other, "tags": azure.world.tags})
    seen = [(answer.status_code, code_of(answer)) for answer in (account, group)]
    return holds(
        seen == [(409, "InvalidResourceLocation"), (409, "InvalidResourceGroupLocation")],
        f"Another location: a storage account {seen[0][0]} {seen[0][1]}, a group {seen[1][0]} {seen[1][1]}.",
    )


@check("native-workspace-location", "workspace")
def another_location_of_a_workspace(azure: Subject) -> Finding:
    other = "northeurope" if azure.location != "northeurope" else "westeurope"
    answer = azure.send(
        "PUT", azure.part("workspace"), api=api.ML, body=workspace_body(azure) | {"location": other}
    )
    return holds(
        (answer.status_code, code_of(answer)) == (409, "InvalidResourceLocation"),
        f"PUT of a workspace with another location answered {answer.status_code} {code_of(answer)}.",
    )


@check("arm-nulls-dropped", "group")
def members_sent_as_null(azure: Subject) -> Finding:
    path = azure.resource(IDENTITIES, azure.fresh("id-"))
    body = azure.put(
        path, api=api.IDENTITY, body={"location": azure.location, "tags": {"kept": "yes"}, "kind": None}
    )
    return holds(
        "kind" not in body, f"An identity sent with kind null is answered with {', '.join(sorted(body))}."
    )


@check("arm-put-replaces", "group")
def put_that_leaves_out(azure: Subject) -> Finding:
    path = azure.resource(IDENTITIES, azure.fresh("id-"))
    azure.put(path, api=api.IDENTITY, body={"location": azure.location, "tags": {"a": "1"}})
    again = azure.put(path, api=api.IDENTITY, body={"location": azure.location})
    account = azure.resource(STORAGE, azure.fresh("st"))
    azure.put(account, api=api.STORAGE, body=storage_body(azure, minimumTlsVersion="TLS1_2"))
    second = azure.put(account, api=api.STORAGE, body=storage_body(azure))
    version = second["properties"].get("minimumTlsVersion")
    return holds(
        not again.get("tags") and version != "TLS1_2",
        f"After a PUT without them an identity's tags are {again.get('tags')}, a storage account's minimumTlsVersion, "
        f"TLS1_2 before, is {version}.",
    )


@check("arm-patch-tags", "group")
def patch_of_tags(azure: Subject) -> Finding:
    account = azure.resource(STORAGE, azure.fresh("st"))
    azure.put(
        account, api=api.STORAGE, body=storage_body(azure, minimumTlsVersion="TLS1_2") | {"tags": {"a": "1"}}
    )
    azure.send("PATCH", account, api=api.STORAGE, body={"tags": {"b": "2"}})
    found = azure.get(account, api=api.STORAGE)
    return holds(
        found["tags"] == {"b": "2"} and found["properties"]["minimumTlsVersion"] == "TLS1_2",
        f"After PATCH with one tag the tags are {found['tags']} and minimumTlsVersion is "
        f"{found['properties']['minimumTlsVersion']}.",
    )


@check("arm-async-operation", "group")
def long_running_forms(azure: Subject) -> Finding:
    path = azure.resource(NETWORKS, azure.fresh("vnet-"))
    body = {"location": azure.location, "properties": {"addressSpace": {"addressPrefixes": ["10.99.0.0/24"]}}}
    made = azure.send("PUT", path, api=api.NETWORK, body=body)
    state = azure.cloud.until(
        lambda: _settled(azure.get(path, api=api.NETWORK)["properties"]["provisioningState"]), seconds=120
    )
    gone = azure.send("DELETE", path, api=api.NETWORK)
    return holds(
        made.status_code == 201 and "Azure-AsyncOperation" in made.headers and state == "Succeeded"
        and gone.status_code == 202 and "Location" in gone.headers,
        f"PUT of a network answered {made.status_code} with {_waiting(made.headers)} and ended {state}; DELETE answered "
        f"{gone.status_code} with {_waiting(gone.headers)}.",
    )  # fmt: skip


def _settled(state: str) -> str | None:
    return state if state in ("Succeeded", "Failed", "Canceled") else None


def _waiting(headers) -> str:
    found = [name for name in ("Azure-AsyncOperation", "Location", "Retry-After") if name in headers]
    return " and ".join(found) or "none of the headers to wait by"


@check("arm-etag-412", "group")
def conditional_writes(azure: Subject) -> Finding:
    path = azure.resource(NETWORKS, azure.fresh("vnet-"))
    body = {"location": azure.location, "properties": {"addressSpace": {"addressPrefixes": ["10.98.0.0/24"]}}}
    azure.put(path, api=api.NETWORK, body=body)
    other = azure.send(
        "PUT",
        path,
        api=api.NETWORK,
        body=body,
        headers={"If-Match": '"00000000-0000-0000-0000-000000000000"'},
    )
    exists = azure.send("PUT", path, api=api.NETWORK, body=body, headers={"If-None-Match": "*"})
    return holds(
        other.status_code == exists.status_code == 412,
        f"A network's PUT with another etag answered {other.status_code} {code_of(other)}, with If-None-Match * "
        f"{exists.status_code} {code_of(exists)}.",
    )


@check("arm-group-delete-cascades", "group")
def deletion_of_a_group(azure: Subject) -> Finding:
    group = azure.make_group(f"{azure.world.group_name}-inner")
    identity = azure.resource(IDENTITIES, "id-inner", group=group)
    azure.put(identity, api=api.IDENTITY, body={"location": azure.location})
    azure.delete(group, api=api.GROUP)
    left = azure.send("GET", identity, api=api.IDENTITY)
    return holds(
        left.status_code == 404,
        f"After its group's deletion GET of an identity answered {left.status_code} {code_of(left)}.",
    )


@check("deployment-incremental", "group")
def template_deployment(azure: Subject) -> Finding:
    made, skipped = azure.fresh("id-"), azure.fresh("id-")
    before = azure.resource(IDENTITIES, azure.fresh("id-"))
    azure.put(before, api=api.IDENTITY, body={"location": azure.location})
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {
                "type": IDENTITIES,
                "apiVersion": api.IDENTITY,
                "name": name,
                "location": azure.location,
                "condition": condition,
            }
            for name, condition in ((made, True), (skipped, False))
        ],
    }
    path = azure.resource("Microsoft.Resources/deployments", azure.fresh("deploy-"))
    ended = azure.put(
        path, api=api.DEPLOYMENT, body={"properties": {"mode": "Incremental", "template": template}}
    )
    there = [
        azure.send("GET", place, api=api.IDENTITY).status_code
        for place in (azure.resource(IDENTITIES, made), azure.resource(IDENTITIES, skipped), before)
    ]
    return holds(
        ended["properties"]["provisioningState"] == "Succeeded" and there == [200, 404, 200],
        f"The deployment ended {ended['properties']['provisioningState']}; GET of the resource whose condition holds, of "
        f"the one whose does not, of one from before: {there}.",
    )


@check("native-absence-is-no-change", "group")
def absent_network_rules_of_storage(azure: Subject) -> Finding:
    account = azure.resource(STORAGE, azure.fresh("st"))
    rules = {"defaultAction": "Deny", "bypass": "AzureServices", "ipRules": [], "virtualNetworkRules": []}
    azure.put(account, api=api.STORAGE, body=storage_body(azure, networkAcls=rules))
    again = azure.put(account, api=api.STORAGE, body=storage_body(azure))
    action = again["properties"]["networkAcls"]["defaultAction"]
    return holds(
        action == "Deny", f"After a PUT without networkAcls the default action, Deny before, is {action}."
    )


@check("native-compute-delete-query", "workspace")
def deletion_of_a_compute_without_its_parameter(azure: Subject) -> Finding:
    path = f"{azure.part('workspace')}/computes/{azure.fresh('c')}"
    azure.cloud.finish("PUT", path, api=api.COMPUTE, body=cluster_body(azure, nodes=1))
    answer = azure.send("DELETE", path, api=api.COMPUTE)
    return holds(
        answer.status_code == 400,
        f"DELETE of a compute without underlyingResourceAction answered {answer.status_code} {code_of(answer)}.",
    )
