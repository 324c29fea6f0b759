"""How Azure ML's answers differ from what was sent; rows in the emulator's noises.yaml say on what evidence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from plumbline.emulator.noise import noise
from plumbline.emulator.routing import Call

_WORKSPACE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers/"
    r"Microsoft\.MachineLearningServices/workspaces/(?P<workspace>[^/]+)/",
    re.IGNORECASE,
)
_SHORT_URI = "azureml://datastores/"


def _each(content: Any, change: Callable[[dict[str, Any]], None]) -> Any:
    """Apply a change to the resource that an answer is, or to each of those that it lists."""
    resources = content.get("value") if isinstance(content, dict) and "value" in content else [content]
    for resource in resources if isinstance(resources, list) else []:
        if isinstance(resource, dict) and isinstance(resource.get("properties"), dict):
            change(resource)
    return content


def _is(resource: dict[str, Any], *names: str) -> bool:
    kind = str(resource.get("type", "")).lower()
    return any(kind == f"microsoft.machinelearningservices/workspaces/{name}" for name in names)


@noise("component_scalars_as_strings")
def component_scalars_as_strings(call: Call, content: Any) -> Any:
    """Numbers and booleans in a component's inputs come back as text."""

    def change(resource: dict[str, Any]) -> None:
        if _is(resource, "components/versions"):
            inputs = resource["properties"].get("componentSpec", {}).get("inputs")
            for definition in (inputs or {}).values():
                for key, value in definition.items() if isinstance(definition, dict) else ():
                    if isinstance(value, (bool, int, float)):
                        definition[key] = str(value)

    return _each(content, change)


@noise("component_filled_defaults")
def component_filled_defaults(call: Call, content: Any) -> Any:
    """A component comes back with is_deterministic even when it was sent without."""

    def change(resource: dict[str, Any]) -> None:
        if _is(resource, "components/versions"):
            resource["properties"]["componentSpec"].setdefault("is_deterministic", True)

    return _each(content, change)


@noise("environment_filled_defaults")
def environment_filled_defaults(call: Call, content: Any) -> Any:
    """An environment comes back with the members that the service computes."""

    def change(resource: dict[str, Any]) -> None:
        if _is(resource, "environments/versions"):
            properties = resource["properties"]
            properties.setdefault("osType", "Linux")
            properties.setdefault("environmentType", "UserCreated")
            properties.setdefault("autoRebuild", "Disabled")

    return _each(content, change)


@noise("asset_provisioning_state")
def asset_provisioning_state(call: Call, content: Any) -> Any:
    """Codes, components, environments and models come back with a provisioning state."""

    def change(resource: dict[str, Any]) -> None:
        if _is(resource, "codes/versions", "components/versions", "environments/versions", "models/versions"):
            resource["properties"].setdefault("provisioningState", "Succeeded")

    return _each(content, change)


@noise("data_uri_long_form")
def data_uri_long_form(call: Call, content: Any) -> Any:
    """A short datastore path comes back in the form that names the workspace."""

    def change(resource: dict[str, Any]) -> None:
        match = _WORKSPACE.match(str(resource.get("id", "")))
        uri = resource["properties"].get("dataUri", "")
        if match and _is(resource, "data/versions") and uri.startswith(_SHORT_URI):
            resource["properties"]["dataUri"] = (
                f"azureml://subscriptions/{match['subscription']}/resourcegroups/{match['group']}/workspaces/"
                f"{match['workspace']}/datastores/{uri.removeprefix(_SHORT_URI)}"
            )

    return _each(content, change)


@noise("empty_collections_filled")
def empty_collections_filled(call: Call, content: Any) -> Any:
    """Tags and properties that were left out come back empty."""

    def change(resource: dict[str, Any]) -> None:
        if "/versions" in str(resource.get("type", "")):
            resource["properties"].setdefault("tags", {})
            resource["properties"].setdefault("properties", {})

    return _each(content, change)
