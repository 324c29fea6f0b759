"""The shape of a resource type: SDK inputs to path and body, ARM's answer to SDK outputs, outputs to inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from plumbline.azure_native_plugin.errors import ShapeError
from plumbline.azure_native_plugin.nested_type import NestedTypes
from plumbline.azure_native_plugin.table import ResourceType, Table
from plumbline.azure_native_plugin.values import UNKNOWN, is_empty

# Path parameters that hold ids: their slashes are kept, their outer ones trimmed, as the real provider does.
_SCOPES = frozenset({"scope", "resourceUri"})
_NOT_A_LETTER = re.compile(r"[^0-9A-Za-z]")


class Shape:
    """Turns one resource type's values from one form into another."""

    def __init__(self, table: Table, resource: ResourceType) -> None:
        self.resource = resource
        self._types = NestedTypes(table.types)
        self._sdk_names = {
            (path.rpartition(".")[0], wire): path.rpartition(".")[2] for path, wire in resource.wire.items()
        }

    # -- inputs to a request ------------------------------------------------------------------------------

    def resource_id(self, inputs: Mapping[str, Any], *, subscription_id: str) -> str:
        """The ARM id that the inputs name.

        Raises: ShapeError: a path parameter is missing, or not a text.
        """
        result = self.resource.path.replace("{subscriptionId}", subscription_id)
        for name in self.resource.path_parameters:
            value = inputs.get(name)
            if not isinstance(value, str) or not value or value == UNKNOWN:
                raise ShapeError(
                    f"{self.resource.token}: {name}: got {value!r}, expected a name. "
                    "The stand-in makes no names up: give one."
                )
            text = value.strip("/") if name in _SCOPES else quote(value, safe="")
            result = result.replace(f"{{{name}}}", text)
        return result

    def body(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a PUT."""
        top: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        for name, kind in self.resource.body_inputs.items():
            if name not in inputs:
                continue
            place = top if self.resource.is_on_top(name) else properties
            place[self.resource.wire.get(name, name)] = self._to_wire(inputs[name], kind, name)
        if self.resource.flattened and (properties or self._has_properties):
            top["properties"] = properties
        return top

    @property
    def _has_properties(self) -> bool:
        """Whether any input belongs under `properties`: then the member is always sent."""
        return any(not self.resource.is_on_top(name) for name in self.resource.body_inputs)

    def _to_wire(self, value: Any, kind: str, path: str) -> Any:
        if isinstance(value, list):
            if kind == "set":
                return {item: {} for item in value}
            item_kind = self._types.item(kind)
            return [self._to_wire(item, item_kind, f"{path}[]") for item in value]
        if not isinstance(value, Mapping):
            return value
        kinds = self._types.members(kind, value)
        result: dict[str, Any] = {}
        for name, item in value.items():
            where = f"{path}.{name}"
            wire = self.resource.wire.get(where, name)
            result[wire] = self._to_wire(item, kinds.get(name, "any"), where)
        outside = self.resource.nested.get(path)
        if outside is None:
            return result
        wrapped = {name: item for name, item in result.items() if name not in outside}
        kept = {name: item for name, item in result.items() if name in outside}
        return {**kept, "properties": wrapped} if wrapped else kept

    # -- an answer to outputs -----------------------------------------------------------------------------

    def outputs(self, response: Mapping[str, Any]) -> dict[str, Any]:
        """The SDK's outputs in ARM's answer; members that the SDK does not know are left out."""
        found: dict[str, Any] = {}
        for wire, value in response.items():
            if wire == "properties" and self.resource.flattened and isinstance(value, Mapping):
                for inner, item in value.items():
                    name = self._sdk_names.get(("", inner)) or _lower_camel(inner)
                    if not self.resource.is_on_top(name):
                        found.setdefault(name, item)
            elif self.resource.is_on_top(wire) or wire in ("name", "type", "systemData", "etag"):
                found[wire] = value
        outputs = {
            name: self._from_wire(item, self._kind(name), name)
            for name, item in found.items()
            if name in self.resource.outputs and item is not None and name != "id"
        }
        outputs["azureApiVersion"] = self.resource.api_version
        return outputs

    def _kind(self, name: str) -> str:
        return self.resource.body_inputs.get(name) or self.resource.outputs.get(name, "any")

    def _from_wire(self, value: Any, kind: str, path: str) -> Any:
        if isinstance(value, list):
            item_kind = self._types.item(kind)
            return [self._from_wire(item, item_kind, f"{path}[]") for item in value]
        if not isinstance(value, Mapping):
            return self._types.coerce(value, kind)
        if path in self.resource.nested and isinstance(value.get("properties"), Mapping):
            value = {**value["properties"], **{k: v for k, v in value.items() if k != "properties"}}
        kinds = self._types.members(kind, value)
        return {
            name: self._from_wire(item, kinds.get(name, "any"), f"{path}.{name}")
            for name, item in (
                (self._sdk_names.get((path, wire), wire), item) for wire, item in value.items()
            )
            if item is not None
        }

    # -- outputs to inputs --------------------------------------------------------------------------------

    def project(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """The part of the outputs that inputs could say; what only the service writes is left out."""
        return {
            name: self._types.project(outputs[name], kind)
            for name, kind in self.resource.body_inputs.items()
            if name in outputs
        }

    def imported(self, resource_id: str, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs that would make what is live: for an import, where no state says more.

        Raises: ShapeError: the id is not one of this type.
        """
        parameters = self._parse(resource_id)
        body = {
            name: value
            for name, value in self.project(outputs).items()
            if not is_empty(value) and name != "id"
        }
        return {**parameters, **body}

    def _parse(self, resource_id: str) -> dict[str, str]:
        pattern = re.escape(self.resource.path)
        for name in ("subscriptionId", *self.resource.path_parameters):
            allowed = ".+" if name in _SCOPES else "[^/]+"
            pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>{allowed})")
        # Budgets answer their ids without the leading slash.
        match = re.fullmatch(pattern, f"/{resource_id.lstrip('/')}", flags=re.IGNORECASE)
        if match is None:
            raise ShapeError(
                f"{self.resource.token}: import: got {resource_id!r}, expected an id like {self.resource.path}."
            )
        return {
            name: f"/{match[name].strip('/')}" if name in _SCOPES else match[name]
            for name in self.resource.path_parameters
        }

    # -- a preview ----------------------------------------------------------------------------------------

    def preview(self, inputs: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The outputs as far as they can be known before the request: never a placeholder.

        In an update the name and the location stay what they are; all else that only the service writes is
        unknown, as with the real provider.
        """
        outputs: dict[str, Any] = {}
        for name, kind in self.resource.outputs.items():
            if state is not None and name in ("name", "location") and name in state:
                outputs[name] = state[name]
            elif name in self.resource.body_inputs and name in inputs:
                outputs[name] = self._types.preview(inputs[name], self.resource.body_inputs[name], kind)
            else:
                outputs[name] = UNKNOWN
        outputs["azureApiVersion"] = self.resource.api_version
        return outputs

    def unnamed(self, inputs: Mapping[str, Any]) -> list[str]:
        """Required inputs, and names in the path, that are not there."""
        wanted = dict.fromkeys((*self.resource.required, *self.resource.path_parameters))
        return [name for name in wanted if name not in inputs]


def _lower_camel(wire: str) -> str:
    """Application Insights' `Application_Type` and `AppId` as the SDK has them."""
    text = _NOT_A_LETTER.sub("", wire)
    return text[:1].lower() + text[1:]
