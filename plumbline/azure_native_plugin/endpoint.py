"""The endpoint that the stand-in may talk to: a Plumbline emulator on loopback, and nothing else.

Fails closed: where anything is missing, unreachable or does not match, nothing is started. There is no
default endpoint, and no variable lifts the check.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from plumbline.azure_native_plugin.errors import ConfigurationError
from plumbline.azure_native_plugin.http import Http

_NEXT = (
    "This is the stand-in for emulated stacks: start the stack's emulator and take its environment "
    '(eval "$(plumbline local env)"). A stack on Azure needs a PULUMI_HOME with the real azure-native plugin.'
)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A checked emulator."""

    base_url: str
    audience: str
    tenant_id: str
    subscription_id: str
    location: str | None


def find(config: Mapping[str, Any], http: Http, environment: Mapping[str, str] = os.environ) -> Endpoint:
    """The emulator that the environment names, checked against the stack's configuration.

    Args:
        config: azure-native's own keys: subscriptionId, tenantId, location.
    Raises: ConfigurationError: no emulator, not on loopback, or of another tenant or subscription.
    """
    metadata_url = environment.get("ARM_CLOUD_METADATA_URL", "")
    _require_loopback("ARM_CLOUD_METADATA_URL", metadata_url)
    _require_loopback("IDENTITY_ENDPOINT", environment.get("IDENTITY_ENDPOINT", ""))
    metadata = http.get_json(metadata_url)
    marks = metadata.get("plumbline")
    if not isinstance(marks, Mapping):
        raise ConfigurationError(
            f"azure-native stand-in: {metadata_url}: got metadata without the member `plumbline`, "
            f"expected a Plumbline emulator. {_NEXT}"
        )
    base_url = str(metadata.get("resourceManager", "")).rstrip("/")
    if _origin(base_url) != _origin(metadata_url):
        raise ConfigurationError(
            f"azure-native stand-in: resourceManager in the cloud's metadata: got {base_url!r}, expected the "
            f"emulator's own address {_origin(metadata_url)!r}. {_NEXT}"
        )
    audiences = metadata.get("authentication", {}).get("audiences") or [base_url]
    return Endpoint(
        base_url=base_url,
        audience=str(audiences[0]),
        tenant_id=_agreed("tenantId", "ARM_TENANT_ID", config, marks, environment),
        subscription_id=_agreed("subscriptionId", "ARM_SUBSCRIPTION_ID", config, marks, environment),
        location=config.get("location") or environment.get("ARM_LOCATION") or None,
    )


def _agreed(
    key: str,
    variable: str,
    config: Mapping[str, Any],
    marks: Mapping[str, Any],
    environment: Mapping[str, str],
) -> str:
    wanted = str(
        config.get(key) or environment.get(variable) or environment.get(f"AZURE{variable[3:]}") or ""
    )
    live = str(marks.get(key, ""))
    # A rehearsal of several stacks may play several subscriptions; whose is whose, the fence says.
    others = (marks.get("otherSubscriptions") or {}).values() if key == "subscriptionId" else ()
    if wanted.lower() not in {one.lower() for one in (live, *others)} or not wanted:
        raise ConfigurationError(
            f"azure-native:{key}: got {wanted or 'nothing'!r}, expected {live!r}, which the emulator of stack "
            f"{marks.get('stack')!r} answers for. Check the stack's settings, or start the right stack's emulator."
        )
    return wanted


def _require_loopback(variable: str, url: str) -> None:
    host = urlsplit(url).hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigurationError(
            f"azure-native stand-in: {variable}: got {url or 'nothing'!r}, expected an address on loopback. {_NEXT}"
        )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
