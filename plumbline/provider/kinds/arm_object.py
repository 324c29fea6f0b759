"""Objects of Resource Manager whose inputs are their fields: written whole, waited for, compared field by field.

Their bodies are small and documented, so they need no azure-ai-ml; its entities are the oracle of the tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from plumbline.assets.references import parse_reference
from plumbline.azure.api_versions import api_version
from plumbline.azure.live_version import OWNER_PROPERTY
from plumbline.kinds import COMPONENT, KINDS, ArmObject, is_true
from plumbline.kinds.arm_object import Field, at, put
from plumbline.provider.address import Workspace, parse_import_id
from plumbline.provider.codec import UNKNOWN, Properties, is_known
from plumbline.provider.errors import PartialFailure, Refusal
from plumbline.provider.kinds.kind import Context, Created, Found
from plumbline.provider.table import property_rows

_ENDED = frozenset({"Succeeded", "Failed", "Canceled"})
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds; the last one again and again


class ArmObjectKind:
    """Create, read, update and delete. The id is the ARM id."""

    def __init__(self, kind: str) -> None:
        descriptor = KINDS[kind]
        assert isinstance(descriptor, ArmObject)
        self.kind, self.descriptor = kind, descriptor

    async def create(self, context: Context, inputs: Properties, *, preview: bool) -> Created:
        """Create it; an equal one is adopted, one of the same name with other content refused."""
        workspace = self._workspace(context, inputs)
        if workspace is None:
            return Created(id="", outputs=self._outputs(inputs, None))
        body = await self._get(context, workspace, inputs)
        owner = at(body, ("properties", "properties", OWNER_PROPERTY))
        adopted = body is not None and not context.urn.is_of_same_stack(owner)
        if adopted:
            differing = self._differences(inputs, await self._seen(context, workspace, inputs, body))
            if differing:
                raise Refusal(
                    f"{inputs['name']}: name: got {inputs['name']}, expected one that is free: somebody made "
                    f"{self.descriptor.spoken} of this name with other {', '.join(differing)}. Import that one, or "
                    "choose another name."
                )
            await context.inform(
                f"{inputs['name']} exists with equal content: it is adopted, and stays when this stack goes."
            )
        if preview:
            return Created(id="", outputs=self._outputs(inputs, None, adopted=adopted))
        if adopted and body is not None:
            return Created(id=self._id(workspace, inputs), outputs=self._outputs(inputs, body, adopted=True))
        return await self._put(context, workspace, inputs, adopted=False)

    async def update(
        self,
        context: Context,
        id: str,
        state: Properties,
        olds: Properties,
        news: Properties,
        *,
        preview: bool,
    ) -> Created:
        """Bring it in line, whole."""
        workspace, adopted = self._workspace(context, news), is_true(state.get("adopted"))
        if preview or workspace is None:
            kept = {name: state[name] for name in self.descriptor.shown if name in state}
            return Created(id=id, outputs=self._outputs(news, None, adopted=adopted, known=kept))
        return await self._put(context, workspace, news, adopted=adopted)

    async def read(self, context: Context, id: str, inputs: Properties, state: Properties) -> Found | None:
        """What is live, as inputs."""
        named = self._named(context, id, state)
        workspace = self._workspace(context, named)
        assert workspace is not None
        body = await self._get(context, workspace, named)
        if body is None:
            return None
        seen = await self._seen(context, workspace, {**inputs.entries, **named}, body)
        found = Properties(
            entries={
                wire: value
                for wire, value in {**inputs.entries, **seen, **named}.items()
                if value is not None
            },
            secrets=inputs.secrets | state.secrets,
        )
        outputs = self._outputs(found, body, adopted=is_true(state.get("adopted")))
        return Found(id=self._id(workspace, named), inputs=found, outputs=outputs)

    async def delete(self, context: Context, id: str, state: Properties) -> None:
        """Delete it; leave what this stack adopted, or what another resource of it declares by now."""
        workspace = self._workspace(context, state)
        assert workspace is not None
        other = context.claims.other_owner(self._id(workspace, state), context.urn.text)
        if is_true(state.get("adopted")) or other:
            reason = f"{other} declares it too" if other else "this stack adopted it, it did not make it"
            await context.inform(f"{state['name']} is left as it is: {reason}.")
            return
        if await self._get(context, workspace, state) is None:
            return
        context.begin()
        await self._send(context, "DELETE", self._id(workspace, state))
        await self._wait(context, workspace, state, gone=True)

    # -- what a kind may do in its own way

    async def _settle(self, context: Context, workspace: Workspace, inputs: Properties) -> None:
        """What has to be written elsewhere once the object is there."""

    async def _seen(
        self, context: Context, workspace: Workspace, inputs: Mapping[str, Any], body: Any
    ) -> dict[str, Any]:
        """The inputs as they would have to be to give what is live; one that says the same stays as it was written."""
        seen = {}
        for name, row in self.descriptor.fields.items():
            value, given = at(body, row.path), inputs.get(name)
            same = row.says_the_same(given, value) or (name == "location" and given is None)
            seen[name] = given if same else value
        return seen

    # -- parts

    async def _put(
        self, context: Context, workspace: Workspace, inputs: Properties, *, adopted: bool
    ) -> Created:
        body = self.descriptor.body(inputs, written=lambda row, value: _written(workspace, row, value))
        body.setdefault("location", await self._location(context, workspace))
        if not adopted:
            put(body, ("properties", "properties", OWNER_PROPERTY), context.urn.text)
        id = self._id(workspace, inputs)
        context.begin()
        await self._send(context, "PUT", id, body)
        live = await self._wait(context, workspace, inputs, gone=False)
        state = at(live, ("properties", "provisioningState"))
        outputs = self._outputs(inputs, live, adopted=adopted)
        if state not in (None, "Succeeded"):
            reason = f"{inputs['name']}: provisioning: got {state}, expected Succeeded. See its activity log, and run up again."
            raise PartialFailure(resource_id=id, outputs=outputs, reasons=(reason,))
        await self._settle(context, workspace, inputs)
        lost = self._differences(inputs, await self._seen(context, workspace, inputs, live))
        if lost:
            raise PartialFailure(
                resource_id=id,
                outputs=outputs,
                reasons=tuple(
                    f"{inputs['name']}: {name}: got another value back than was sent." for name in lost
                ),
            )
        return Created(id=id, outputs=outputs)

    async def _wait(
        self, context: Context, workspace: Workspace, inputs: Mapping[str, Any], *, gone: bool
    ) -> Any:
        """The object once what was begun has ended. Waiting is not calling: it may be cut off at any time."""
        pauses = iter(_PAUSES)
        while True:
            body = await self._get(context, workspace, inputs)
            state = at(body, ("properties", "provisioningState"))
            if body is None if gone else body is not None and (state is None or state in _ENDED):
                return body
            await asyncio.sleep(next(pauses, _PAUSES[-1]))
            context.begin()

    def _differences(self, inputs: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
        rows = property_rows(self.kind)
        return [
            name
            for name, value in seen.items()
            if rows[name].echo == "faithful" and (value or None) != (inputs.get(name) or None)
        ]

    async def _location(self, context: Context, workspace: Workspace) -> str:
        assert context.cloud is not None
        found = await context.cloud.reader.get(workspace.id, api_version=api_version("workspaces"))
        if found is None:
            raise Refusal(f"workspace {workspace.name}: got nothing, expected it there. Create it first.")
        return str(found["location"])

    async def _get(self, context: Context, workspace: Workspace, inputs: Mapping[str, Any]) -> Any:
        assert context.cloud is not None
        return await context.cloud.reader.get(
            self._id(workspace, inputs), api_version=self.descriptor.api_version
        )

    async def _send(self, context: Context, method: str, path: str, body: Any = None) -> None:
        assert context.cloud is not None
        await context.cloud.reader.send(method, path, api_version=self.descriptor.api_version, body=body)

    def _id(self, workspace: Workspace, inputs: Mapping[str, Any]) -> str:
        return workspace.container(self.descriptor.collection, self.descriptor.name_below(inputs))

    def _workspace(self, context: Context, values: Mapping[str, Any]) -> Workspace | None:
        holder = (self.descriptor.below[0],) if self.descriptor.below else ()
        names = [values[noun] for noun in ("resourceGroupName", "workspaceName", *holder)]
        if context.cloud is None or not is_known(names):
            return None
        return context.cloud.workspace(names[0], names[1])

    def _named(self, context: Context, id: str, state: Properties) -> dict[str, Any]:
        """The inputs that name it, from the state or from an import id."""
        holder = (self.descriptor.below[0],) if self.descriptor.below else ()
        nouns = ("resourceGroupName", "workspaceName", *holder, "name")
        if all(noun in state for noun in nouns):
            return {noun: state[noun] for noun in nouns}
        assert context.cloud is not None
        settings = context.cloud.settings
        wanted = parse_import_id(id) if id.startswith("/") else None
        group = wanted.resource_group if wanted else settings.get("resourceGroupName")
        workspace = wanted.workspace if wanted else settings.get("workspaceName")
        path = id.partition(f"/{self.descriptor.collection}/")[2] if wanted else id
        parts = [part for part in path.split("/") if part != (self.descriptor.below or ("", ""))[1]]
        if not (group and workspace) or len(parts) != len(holder) + 1:
            raise Refusal(
                f"import: id: got {id!r}, expected {self.descriptor.import_form}, or the full ARM id."
            )
        return dict(zip(nouns, (group, workspace, *parts), strict=True))

    def _outputs(
        self, inputs: Properties, body: Any, *, adopted: bool = False, known: Mapping[str, Any] | None = None
    ) -> Properties:
        rows = property_rows(self.kind)
        values = {name: inputs[name] for name, row in rows.items() if row.is_output and name in inputs}
        for name, dotted in self.descriptor.shown.items():
            values[name] = (
                at(body, tuple(dotted.split("."))) if body is not None else (known or {}).get(name, UNKNOWN)
            )
        if adopted:
            values["adopted"] = True
        return Properties(entries=values, secrets=inputs.secrets & values.keys())


def _written(workspace: Workspace, row: Field, value: Any) -> Any:
    if row.form == "texts":
        return row.normal(value)
    if row.form == "component":
        address = parse_reference(str(value), bare=True)
        if address is None or not address.version or address.registry:
            return value
        return workspace.version(COMPONENT.collection, address.name, address.version)
    return value
