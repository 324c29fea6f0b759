"""What happens to a resource: check, create, read, update, delete; no word of gRPC here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.azure_native_plugin.arm import Arm
from plumbline.azure_native_plugin.creations import Creations
from plumbline.azure_native_plugin.difference import refreshed
from plumbline.azure_native_plugin.endpoint import Endpoint
from plumbline.azure_native_plugin.errors import OperationFailed, StandInError
from plumbline.azure_native_plugin.shape import Shape
from plumbline.azure_native_plugin.table import ResourceType, Table
from plumbline.azure_native_plugin.values import UNKNOWN

_LONGEST_SECONDS = 7200.0  # the real provider's default timeout
# Both services have no region; the real provider's callers name "global" themselves.
_NO_DEFAULT_LOCATION = ("azure-native:privatedns:", "azure-native:monitor:ActionGroup")


@dataclass(frozen=True, kw_only=True)
class Live:
    """A resource as it is now."""

    resource_id: str
    outputs: Mapping[str, Any]
    inputs: Mapping[str, Any]


class PartlyDone(Exception):
    """A write was accepted and then failed: the resource exists and must not be lost from the state."""

    def __init__(self, live: Live, cause: StandInError) -> None:
        super().__init__(str(cause))
        self.live = live


class Lifecycle:
    """The operations on one configured endpoint."""

    def __init__(self, *, table: Table, endpoint: Endpoint, arm: Arm, creations: Creations) -> None:
        self._table = table
        self._endpoint = endpoint
        self._arm = arm
        self._creations = creations

    def shape(self, resource: ResourceType) -> Shape:
        """The shape of a type."""
        return Shape(self._table, resource)

    def with_defaults(self, resource: ResourceType, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs with the location filled as the real provider does: configured, else the group's."""
        result = dict(inputs)
        wants = "location" in resource.inputs and not resource.token.startswith(_NO_DEFAULT_LOCATION)
        if wants and "location" not in inputs:
            location = self._endpoint.location or self._location_of_group(inputs.get("resourceGroupName"))
            if location:
                result["location"] = location
        return result

    def _location_of_group(self, group: Any) -> str | None:
        if group == UNKNOWN:
            return UNKNOWN
        if not isinstance(group, str):
            return None
        kind = self._table.resources["azure-native:resources:ResourceGroup"]
        found = self._arm.get(
            f"/subscriptions/{self._endpoint.subscription_id}/resourceGroups/{group}", kind.api_version
        )
        return found.get("location") if found else UNKNOWN

    def create(
        self, resource: ResourceType, inputs: Mapping[str, Any], *, urn: str, timeout_seconds: float
    ) -> Live:
        """Creates a resource that is not there yet.

        Raises: StandInError: it exists already, or ARM refused. PartlyDone: accepted, then failed.
        """
        shape = self.shape(resource)
        resource_id = shape.resource_id(inputs, subscription_id=self._endpoint.subscription_id)
        there = self._arm.get(resource_id, resource.api_version)
        if there is not None and not self._creations.began(urn, resource_id):
            raise StandInError(
                f"cannot create already existing resource '{resource_id}'. To manage it with this stack, "
                f"import it (`pulumi import {resource.token} NAME {resource_id}`); else choose another name."
            )
        body = shape.body(inputs)
        for path in resource.maintain:
            _set_default(body, _wire_path(resource, path), [])
        self._creations.begin(urn, resource_id)
        return self._write(shape, resource_id, body, inputs, timeout_seconds, new=True)

    def update(
        self,
        resource: ResourceType,
        inputs: Mapping[str, Any],
        *,
        state: Mapping[str, Any],
        old_inputs: Mapping[str, Any],
        resource_id: str,
        timeout_seconds: float,
    ) -> Live:
        """Writes the whole resource again."""
        shape = self.shape(resource)
        removed = {
            name: value
            for name, value in resource.on_removal.items()
            if name not in inputs and name in old_inputs and name in state
        }
        body = shape.body({**inputs, **removed})
        missing = [path for path in resource.maintain if not _has(body, _wire_path(resource, path))]
        if missing:
            there = self._arm.get(resource_id, resource.api_version) or {}
            for path in missing:
                where = _wire_path(resource, path)
                _set_default(body, where, _get(there, where) or [])
        return self._write(shape, resource_id, body, inputs, timeout_seconds, new=False)

    def _write(
        self,
        shape: Shape,
        resource_id: str,
        body: Mapping[str, Any],
        inputs: Mapping[str, Any],
        timeout_seconds: float,
        *,
        new: bool,
    ) -> Live:
        resource = shape.resource
        query = {name: inputs[name] for name in resource.query if name in inputs}
        try:
            answer = self._arm.put(
                resource_id,
                resource.api_version,
                body,
                query=query,
                timeout_seconds=timeout_seconds or _LONGEST_SECONDS,
            )
        except OperationFailed as error:
            there = self._arm.get(resource_id, resource.api_version)
            if there is None:
                self._creations.settle(resource_id)
                raise
            raise PartlyDone(self._live(shape, resource_id, there, inputs), error) from error
        except StandInError as error:
            if new and getattr(error, "status", 0) >= 400:
                self._creations.settle(resource_id)  # refused: nothing was made
            raise
        if new and isinstance(answer.get("id"), str):
            resource_id = answer["id"]
        # What PUT answers differs from what GET answers now and then, and refresh compares with GET.
        seen = self._arm.get(resource_id, resource.api_version) or answer
        return self._live(shape, resource_id, seen, inputs)

    def _live(
        self, shape: Shape, resource_id: str, answer: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> Live:
        return Live(resource_id=resource_id, outputs=shape.outputs(answer), inputs=inputs)

    def read(
        self,
        resource: ResourceType,
        resource_id: str,
        *,
        state: Mapping[str, Any],
        inputs: Mapping[str, Any] | None,
    ) -> Live | None:
        """The resource as it is live, its inputs with what changed behind the program's back.

        Without inputs (an import) they are derived from what is live. None when it is gone.
        """
        self._creations.settle(resource_id)
        answer = self._arm.get(resource_id, resource.api_version)
        if answer is None:
            return None
        shape = self.shape(resource)
        outputs = shape.outputs(answer)
        if not inputs:
            return Live(resource_id=resource_id, outputs=outputs, inputs=shape.imported(resource_id, outputs))
        seen = outputs
        for path in resource.maintain:
            if not _has(inputs, path):
                seen = _without(seen, path)
        now = refreshed(inputs, old=shape.project(state), new=shape.project(seen))
        return Live(resource_id=resource_id, outputs=outputs, inputs=now)

    def delete(self, resource: ResourceType, resource_id: str, *, timeout_seconds: float) -> None:
        """Deletes a resource; one that is gone already is fine."""
        self._arm.delete(
            resource_id,
            resource.api_version,
            query=resource.delete_query,
            timeout_seconds=timeout_seconds or _LONGEST_SECONDS,
        )
        self._creations.settle(resource_id)

    def settle(self, resource_id: str) -> None:
        """The state is seen to have a resource."""
        self._creations.settle(resource_id)

    def get(self, resource: ResourceType, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A resource by its names, for a `get*` function."""
        shape = self.shape(resource)
        resource_id = shape.resource_id(arguments, subscription_id=self._endpoint.subscription_id)
        answer = self._arm.get(resource_id, resource.api_version)
        if answer is None:
            raise StandInError(f"GET {resource_id}: 404 ResourceNotFound: the resource was not found")
        return {**shape.outputs(answer), "id": answer.get("id", resource_id)}


def _wire_path(resource: ResourceType, path: str) -> list[str]:
    return path.split(".") if "." in path or not resource.flattened else ["properties", path]


def _get(values: Any, path: list[str]) -> Any:
    for name in path:
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


def _has(values: Mapping[str, Any], path: str | list[str]) -> bool:
    return _get(values, path.split(".") if isinstance(path, str) else path) is not None


def _set_default(values: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        values = values.setdefault(name, {})
    values.setdefault(path[-1], value)


def _without(values: Mapping[str, Any], path: str) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    if not rest:
        return {key: value for key, value in values.items() if key != name}
    inner = values.get(name)
    return {**values, name: _without(inner, rest)} if isinstance(inner, Mapping) else dict(values)
