"""Deployments of a pipeline component: the endpoint names its default, once the deployment is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.kinds import BATCH_ENDPOINT
from plumbline.kinds.arm_object import at
from plumbline.provider.address import Workspace
from plumbline.provider.codec import Properties
from plumbline.provider.errors import Refusal
from plumbline.provider.kinds.arm_object import ArmObjectKind
from plumbline.provider.kinds.kind import Context

_DEFAULT = ("properties", "defaults", "deploymentName")
_WRITTEN = ("authMode", "description", "properties")


class PipelineDeploymentKind(ArmObjectKind):
    """As every object, but for `default`, which its endpoint keeps."""

    async def delete(self, context: Context, id: str, state: Properties) -> None:
        """Take it from the endpoint's default first: an endpoint names no deployment that is not there."""
        workspace = self._workspace(context, state)
        assert workspace is not None
        if not state.get("adopted"):
            await self._name_default(context, workspace, state, wanted=False)
        await super().delete(context, id, state)

    async def _settle(self, context: Context, workspace: Workspace, inputs: Properties) -> None:
        await self._name_default(context, workspace, inputs, wanted=bool(inputs.get("default")))

    async def _seen(
        self, context: Context, workspace: Workspace, inputs: Mapping[str, Any], body: Any
    ) -> dict[str, Any]:
        seen = await super()._seen(context, workspace, inputs, body)
        endpoint = await self._endpoint(context, workspace, inputs)
        return {**seen, "default": at(endpoint, _DEFAULT) == inputs["name"]}

    async def _name_default(
        self, context: Context, workspace: Workspace, inputs: Mapping[str, Any], *, wanted: bool
    ) -> None:
        endpoint = await self._endpoint(context, workspace, inputs)
        named = at(endpoint, _DEFAULT)
        if endpoint is None or (named == inputs["name"]) is wanted:
            return
        properties = {name: at(endpoint, ("properties", name)) for name in _WRITTEN}
        properties = {name: value for name, value in properties.items() if value is not None}
        properties["defaults"] = {"deploymentName": inputs["name"]} if wanted else {}
        body = {
            "location": endpoint["location"],
            "tags": endpoint.get("tags") or {},
            "properties": properties,
        }
        context.begin()
        assert context.cloud is not None
        path = workspace.container(BATCH_ENDPOINT.collection, str(inputs["endpointName"]))
        await context.cloud.reader.send("PUT", path, api_version=BATCH_ENDPOINT.api_version, body=body)

    async def _endpoint(self, context: Context, workspace: Workspace, inputs: Mapping[str, Any]) -> Any:
        assert context.cloud is not None
        path = workspace.container(BATCH_ENDPOINT.collection, str(inputs["endpointName"]))
        found = await context.cloud.reader.get(path, api_version=BATCH_ENDPOINT.api_version)
        if found is None:
            raise Refusal(
                f"{inputs['name']}: endpointName: got {inputs['endpointName']}, which is not there, expected a batch "
                "endpoint. Create it first."
            )
        return found
