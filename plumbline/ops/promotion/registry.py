"""The registry as the command line reads it: versions live, hashed again, code downloaded."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from plumbline.assets.lock import Pin
from plumbline.azure.api_versions import api_version, api_version_at
from plumbline.azure.clouds import cloud_at, registry_discovery_of
from plumbline.azure.live_version import code_id, kept_code_hash, registry_code
from plumbline.azure.registry_code import CODES, code_problem, downloaded_hash, signature_request
from plumbline.azure.registry_pin import PinFinding, pin_finding
from plumbline.kinds import KINDS
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.provider.address import Registry

_Code = tuple[str | None, str | None]


def registry_named(session: AzureSession, name: str) -> Registry:
    """A registry as discovery describes it. Raises: UserError: there is none of this name, or no right to it.

    Source: azure-ai-ml 1.35.2 RegistryDiscovery; recorded in registry tests.
    """
    known = registry_discovery_of(cloud_at(session.target.endpoint) or "")
    base = known or os.environ.get("REGISTRY_DISCOVERY_ENDPOINT_URL") or session.target.endpoint
    path = f"{base.rstrip('/')}/registrymanagement/v1.0/registries/{name}/discovery"
    found = session.get(path, api_version=api_version("registry_discovery"))
    if found is None:
        raise UserError(
            f"registry {name}: got nothing of this name, expected it. Bring it up first: pulumi up -s shared"
        )
    return Registry(
        name=name,
        subscription_id=str(found["subscriptionId"]),
        resource_group=str(found["resourceGroup"]),
        region=str(found["primaryRegionResourceProviderUri"]),
    )


def address_of(session: AzureSession, asset_id: str) -> str:
    """Where an asset of a registry is asked, by its id `azureml://registries/R/COLLECTION/NAME`."""
    name, collection, asset = asset_id.removeprefix("azureml://registries/").split("/")[:3]
    return registry_named(session, name).container(collection, asset)


class RegistryReading:
    """Pins held against one registry; each code version is read once. Safe from any thread."""

    def __init__(self, session: AzureSession, registry: Registry, *, downloads: bool) -> None:
        self._session, self._registry, self._downloads = session, registry, downloads
        self._codes: dict[tuple[str, str], Future[_Code]] = {}
        self._lock = threading.Lock()

    def findings(self, pins: Sequence[Pin]) -> list[PinFinding]:
        """Every pin, in order."""
        return self._session.side_by_side(self.finding, list(pins))

    def finding(self, pin: Pin) -> PinFinding:
        """One pin."""
        kind = KINDS[pin.kind]
        path = self._registry.version(kind.collection, pin.name, pin.version)
        body = self._session.get(path, api_version=self._registry.asked_with(kind))
        address = registry_code(pin.kind, body) if body else None
        hashed, problem = self._code(address) if address else (None, None)
        return pin_finding(
            pin.model_dump(mode="json"),
            body,
            registry=self._registry.name,
            place=self._registry.spoken,
            code_hash=hashed,
            code_problem=problem,
        )

    def _code(self, address: tuple[str, str]) -> _Code:
        with self._lock:
            known = self._codes.get(address)
            future = self._codes.setdefault(address, known or Future())
        if known is None:
            try:
                future.set_result(self._read_code(*address))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def _read_code(self, name: str, version: str) -> _Code:
        from azure.core.exceptions import AzureError

        path = self._registry.version(CODES, name, version)
        body = self._session.get(path, api_version=api_version("registry_region"))
        where = f"code {name}:{version}"
        if body is None:
            return None, f"{where}: got nothing in {self._registry.spoken}, expected it there"
        kept = kept_code_hash(body)
        if not self._downloads:
            return kept, None
        uri = str((body.get("properties") or {}).get("codeUri") or "")
        address, asked = signature_request(self._registry.name, path, name, version, uri)
        answer = self._session.send("POST", address, api_version=api_version("registry_region"), body=asked)
        try:
            made, left_out = downloaded_hash(answer.json(), uri)
        except AzureError as error:
            raise UserError(
                f"{uri}: got {str(error).splitlines()[0]}, expected the code's files. Try again."
            ) from error
        return made, code_problem(where, made, kept, left_out)


def workspace_findings(session: AzureSession, pins: Sequence[Pin]) -> list[PinFinding]:
    """The same pins as the workspace holds them that registered them first."""

    def finding(pin: Pin) -> PinFinding:
        collection = KINDS[pin.kind].collection
        path = f"{session.target.workspace_id}/{collection}/{pin.name}/versions/{pin.version}"
        body: Mapping[str, Any] | None = session.get(path, api_version=api_version_at(path))
        id = code_id(pin.kind, body) if body else None
        code = session.get(id, api_version=api_version("codes")) if id else None
        return pin_finding(
            pin.model_dump(mode="json"),
            body,
            registry=None,
            place=f"workspace {session.target.workspace_name}",
            code_hash=kept_code_hash(code),
        )

    return session.side_by_side(finding, list(pins))
