"""Kinds whose versions the service counts, as those of models: equal content is found first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.provider.address import Place
from plumbline.provider.codec import Properties
from plumbline.provider.kinds.kind import Context
from plumbline.provider.kinds.sent_and_got import held
from plumbline.provider.kinds.versioned_asset import VersionedAssetKind


class CountedAssetKind(VersionedAssetKind):
    """As every versioned asset, but for the version of one that declares none."""

    async def _resolve_version(
        self, context: Context, place: Place, inputs: Properties
    ) -> tuple[Properties, Mapping[str, Any] | None]:
        if inputs.get("version"):
            return await super()._resolve_version(context, place, inputs)
        container = place.container(self.descriptor.collection, inputs["name"])
        highest = 0
        for listed in await self._versions(context, place, container):
            version = str(listed.get("name"))
            highest = max(highest, int(version) if version.isdigit() else 0)
            body = await self._get(context, place, f"{container}/versions/{version}")
            if body is None:
                continue
            live = await self._understood(context, place, body)
            if held(self.kind, {**inputs.entries, "version": version}, live).holds:
                return _versioned(inputs, version), body
        return _versioned(inputs, str(highest + 1)), None

    def _with_version_of(self, state: Properties, news: Properties) -> Properties:
        if (
            not news.get("version")
            and state.get("contentHash") == news.get("contentHash")
            and "version" in state
        ):
            return _versioned(news, state["version"])
        return news

    async def _versions(self, context: Context, place: Place, container: str) -> list[Mapping[str, Any]]:
        assert context.cloud is not None
        return await context.cloud.reader.pages(
            f"{container}/versions",
            api_version=place.asked_with(self.descriptor),
            query={"listViewType": "All"},
        )


def _versioned(inputs: Properties, version: str) -> Properties:
    return Properties(entries={**inputs.entries, "version": version}, secrets=inputs.secrets)
