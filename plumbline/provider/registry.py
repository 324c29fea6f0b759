"""The kinds of the provider, and the configured cloud that they work with."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plumbline.kinds import KINDS, PIPELINE_DEPLOYMENT, ArmObject, kind_of_token
from plumbline.provider.address import registry_container_id
from plumbline.provider.check import check
from plumbline.provider.claims import Claims
from plumbline.provider.cloud import Cloud, open_cloud
from plumbline.provider.codec import Properties, is_known
from plumbline.provider.diff import Change, diff
from plumbline.provider.engine_log import EngineLog
from plumbline.provider.errors import Cancelled, PropertyProblem, Refusal
from plumbline.provider.functions import FUNCTIONS, LOCAL_FUNCTIONS
from plumbline.provider.kinds.arm_object import ArmObjectKind
from plumbline.provider.kinds.counted_asset import CountedAssetKind
from plumbline.provider.kinds.kind import Context, Created, Found, Kind
from plumbline.provider.kinds.pipeline_deployment import PipelineDeploymentKind
from plumbline.provider.kinds.pipeline_schedule import PipelineScheduleKind
from plumbline.provider.kinds.versioned_asset import VersionedAssetKind
from plumbline.provider.settings import SETTING_ROWS, read_settings
from plumbline.provider.urn import Urn, parse_urn

_LIFECYCLES: Mapping[str, Callable[[str], Kind]] = {
    "content": lambda kind: VersionedAssetKind(kind=kind),
    "counted": lambda kind: CountedAssetKind(kind=kind),
    "in_place": lambda _: PipelineScheduleKind(),
    "object": lambda kind: (PipelineDeploymentKind if KINDS[kind] is PIPELINE_DEPLOYMENT else ArmObjectKind)(
        kind
    ),
}
"""How the resources of a kind live, by the descriptor's word for it."""

_KINDS: Mapping[str, Kind] = {name: _LIFECYCLES[kind.lifecycle](name) for name, kind in KINDS.items()}

_NOTHING = Properties()

UNSETTLED = ("lost", "divided")
"""Outputs that name fields which Azure has not kept, or keeps in two places: each is a change though no input is one."""


class Registry:
    """Finds the kind of a resource, and hands it what it works with.

    Args:
        cloud: Optional. One that passed the fence already; without it, `configure` opens one.
    """

    def __init__(self, *, engine_log: EngineLog, cloud: Cloud | None = None) -> None:
        self._engine_log = engine_log
        self._claims = Claims()
        self._cloud = cloud
        self._cancelled = False
        self._reads: set[asyncio.Task[Found | None]] = set()

    async def configure(self, urn: str, given: Properties) -> None:
        """Take the settings of this provider instance and pass the fence.

        Raises: Refusal: the fence is closed.
        """
        if any(row.name in given and not is_known(given[row.name]) for row in SETTING_ROWS):
            # A preview of a provider whose settings come from another resource: nothing can be called yet.
            return
        stack = parse_urn(urn).stack if urn else os.environ.get("PULUMI_STACK", "")
        self._cloud = await asyncio.to_thread(open_cloud, read_settings(stack, given, os.environ))

    def cancel(self) -> None:
        """Begin nothing any more, and stop reading. A write that has begun is finished: the state must know it."""
        self._cancelled = True
        for task in self._reads:
            task.cancel()

    async def close(self) -> None:
        """Close the connections."""
        if self._cloud is not None:
            await self._cloud.reader.close()

    def check(self, urn: Urn, news: Properties) -> tuple[Properties, tuple[PropertyProblem, ...]]:
        """Validate inputs, fill in what follows from them."""
        kind = _kind_name(urn)
        inputs, problems = check(kind, news)
        self._claim(urn, kind, inputs)
        return inputs, problems

    def diff(
        self, urn: Urn, olds: Properties, news: Properties, state: Properties = _NOTHING
    ) -> tuple[Change, ...]:
        """List what changed, and what Azure has not kept of what the state says was sent."""
        unsettled = [path for name in UNSETTLED for path in json.loads(state.get(name) or "{}")]
        return diff(_kind_name(urn), olds, news, unsettled=unsettled)

    async def create(self, urn: Urn, inputs: Properties, *, preview: bool) -> Created:
        """Create a resource."""
        return await _kind(urn).create(self._context(urn, preview=preview), inputs, preview=preview)

    async def read(self, urn: Urn, id: str, inputs: Properties, state: Properties) -> Found | None:
        """Read a resource; None when it is gone.

        Raises: Cancelled: the engine asked to stop meanwhile.
        """
        self._begin()
        task = asyncio.ensure_future(_kind(urn).read(self._context(urn), id, inputs, state))
        self._reads.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            self._begin()
            raise
        finally:
            self._reads.discard(task)

    async def update(
        self, urn: Urn, id: str, state: Properties, olds: Properties, news: Properties, *, preview: bool
    ) -> Created:
        """Update a resource."""
        context = self._context(urn, preview=preview)
        return await _kind(urn).update(context, id, state, olds, news, preview=preview)

    async def delete(self, urn: Urn, id: str, state: Properties) -> None:
        """Delete a resource."""
        await _kind(urn).delete(self._context(urn), id, state)

    async def invoke(self, token: str, arguments: Properties) -> Mapping[str, Any]:
        """Answer a function; nothing when its arguments or the provider's settings are not known yet.

        Raises: Refusal: there is no such function, or it refuses.
        """
        local = LOCAL_FUNCTIONS.get(token)
        if local is not None:
            if not is_known(arguments.entries):
                return {}
            return await asyncio.to_thread(local, arguments.entries, root=Path.cwd())
        function = FUNCTIONS.get(token)
        if function is None:
            raise Refusal(
                f"{token}: got a function that is not there, expected one of {', '.join([*FUNCTIONS, *LOCAL_FUNCTIONS])}."
            )
        if self._cloud is None or not is_known(arguments.entries):
            return {}
        return await function(self._cloud, arguments)

    def _context(self, urn: Urn, *, preview: bool = False) -> Context:
        if self._cloud is None and not preview:
            raise Refusal(
                f"{urn.name}: got a provider that is not configured, expected tenantId and subscriptionId to be known."
            )
        return Context(
            urn=urn, cloud=self._cloud, engine_log=self._engine_log, claims=self._claims, begin=self._begin
        )

    def _begin(self) -> None:
        if self._cancelled:
            raise Cancelled(
                "cancelled before this step began. Run the command again: it takes up what is done."
            )

    def _claim(self, urn: Urn, kind: str, inputs: Properties) -> None:
        places = ("registryName",) if "registryName" in inputs else ("resourceGroupName", "workspaceName")
        descriptor = KINDS[kind]
        holder = (descriptor.below[0],) if isinstance(descriptor, ArmObject) and descriptor.below else ()
        nouns = ("name", *(("version",) if descriptor.is_versioned else ()), *places, *holder)
        values = {noun: inputs.get(noun) for noun in nouns}
        if self._cloud is None or not all(isinstance(value, str) for value in values.values()):
            return
        text = {noun: str(value) for noun, value in values.items()}
        collection, name, version = descriptor.collection, descriptor.name_below(text), text.get("version")
        if "registryName" in text:
            container = registry_container_id(text["registryName"], collection, name)
        else:
            workspace = self._cloud.workspace(text["resourceGroupName"], text["workspaceName"])
            container = workspace.container_id(collection, name)
        self._claims.add(f"{container}/versions/{version}" if version else container, urn.text)


def _kind_name(urn: Urn) -> str:
    kind = kind_of_token(urn.token)
    if kind is None:
        known = ", ".join(row.token for row in KINDS.values())
        raise Refusal(f"{urn.name}: type: got {urn.token}, expected one of {known}.")
    return kind.name


def _kind(urn: Urn) -> Kind:
    return _KINDS[_kind_name(urn)]
