"""Whether a registry holds what a lock pins, asked before anything that runs it is changed.

Source: azure-ai-ml 1.35.2, registry data plane, for reads of versions and for the download of code.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.azure.live_version import kept_code_hash, registry_code
from plumbline.azure.registry_code import CODES, code_problem, downloaded_hash, signature_request
from plumbline.azure.registry_pin import PinFinding, pin_finding
from plumbline.kinds import KINDS
from plumbline.provider.address import Registry
from plumbline.provider.answers import refusal_of
from plumbline.provider.cloud import Cloud

CHECK_PINS = "plumbline:azureml:checkPins"


async def check_pins(cloud: Cloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Read every pinned version, hash it again, and its code too.

    Args:
        arguments: registryName; pins: JSON text, a list; codeDownloaded.
    Returns: problems: a line for each that does not hold.
    Raises: Refusal: no such registry, no login, no right, no answer.
    """
    registry = await cloud.registry(str(arguments["registryName"]))
    reading = _Reading(cloud, registry, downloads=bool(arguments["codeDownloaded"]))
    found = await asyncio.gather(*(reading.finding(pin) for pin in json.loads(arguments["pins"])))
    return {"problems": [problem for one in found for problem in one.problems]}


class _Reading:
    """Pins of one registry; a code version that several components share is read once."""

    def __init__(self, cloud: Cloud, registry: Registry, *, downloads: bool) -> None:
        self._cloud, self._registry, self._downloads = cloud, registry, downloads
        self._codes: dict[tuple[str, str], asyncio.Task[tuple[str | None, str | None]]] = {}

    async def finding(self, pin: Mapping[str, Any]) -> PinFinding:
        """One pin."""
        kind = KINDS[str(pin["kind"])]
        path = self._registry.version(kind.collection, str(pin["name"]), str(pin["version"]))
        body = await self._cloud.reader.get(path, api_version=self._registry.asked_with(kind))
        address = registry_code(kind.name, body) if body else None
        code: tuple[str | None, str | None] = (None, None)
        if address is not None:
            task = self._codes.get(address)
            if task is None:
                task = self._codes[address] = asyncio.ensure_future(self._code(*address))
            code = await task
        return pin_finding(
            pin,
            body,
            registry=self._registry.name,
            place=self._registry.spoken,
            code_hash=code[0],
            code_problem=code[1],
        )

    async def _code(self, name: str, version: str) -> tuple[str | None, str | None]:
        """Hash of a code version, and what is wrong with it."""
        path = self._registry.version(CODES, name, version)
        body = await self._cloud.reader.get(path, api_version=api_version("registry_region"))
        if body is None:
            return None, f"code {name}:{version}: got nothing in {self._registry.spoken}, expected it there"
        kept = kept_code_hash(body)
        if not self._downloads:
            return kept, None
        uri = str((body.get("properties") or {}).get("codeUri") or "")
        address, asked = signature_request(self._registry.name, path, name, version, uri)
        answer = await self._cloud.reader.post(
            address, api_version=api_version("registry_region"), body=asked
        )
        from azure.core.exceptions import AzureError

        try:
            made, left_out = await asyncio.to_thread(downloaded_hash, answer, uri)
        except AzureError as error:
            raise refusal_of(error, what=f"read code {name}:{version}", action="read", scope=uri) from error
        return made, code_problem(f"code {name}:{version}", made, kept, left_out)
