"""The registry as the command line reads and fills it: versions live, hashed anew, code downloaded."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from plumbline.assets.lock import Pin
from plumbline.azure.api_versions import api_version, api_version_at
from plumbline.azure.clouds import registry_discovery_of
from plumbline.azure.live_version import code_id, kept_code_hash
from plumbline.azure.registry_address import RegistryAddress
from plumbline.azure.registry_code import downloaded_hash, signature_request
from plumbline.azure.registry_pin import PinFinding, code_address, pin_finding
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError

_Code = tuple[str | None, str | None]


def registry_at(arm_id: str) -> RegistryAddress:
    """A registry by its full ARM id."""
    parts = arm_id.strip("/").split("/")
    return RegistryAddress(subscription_id=parts[1], resource_group_name=parts[3], name=parts[7])


class RegistryReading:
    """Pins held against one registry; each code version is read once. Safe from any thread."""

    def __init__(self, session: AzureSession, registry: RegistryAddress, *, downloads: bool) -> None:
        self._session, self._registry, self._downloads = session, registry, downloads
        self._codes: dict[tuple[str, str], Future[_Code]] = {}
        self._lock = threading.Lock()

    def findings(self, pins: Sequence[Pin]) -> list[PinFinding]:
        """Every pin, in order."""
        return self._session.side_by_side(self.finding, list(pins))

    def finding(self, pin: Pin) -> PinFinding:
        """One pin."""
        path = self._registry.version(pin.kind, pin.name, pin.version)
        body = self._session.get(path, api_version=api_version("registry_assets"))
        address = code_address(pin.kind, body) if body else None
        hashed, problem = self._code(address) if address else (None, None)
        return pin_finding(
            pin.model_dump(mode="json"),
            body,
            registry=self._registry.name,
            place=f"registry {self._registry.name}",
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
        path = self._registry.version("code", name, version)
        body = self._session.get(path, api_version=api_version("registry_assets"))
        where = f"code {name}:{version}"
        if body is None:
            return None, f"{where}: got nothing in registry {self._registry.name}, expected it there"
        kept = kept_code_hash(body)
        if not self._downloads:
            return kept, None
        made, left_out = self._downloaded(
            name, version, str((body.get("properties") or {}).get("codeUri") or "")
        )
        if left_out:
            return (
                made,
                f"{where}: got {', '.join(left_out)}, which its hash leaves out, expected no such file",
            )
        if kept is not None and kept != made:
            return made, f"{where}: got files with hash {made}, expected {kept} as it was published"
        return made, None

    def _downloaded(self, name: str, version: str, uri: str) -> tuple[str, tuple[str, ...]]:
        from azure.core.exceptions import AzureError

        place = registry_discovery_of(self._session.target.endpoint, os.environ)
        discovered = self._session.get(self._registry.discovery(place))
        if discovered is None:
            raise UserError(
                f"registry {self._registry.name}: got nothing, expected it. Run: pulumi up -s shared"
            )
        address, asked = signature_request(self._registry, discovered, name, version, uri)
        answer = self._session.send(
            "POST", address, api_version=api_version("registry_data_plane"), body=asked
        )
        try:
            return downloaded_hash(answer.json(), uri)
        except AzureError as error:
            raise UserError(
                f"{uri}: got {str(error).splitlines()[0]}, expected the code's files. Try again."
            ) from error


def workspace_findings(session: AzureSession, pins: Sequence[Pin]) -> list[PinFinding]:
    """The same pins as the workspace holds them that registered them first."""
    place = f"workspace {session.target.workspace_name}"

    def finding(pin: Pin) -> PinFinding:
        collection = {"environment": "environments", "component": "components", "data": "data"}[pin.kind]
        path = f"{session.target.workspace_id}/{collection}/{pin.name}/versions/{pin.version}"
        body: Mapping[str, Any] | None = session.get(path, api_version=api_version_at(path))
        id = code_id(pin.kind, body) if body else None
        code = session.get(id, api_version=api_version("codes")) if id else None
        return pin_finding(
            pin.model_dump(mode="json"), body, registry=None, place=place, code_hash=kept_code_hash(code)
        )

    return session.side_by_side(finding, list(pins))
