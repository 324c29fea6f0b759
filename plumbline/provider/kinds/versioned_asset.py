"""Environments, components, data assets: versions in a container, content-addressed, never overwritten.

The resource is the container; `version` is an output that moves when the content changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from plumbline.assets import canonical_text, content_hash, is_content_version
from plumbline.azure.live_version import LiveVersion
from plumbline.kinds import KINDS, is_true
from plumbline.provider.address import Place
from plumbline.provider.codec import UNKNOWN, Properties, is_known
from plumbline.provider.diff import content_changed
from plumbline.provider.errors import Denied, PartialFailure, Refusal
from plumbline.provider.kinds import sent_and_got
from plumbline.provider.kinds.asset_values import (
    definition_of,
    mutable_inputs,
    outputs_of,
    seen_inputs,
)
from plumbline.provider.kinds.import_address import import_address
from plumbline.provider.kinds.kind import Context, Created, Found
from plumbline.provider.kinds.snapshot import require_planned_code
from plumbline.provider.live_asset import understood


class VersionedAssetKind:
    """Create, read, update and delete of one kind of asset; see design notes in docs/adr/0002."""

    def __init__(self, *, kind: str) -> None:
        self.kind = kind
        self.descriptor = KINDS[kind]

    async def create(self, context: Context, inputs: Properties, *, preview: bool) -> Created:
        """Register, adopt or restore the version that the inputs describe."""
        return await self._ensure(context, inputs, state=Properties(), preview=preview, id="")

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
        """Add a version for new content; change the current one's mutable values otherwise."""
        news = self._with_version_of(state, news)
        if preview and not content_changed(state, news):
            # Nothing to look up: the version stays, its mutable values change.
            return Created(id=id, outputs=outputs_of(self.kind, news, registered=_registered(state)))
        return await self._ensure(context, news, state=state, preview=preview, id=id)

    async def read(self, context: Context, id: str, inputs: Properties, state: Properties) -> Found | None:
        """The live version beside what the state knows of it."""
        place, name, version = await self._address(context, id, state)
        body, archived = await self._live(context, place, name, version)
        if body is None:
            return None
        live = await self._understood(context, place, body)
        acknowledged = state.get("acknowledged")
        seen = seen_inputs(
            self.kind,
            inputs,
            live,
            version=version,
            acknowledged=acknowledged,
            archived=archived,
            divided=state.get("divided"),
        )
        seen |= {**place.inputs, "name": name}
        if self.descriptor.version_is_content or "version" in inputs:
            seen["version"] = version
        secrets = inputs.secrets | state.secrets
        found = Properties(entries=seen, secrets=secrets)
        lost = sent_and_got.still_lost(state.get("lost"), live)
        if "lost" not in secrets:
            for line in sent_and_got.lost_lines(f"{name}:{version}", lost):
                await context.warn(line)
        outputs = outputs_of(
            self.kind,
            Properties(entries={**seen, "version": version}, secrets=secrets),
            registered=state.get("registeredVersions", ()),
            acknowledged=acknowledged,
            lost=lost,
            divided=canonical_text(live.divided) if live.divided else None,
        )
        return Found(id=place.container_id(self.descriptor.collection, name), inputs=found, outputs=outputs)

    async def delete(self, context: Context, id: str, state: Properties) -> None:
        """Archive the versions that this state registered."""
        place, name = await self._place(context, state), state["name"]
        registered = state.get("registeredVersions", [])
        archived = []
        for version in registered:
            version_id = place.version(self.descriptor.collection, name, version)
            claimed = f"{place.container_id(self.descriptor.collection, name)}/versions/{version}"
            other = context.claims.other_owner(claimed, context.urn.text)
            if other:
                await context.inform(f"{name}:{version} is left as it is: {other} declares it too.")
                continue
            body = await self._get(context, place, version_id)
            if body is None or is_true((body.get("properties") or {}).get("isArchived")):
                continue
            context.begin()
            try:
                await asyncio.to_thread(self._writer(context).archive, place, self.kind, name, version)
                archived.append(version)
            except Denied as refusal:
                await context.warn(f"{refusal} It stays, and is no longer managed by this stack.")
        if archived:
            await context.inform(f"archived {name}: {', '.join(archived)}. Azure ML keeps archived versions.")
        current = state.get("version")
        if current not in registered:
            await context.inform(
                f"{name}:{current} is left as it is: this stack adopted it, it did not register it."
            )

    async def _ensure(
        self, context: Context, inputs: Properties, *, state: Properties, preview: bool, id: str
    ) -> Created:
        if context.cloud is None or not all(
            is_known(inputs.get(name)) for name in ("resourceGroupName", "workspaceName", "registryName")
        ):
            return Created(id=id, outputs=outputs_of(self.kind, inputs, registered=UNKNOWN))
        place = await self._place(context, inputs)
        inputs, found = await self._resolve_version(context, place, inputs)
        if found is not None:
            return await self._take_up(context, place, inputs, found, state, preview=preview, id=id)
        if preview:
            return Created(id=id, outputs=outputs_of(self.kind, inputs, registered=UNKNOWN))
        definition = definition_of(self.kind, inputs)
        await asyncio.to_thread(require_planned_code, definition, context.root)
        context.begin()
        loop = asyncio.get_running_loop()

        def say(message: str) -> None:
            asyncio.run_coroutine_threadsafe(context.inform(f"{definition.reference}: {message}"), loop)

        body = await asyncio.to_thread(
            self._writer(context).register,
            place,
            definition,
            root=context.root,
            owner=context.urn.text,
            say=say,
        )
        registered = _with(_registered(state), definition.version)
        return await self._acknowledge(context, place, inputs, body, registered)

    async def _take_up(
        self,
        context: Context,
        place: Place,
        inputs: Properties,
        body: Mapping[str, Any],
        state: Properties,
        *,
        preview: bool,
        id: str,
    ) -> Created:
        """Go on from a version that exists: ours from before, someone else's equal one, or an archived one."""
        name, version, registered = inputs["name"], inputs["version"], _registered(state)
        live = await self._understood(context, place, body)
        container = await self._get(context, place, place.container(self.descriptor.collection, name))
        properties = (container or {}).get("properties") or {}
        self._require_same_content(inputs, live, state, properties.get("nextVersion"))
        # Rests on ml-asset-new-version-in-archived-container.
        container_archived = is_true(properties.get("isArchived"))
        archived = live.differing("archived", None) or container_archived
        if archived and not inputs["archived"]:
            if preview:
                whole = "; its container is archived and is restored with it" if container_archived else ""
                await context.inform(
                    f"{name}:{version} exists, archived, with equal content: it is restored{whole}."
                )
            else:
                await self._restore(context, place, name, version, container_archived=container_archived)
            registered = _with(registered, version)
        elif live.owner == context.urn.text:
            # A run that was cut off after its write and before its state: ours, not adopted.
            registered = _with(registered, version)
        elif version not in registered and not id:
            verb = "is" if preview else "was"
            await context.inform(
                f"{name}:{version} exists with equal content: it {verb} adopted, not registered."
            )
        if preview:
            for line in sent_and_got.compare(self.kind, inputs, live, leave=tuple(live.values)).errors:
                await context.warn(line)
            return Created(id=id, outputs=outputs_of(self.kind, inputs, registered=registered))
        wanted = mutable_inputs(self.kind, inputs)
        if any(live.differing(wire, value) != value for wire, value in wanted.items()):
            context.begin()
            attributes = {self.descriptor.entity_fields[wire]: value for wire, value in wanted.items()}
            body = await asyncio.to_thread(
                self._writer(context).change,
                place,
                definition_of(self.kind, inputs),
                attributes,
                properties=(body.get("properties") or {}).get("properties") or {},
                root=context.root,
            )
        if inputs["archived"] and not archived:
            context.begin()
            await asyncio.to_thread(self._writer(context).archive, place, self.kind, name, version)
        return await self._acknowledge(context, place, inputs, body, registered)

    async def _restore(
        self, context: Context, place: Place, name: str, version: str, *, container_archived: bool
    ) -> None:
        context.begin()
        if container_archived:
            # A version of an archived container cannot be restored alone.
            await asyncio.to_thread(self._writer(context).restore, place, self.kind, name, None)
        await asyncio.to_thread(self._writer(context).restore, place, self.kind, name, version)
        await context.inform(f"restored {name}:{version}, which was archived with equal content.")

    async def _acknowledge(
        self,
        context: Context,
        place: Place,
        inputs: Properties,
        body: Mapping[str, Any] | None,
        registered: tuple[str, ...],
    ) -> Created:
        """Compare what came back with what was sent."""
        if body is None:
            # A registry takes the write and answers nothing; what it made of it is read.
            path = place.version(self.descriptor.collection, inputs["name"], inputs["version"])
            body = await self._get(context, place, path)
            if body is None:
                raise Refusal(
                    f"{inputs['name']}:{inputs['version']}: got nothing in {place.spoken}, expected what was just "
                    "registered there. Run the command again: what was acknowledged is found again."
                )
        live = await self._understood(context, place, body)
        verdict = sent_and_got.compare(self.kind, inputs, live, leave=("archived",))
        outputs = outputs_of(
            self.kind,
            inputs,
            registered=registered,
            acknowledged=verdict.acknowledged,
            lost=verdict.lost,
        )
        id = place.container_id(self.descriptor.collection, inputs["name"])
        for warning in verdict.warnings:
            await context.warn(warning)
        if verdict.errors:
            raise PartialFailure(resource_id=id, outputs=outputs, reasons=verdict.errors)
        return Created(id=id, outputs=outputs)

    def _require_same_content(
        self, inputs: Properties, live: LiveVersion, state: Properties, following: Any
    ) -> None:
        """Refuse a version that stands for other content. One that we wrote, and that lost something, is not refused."""
        same = all(state.get(name) == inputs[name] for name in ("contentHash", "version"))
        found = sent_and_got.held(
            self.kind, inputs, live, acknowledged=state.get("acknowledged") if same else None
        )
        if found.holds or found.marked or (same and live.content_mark is None):
            return
        live_hash = live.content_mark or content_hash(
            self.kind, found.spec, reference_hashes=inputs.get("referenceHashes") or None
        )
        hidden = [f"{path}, which Azure does not show" for path in found.hidden]
        fields = ", ".join([*(change.path for change in found.differences), *hidden][:5])
        raise Refusal(
            f"{inputs.get('source', inputs['name'])}: version: got {inputs['version']} with content "
            f"{inputs['contentHash']}, expected content {live_hash}, under which {live.made_by} registered "
            f"{inputs['name']}:{inputs['version']} at {live.made_at}; versions never change (differing: {fields}). "
            f"{_next_step(inputs['version'], following)}"
        )

    async def _resolve_version(
        self, context: Context, place: Place, inputs: Properties
    ) -> tuple[Properties, Mapping[str, Any] | None]:
        """The inputs with their version, and what is live under it."""
        path = place.version(self.descriptor.collection, inputs["name"], inputs["version"])
        return inputs, await self._get(context, place, path)

    def _with_version_of(self, state: Properties, news: Properties) -> Properties:
        """Versions follow from content: nothing to carry over (a model's does not)."""
        return news

    async def _place(self, context: Context, values: Mapping[str, Any]) -> Place:
        assert context.cloud is not None
        if values.get("registryName"):
            return await context.cloud.registry(values["registryName"])
        return context.cloud.workspace(values["resourceGroupName"], values["workspaceName"])

    async def _address(self, context: Context, id: str, state: Properties) -> tuple[Place, str, str]:
        if "version" not in state:
            return await import_address(context, id, versioned=True)
        return await self._place(context, state), state["name"], state["version"]

    async def _live(
        self, context: Context, place: Place, name: str, version: str
    ) -> tuple[Mapping[str, Any] | None, bool]:
        body, container = await asyncio.gather(
            self._get(context, place, place.version(self.descriptor.collection, name, version)),
            self._get(context, place, place.container(self.descriptor.collection, name)),
        )
        return body, is_true(((container or {}).get("properties") or {}).get("isArchived"))

    async def _understood(self, context: Context, place: Place, body: Mapping[str, Any]) -> LiveVersion:
        assert context.cloud is not None
        return await understood(context.cloud.reader, self.descriptor, place, body)

    async def _get(self, context: Context, place: Place, path: str) -> Any:
        assert context.cloud is not None
        return await context.cloud.reader.get(path, api_version=place.asked_with(self.descriptor))

    def _writer(self, context: Context) -> Any:
        assert context.cloud is not None
        return context.cloud.writer


def _next_step(version: str, following: Any) -> str:
    if is_content_version(version):
        return "Someone changed what this version holds: archive it, or change the definition."
    if version.isdigit():
        # Azure counts components by the time, whatever their versions look like (recorded, 2026-03-27).
        counted = str(following or "").isdigit()
        following = following if counted else int(version) + 1
    else:
        following = f"{version}-2"
    return f"Declare version {following}, or none at all."


def _registered(state: Properties) -> tuple[str, ...]:
    known = state.get("registeredVersions", [])
    return tuple(known) if is_known(known) else ()


def _with(registered: tuple[str, ...], version: str) -> tuple[str, ...]:
    return registered if version in registered else (*registered, version)
