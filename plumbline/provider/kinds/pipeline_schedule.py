"""Schedules of pipeline and command jobs: one object, changed in place, disabled before it is deleted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from plumbline.assets import ScheduleDefinition, canonical_text
from plumbline.azure.live_version import LiveVersion, live_version
from plumbline.kinds import SCHEDULE, is_true
from plumbline.provider.address import Workspace
from plumbline.provider.codec import Properties, is_known
from plumbline.provider.errors import PartialFailure, Refusal
from plumbline.provider.kinds import sent_and_got
from plumbline.provider.kinds.import_address import import_address
from plumbline.provider.kinds.kind import Context, Created, Found
from plumbline.provider.kinds.snapshot import require_planned_code_of_job
from plumbline.provider.live_asset import understood
from plumbline.provider.table import property_rows

_MUTABLE = ("displayName", "description", "tags", "enabled")


class PipelineScheduleKind:
    """Create, read, update and delete of schedules. The id is the schedule's ARM id."""

    descriptor = SCHEDULE
    kind = SCHEDULE.name

    async def create(self, context: Context, inputs: Properties, *, preview: bool) -> Created:
        """Create a schedule; one of the same name that this resource did not make is refused, an equal one adopted."""
        workspace = self._workspace(context, inputs)
        if workspace is None:
            return Created(id="", outputs=self._outputs(inputs))
        adopted = False
        body = await self._get(context, workspace, inputs["name"])
        if body is not None:
            live = await self._understood(context, workspace, body)
            if not context.urn.is_of_same_stack(live.owner):
                if not sent_and_got.held(self.kind, inputs, live).holds:
                    raise Refusal(
                        f"{inputs.get('source', inputs['name'])}: name: got {inputs['name']}, expected one that is "
                        f"free: {live.made_by} made a schedule of this name with other content at {live.made_at}. "
                        "Import that one, or choose another name."
                    )
                await context.inform(
                    f"{inputs['name']} exists with equal content: it is adopted, and stays when this stack goes."
                )
                adopted = True
        if preview:
            return Created(id="", outputs=self._outputs(inputs, adopted=adopted))
        settled = body is not None and sent_and_got.compare(self.kind, inputs, live) == sent_and_got.Verdict()
        if settled and (adopted or live.owner == context.urn.text):
            id = workspace.container(self.descriptor.collection, inputs["name"])
            return Created(id=id, outputs=self._outputs(inputs, adopted=adopted))
        return await self._put(context, workspace, inputs, adopted=adopted)

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
        """Bring the schedule in line, whole."""
        workspace = self._workspace(context, news)
        adopted = is_true(state.get("adopted"))
        if preview or workspace is None:
            return Created(id=id, outputs=self._outputs(news, adopted=adopted))
        return await self._put(context, workspace, news, adopted=adopted)

    async def read(self, context: Context, id: str, inputs: Properties, state: Properties) -> Found | None:
        """The live schedule beside what the state knows of it."""
        workspace, name = await self._address(context, id, state)
        body = await self._get(context, workspace, name)
        if body is None:
            return None
        live = await self._understood(context, workspace, body)
        seen = {
            **inputs.entries,
            **self._differences(inputs, state, live),
            "resourceGroupName": workspace.resource_group,
            "workspaceName": workspace.name,
            "name": name,
        }
        found = Properties(
            entries={wire: value for wire, value in seen.items() if value is not None},
            secrets=inputs.secrets | state.secrets,
        )
        lost = sent_and_got.still_lost(state.get("lost"), live)
        if "lost" not in found.secrets:
            for line in sent_and_got.lost_lines(name, lost):
                await context.warn(line)
        outputs = self._outputs(
            found, adopted=is_true(state.get("adopted")), acknowledged=state.get("acknowledged"), lost=lost
        )
        return Found(id=workspace.container(self.descriptor.collection, name), inputs=found, outputs=outputs)

    async def delete(self, context: Context, id: str, state: Properties) -> None:
        """Disable, then delete; leave what this stack adopted, or what another resource of it declares by now."""
        workspace = self._workspace(context, state)
        assert workspace is not None
        assert context.cloud is not None
        other = context.claims.other_owner(
            workspace.container(self.descriptor.collection, state["name"]), context.urn.text
        )
        if is_true(state.get("adopted")) or other:
            reason = f"{other} declares it too" if other else "this stack adopted it, it did not make it"
            await context.inform(f"schedule {state['name']} is left as it is: {reason}.")
            return
        body = await self._get(context, workspace, state["name"])
        if body is None:
            return
        enabled = (body.get("properties") or {}).get("isEnabled")
        context.begin()
        await asyncio.to_thread(
            context.cloud.writer.delete_schedule,
            workspace,
            state["name"],
            enabled=enabled is None or is_true(enabled),
        )
        await context.inform(f"schedule {state['name']} was disabled and deleted.")

    async def _put(
        self, context: Context, workspace: Workspace, inputs: Properties, *, adopted: bool
    ) -> Created:
        assert context.cloud is not None
        owner: str | None = context.urn.text
        if adopted:
            # Whoever made it finds it again by their own marker.
            body = await self._get(context, workspace, inputs["name"])
            owner = live_version(self.kind, body).owner if body is not None else None
        definition = _definition(inputs)
        await asyncio.to_thread(require_planned_code_of_job, definition, context.root)
        context.begin()
        body = await asyncio.to_thread(
            context.cloud.writer.put_schedule,
            workspace,
            definition,
            root=context.root,
            owner=owner,
        )
        live = await self._understood(context, workspace, body)
        verdict = sent_and_got.compare(self.kind, inputs, live)
        outputs = self._outputs(inputs, adopted=adopted, acknowledged=verdict.acknowledged, lost=verdict.lost)
        id = workspace.container(self.descriptor.collection, inputs["name"])
        for warning in verdict.warnings:
            await context.warn(warning)
        if verdict.errors:
            raise PartialFailure(resource_id=id, outputs=outputs, reasons=verdict.errors)
        return Created(id=id, outputs=outputs)

    async def _understood(
        self, context: Context, workspace: Workspace, body: Mapping[str, Any]
    ) -> LiveVersion:
        assert context.cloud is not None
        return await understood(context.cloud.reader, self.descriptor, workspace, body)

    def _differences(self, inputs: Properties, state: Properties, live: LiveVersion) -> dict[str, Any]:
        acknowledged = json.loads(state.get("acknowledged") or "{}")
        seen: dict[str, Any] = {}
        if "spec" not in inputs:
            seen["spec"] = canonical_text(live.spec)
        else:
            found = sent_and_got.held(self.kind, inputs, live, acknowledged=state.get("acknowledged"))
            if not found.holds:
                seen["spec"] = found.spec
        for wire in _MUTABLE:
            expected = inputs.get(wire, property_rows(self.kind)[wire].checked_in)
            value = live.differing(wire, expected or ({} if wire == "tags" else expected))
            if not (wire in acknowledged and value == acknowledged[wire]):
                seen[wire] = value
        return seen

    def _outputs(
        self,
        inputs: Properties,
        *,
        adopted: bool = False,
        acknowledged: str | None = None,
        lost: str | None = None,
    ) -> Properties:
        rows = property_rows(self.kind)
        values = {name: inputs[name] for name, row in rows.items() if row.is_output and name in inputs}
        if adopted:
            values["adopted"] = True
        values |= {name: text for name, text in (("acknowledged", acknowledged), ("lost", lost)) if text}
        secrets = inputs.secrets | ({"acknowledged", "lost"} if inputs.secrets else set())
        return Properties(entries=values, secrets=secrets & values.keys())

    def _workspace(self, context: Context, values: Mapping[str, Any]) -> Workspace | None:
        names = [values["resourceGroupName"], values["workspaceName"]]
        if context.cloud is None or not is_known(names):
            return None
        return context.cloud.workspace(names[0], names[1])

    async def _address(self, context: Context, id: str, state: Properties) -> tuple[Workspace, str]:
        if "name" not in state:
            place, name, _ = await import_address(context, id, versioned=False)
            assert isinstance(place, Workspace)
            return place, name
        assert context.cloud is not None
        return context.cloud.workspace(state["resourceGroupName"], state["workspaceName"]), state["name"]

    async def _get(self, context: Context, workspace: Workspace, name: str) -> Any:
        assert context.cloud is not None
        path = workspace.container(self.descriptor.collection, name)
        return await context.cloud.reader.get(path, api_version=self.descriptor.api_version)


def _definition(inputs: Properties) -> ScheduleDefinition:
    return ScheduleDefinition(
        name=inputs["name"],
        spec=inputs["spec"],
        source=inputs.get("source", ""),
        enabled=inputs["enabled"],
        code_path=inputs.get("codePath"),
        display_name=inputs.get("displayName"),
        description=inputs.get("description"),
        tags=inputs.get("tags", {}),
    )
