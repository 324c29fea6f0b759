"""Whether a registry holds what a lock pins, asked before anything that runs it is changed.

Source: Registry Component, Environment, Data and Code Versions - Get; azure-ai-ml 1.35.2 for the download of code.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.azure.clouds import registry_discovery_of
from plumbline.azure.live_version import kept_code_hash
from plumbline.azure.registry_address import RegistryAddress
from plumbline.azure.registry_code import downloaded_hash, signature_request
from plumbline.azure.registry_pin import PinFinding, code_address, pin_finding
from plumbline.provider.cloud import Cloud

CHECK_PINS = "plumbline:azureml:checkPins"


async def check_pins(cloud: Cloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Read every pinned version, hash it anew, and its code too.

    Args:
        arguments: registryName, resourceGroupName, subscriptionId; pins: JSON text, a list; codeDownloaded.
    Returns: problems: a line for each that does not hold.
    Raises: Refusal: no login, no right, no answer.
    """
    registry = RegistryAddress(
        subscription_id=arguments["subscriptionId"],
        resource_group_name=arguments["resourceGroupName"],
        name=arguments["registryName"],
    )
    reading = _Reading(cloud, registry, downloads=bool(arguments["codeDownloaded"]))
    found = await asyncio.gather(*(reading.finding(pin) for pin in json.loads(arguments["pins"])))
    return {"problems": [problem for one in found for problem in one.problems]}


class _Reading:
    """Pins of one registry; a code version that several components share is read once."""

    def __init__(self, cloud: Cloud, registry: RegistryAddress, *, downloads: bool) -> None:
        self._cloud, self._registry, self._downloads = cloud, registry, downloads
        self._codes: dict[tuple[str, str], asyncio.Task[tuple[str | None, str | None]]] = {}

    async def finding(self, pin: Mapping[str, Any]) -> PinFinding:
        """One pin."""
        kind = str(pin["kind"])
        path = self._registry.version(kind, str(pin["name"]), str(pin["version"]))
        body = await self._cloud.reader.get(path, api_version=api_version("registry_assets"))
        address = code_address(kind, body) if body else None
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
            place=f"registry {self._registry.name}",
            code_hash=code[0],
            code_problem=code[1],
        )

    async def _code(self, name: str, version: str) -> tuple[str | None, str | None]:
        """Hash of a code version, and what is wrong with it."""
        path = self._registry.version("code", name, version)
        body = await self._cloud.reader.get(path, api_version=api_version("registry_assets"))
        if body is None:
            return (
                None,
                f"code {name}:{version}: got nothing in registry {self._registry.name}, expected it there",
            )
        kept = kept_code_hash(body)
        if not self._downloads:
            return kept, None
        uri = str((body.get("properties") or {}).get("codeUri") or "")
        place = registry_discovery_of(self._cloud.endpoint, os.environ)
        discovered = await self._cloud.reader.get(self._registry.discovery(place), api_version=None)
        address, asked = signature_request(self._registry, discovered, name, version, uri)
        answer = await self._cloud.reader.post(
            address, api_version=api_version("registry_data_plane"), body=asked
        )
        made, left_out = await asyncio.to_thread(downloaded_hash, answer, uri)
        problem = None
        if left_out:
            problem = f"code {name}:{version}: got {', '.join(left_out)}, which its hash leaves out, expected no such file"
        elif kept is not None and kept != made:
            problem = (
                f"code {name}:{version}: got files with hash {made}, expected {kept} as it was published"
            )
        return made, problem
