"""The cloud that one configured provider works with: fenced, logged in, with a reader and a writer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from plumbline.azure import reader as arm
from plumbline.azure.api_versions import api_version
from plumbline.azure.clouds import registry_discovery_of
from plumbline.fence import PUBLIC_RESOURCE_MANAGERS, CloudPins, FenceError, LiveCloud, require_pinned_cloud
from plumbline.provider.address import Registry, Workspace
from plumbline.provider.client import Writer
from plumbline.provider.errors import Refusal
from plumbline.provider.login import Login
from plumbline.provider.reader import Reader
from plumbline.provider.settings import Settings


@dataclass(frozen=True)
class Cloud:
    """A live cloud that passed the fence. Nothing is sent before it is asked for something.

    Attributes:
        connections: Of a caller that has some, with a login of their own; None to open some under the settings' login.
    """

    settings: Settings
    live: LiveCloud
    connections: arm.Reader | None = None

    @property
    def endpoint(self) -> str:
        """Address of Resource Manager."""
        return self.live.resource_manager or PUBLIC_RESOURCE_MANAGERS[self.live.name]

    @cached_property
    def login(self) -> Login:
        """The one login of reads and writes."""
        return Login(self.settings, local=self.live.is_emulated)

    @cached_property
    def reader(self) -> Reader:
        """Reads, to be awaited in the loop that first asks."""
        return Reader(
            self.connections
            or arm.Reader(
                endpoint=self.endpoint,
                credential=self.login,
                local=self.live.is_emulated,
                agent="plumbline-provider",
            )
        )

    @cached_property
    def writer(self) -> Writer:
        """Writes, to be called in threads."""
        return Writer(
            endpoint=self.endpoint, cloud=self.live.name, login=self.login, local=self.live.is_emulated
        )

    async def registry(self, name: str) -> Registry:
        """A registry, of whichever subscription, as discovery describes it; asked once.

        Raises: Refusal: there is none of this name, or the login may not use it.
        Source: azure-ai-ml 1.35.2 RegistryDiscovery; recorded in registry tests.
        """
        if name not in self._registries:
            self._registries[name] = asyncio.ensure_future(self._discovered(name))
        try:
            return await asyncio.shield(self._registries[name])
        except Refusal:
            self._registries.pop(name, None)
            raise

    async def _discovered(self, name: str) -> Registry:
        base = (
            registry_discovery_of(self.live.name) or os.environ.get("REGISTRY_DISCOVERY_ENDPOINT_URL") or ""
        )
        if not base:
            raise Refusal(
                f"registry {name}: got cloud {self.live.name}, which names no discovery of registries, expected "
                "REGISTRY_DISCOVERY_ENDPOINT_URL to be set. Set it to the cloud's."
            )
        path = f"{base.rstrip('/')}/registrymanagement/v1.0/registries/{name}/discovery"
        found = await self.reader.get(path, api_version=api_version("registry_discovery"))
        if found is None:
            raise Refusal(
                f"registry {name}: got no registry of this name, expected one. Correct the name, or make it first."
            )
        return Registry(
            name=name,
            subscription_id=str(found["subscriptionId"]),
            resource_group=str(found["resourceGroup"]),
            region=str(found["primaryRegionResourceProviderUri"]),
        )

    @cached_property
    def _registries(self) -> dict[str, asyncio.Future[Registry]]:
        return {}

    def workspace(self, resource_group: str, name: str) -> Workspace:
        """A workspace of the pinned subscription."""
        return Workspace(
            subscription_id=self.settings.subscription_id, resource_group=resource_group, name=name
        )


def open_cloud(settings: Settings, environ: Mapping[str, str] | None = None) -> Cloud:
    """Pass the fence.

    Raises: Refusal: a pin is missing, or the live endpoint is another one than pinned, or it does not answer.
    """
    missing = [
        f"plumbline:{name}"
        for name, value in (("tenantId", settings.tenant_id), ("subscriptionId", settings.subscription_id))
        if not value
    ]
    if missing:
        raise Refusal(
            f"Pulumi.{settings.stack}.yaml: {', '.join(missing)}: got nothing, expected the GUIDs that this stack "
            f"pins. Set them: pulumi config set {missing[0]} GUID"
        )
    pins = CloudPins(
        stack=settings.stack,
        cloud=settings.cloud,
        tenant_id=settings.tenant_id,
        subscription_id=settings.subscription_id,
    )
    environ = os.environ if environ is None else environ
    try:
        live = require_pinned_cloud(pins, environ)
    except FenceError as error:
        raise Refusal(str(error)) from error
    if not live.resource_manager and live.name not in PUBLIC_RESOURCE_MANAGERS:
        raise Refusal(
            f"cloud: got {live.name}, expected one of {', '.join(PUBLIC_RESOURCE_MANAGERS)}, or ARM_CLOUD_METADATA_URL "
            "to name its metadata."
        )
    return Cloud(settings, live)
