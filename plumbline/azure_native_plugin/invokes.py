"""Functions of azure-native that a program calls: who and where it is, keys, and plain reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.azure_native_plugin.arm import Arm
from plumbline.azure_native_plugin.endpoint import Endpoint
from plumbline.azure_native_plugin.errors import StandInError
from plumbline.azure_native_plugin.identity import Identity
from plumbline.azure_native_plugin.lifecycle import Lifecycle
from plumbline.azure_native_plugin.table import Table

# token -> (resource type, POST action). Source: the SDK's functions of the same names.
_ACTIONS = {
    "azure-native:storage:listStorageAccountKeys": ("azure-native:storage:StorageAccount", "listKeys"),
    "azure-native:machinelearningservices:listDatastoreSecrets": (
        "azure-native:machinelearningservices:Datastore",
        "listSecrets",
    ),
}


def call(
    token: str,
    arguments: Mapping[str, Any],
    *,
    table: Table,
    lifecycle: Lifecycle,
    endpoint: Endpoint,
    identity: Identity,
    arm: Arm,
) -> dict[str, Any]:
    """What a function answers.

    Raises: StandInError: a function that the stand-in does not have.
    """
    if token == "azure-native:authorization:getClientConfig":  # noqa: S105 - a Pulumi token
        claims = identity.claims()
        return {
            "clientId": claims.get("appid", ""),
            "objectId": claims.get("oid", ""),
            "subscriptionId": endpoint.subscription_id,
            "tenantId": claims.get("tid", endpoint.tenant_id),
        }
    if token in _ACTIONS:
        type_token, action = _ACTIONS[token]
        resource = table.resources[type_token]
        shape = lifecycle.shape(resource)
        resource_id = shape.resource_id(arguments, subscription_id=endpoint.subscription_id)
        return arm.post(resource_id, action, resource.api_version)
    readable = table.getter(token)
    if readable is not None:
        return lifecycle.get(readable, arguments)
    raise StandInError(f"{token}: the azure-native stand-in does not have this function")
