"""The fence: what a stack pins must be where this process would go, or nothing goes anywhere.

Every stack pins its cloud, tenant and subscription. The program, the provider and the CLI ask this
module before their first call, so that a shell which points at the emulator can never carry a real
stack, and a shell which points at Azure can never carry the local one. No variable lifts the fence.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LOCAL_CLOUD = "PlumblineLocal"
REHEARSAL_CLOUD = "PlumblineRehearsal"
EMULATED_CLOUDS = frozenset({LOCAL_CLOUD, REHEARSAL_CLOUD})
# The names that Azure's clients give to the same clouds: ARM_ENVIRONMENT's on the left.
CLOUD_OF_ARM_ENVIRONMENT = {
    "public": "AzureCloud",
    "usgovernment": "AzureUSGovernment",
    "china": "AzureChinaCloud",
}
# azure-ai-ml 1.35.2 `_azure_environments`: its built-in clouds.
PUBLIC_RESOURCE_MANAGERS = {
    "AzureCloud": "https://management.azure.com",
    "AzureUSGovernment": "https://management.usgovcloudapi.net",
    "AzureChinaCloud": "https://management.chinacloudapi.cn",
}
METADATA_SECONDS = 5.0
# An emulator that is busy, or whose answer was lost, is asked again; one that nobody can connect to is down.
_TRIES, _PAUSE_SECONDS = 8, 0.1
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
# Where clients ask for tokens and registries: one that is not set, or leads elsewhere, takes them off this machine.
COMPANIONS = ("IDENTITY_ENDPOINT", "REGISTRY_DISCOVERY_ENDPOINT_URL")


class FenceError(Exception):
    """The live endpoint is not what the stack pins. The message is written for the person who ran it."""


@dataclass(frozen=True, kw_only=True)
class CloudPins:
    """What a stack's file pins: the cloud's name, the tenant's and the subscription's GUID."""

    stack: str
    cloud: str
    tenant_id: str
    subscription_id: str


@dataclass(frozen=True, kw_only=True)
class LiveCloud:
    """Where this process's environment leads: a public cloud, or an emulator that says whose it is."""

    name: str
    resource_manager: str
    emulates_stack: str | None = None
    also_emulates: tuple[str, ...] = ()
    tenant_id: str | None = None
    subscription_id: str | None = None
    other_subscriptions: Mapping[str, str] = field(default_factory=dict)
    portal: str = ""

    @property
    def is_emulated(self) -> bool:
        return self.emulates_stack is not None

    def subscription_of(self, stack: str) -> str | None:
        """Where a stack lives that it was started for: a rehearsal's stacks may have subscriptions of their own."""
        return self.other_subscriptions.get(stack, self.subscription_id)

    def emulates(self, stack: str) -> bool:
        """Whether it was started for a stack, alone or together with others."""
        return stack == self.emulates_stack or stack in self.also_emulates


def require_pinned_cloud(pins: CloudPins, environ: Mapping[str, str] | None = None) -> LiveCloud:
    """Answer the live cloud when it is the one that the stack pins.

    Raises: FenceError: another cloud, tenant, subscription or stack; an emulator that does not answer;
        an endpoint that is neither a public cloud's nor an emulator's on loopback.
    Source: azure-ai-ml 1.35.2 `_azure_environments` for the variables that its clients honour.
    """
    environ = os.environ if environ is None else environ
    live = live_cloud(environ)
    if not live.is_emulated:
        # An emulator's name without an emulator behind it is what lets clients fall back to Azure.
        if live.name != pins.cloud or pins.cloud in EMULATED_CLOUDS:
            raise FenceError(
                f"{_where(pins)}: got {live.name} at {live.resource_manager or 'its public endpoint'} "
                f"from this shell, expected {pins.cloud}. {_way_to(pins)}"
            )
        return live
    rehearsed = live.name != pins.cloud
    if rehearsed and not (
        live.name == REHEARSAL_CLOUD
        and live.emulates(pins.stack)
        and _is_rehearsal_backend(str(live.emulates_stack), environ)
    ):
        raise FenceError(
            f"{_where(pins)}: got the emulator of stack {live.emulates_stack} at {live.resource_manager}, "
            f"expected {pins.cloud}. {_way_to(pins)}"
        )
    stack = pins.stack if live.emulates(pins.stack) else live.emulates_stack
    for noun, got, expected in (
        ("stack", stack, pins.stack),
        ("tenant", live.tenant_id, pins.tenant_id),
        ("subscription", live.subscription_of(pins.stack), pins.subscription_id),
    ):
        if (got or "").lower() != expected.lower():
            raise FenceError(
                f"{_where(pins)}: {noun}: got {got} from the emulator at {live.resource_manager}, "
                f"expected {expected}. {_way_to(pins)}"
            )
    return live


def require_pinned_tenant(pins: CloudPins, token: str) -> None:
    """Refuse a login of another tenant than the stack's; `token` is any access token of that login.

    Raises: FenceError: the token's `tid` claim differs, or there is none.
    """
    tenant = claims_of_token(token).get("tid")
    if str(tenant).lower() != pins.tenant_id.lower():
        raise FenceError(
            f"{_where(pins)}: tenant of the login: got {tenant}, expected {pins.tenant_id}. "
            f"Log in to that tenant: az login --tenant {pins.tenant_id}"
        )


def claims_of_token(token: str) -> dict[str, Any]:
    """The claims of an access token, empty when it is none. Read, not verified: the cloud verifies its own tokens."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def live_cloud(environ: Mapping[str, str]) -> LiveCloud:
    """Read where Azure's clients would go with this environment.

    Makes no request unless ARM_CLOUD_METADATA_URL names an endpoint.
    Raises: FenceError: that endpoint does not answer, answers for another host, or is not what it says.
    """
    url = environ.get("ARM_CLOUD_METADATA_URL", "")
    named = environ.get("AZUREML_CURRENT_CLOUD", "")
    if not url:
        name = named or CLOUD_OF_ARM_ENVIRONMENT.get(environ.get("ARM_ENVIRONMENT", "public").lower(), "")
        return LiveCloud(name=name or environ["ARM_ENVIRONMENT"], resource_manager="")
    host = urlsplit(url).hostname or ""
    if not is_loopback(host):
        # A custom cloud's metadata (Azure Stack, a sovereign cloud): named by its host, never emulated.
        address = urlsplit(url).netloc
        public = PUBLIC_RESOURCE_MANAGERS.get(named)
        if public is not None and f"https://{address}" != public:
            raise FenceError(
                f"cloud: ARM_CLOUD_METADATA_URL: got {url} under the name {named}, expected {public}. "
                "A public cloud's name must not lead elsewhere: unset it, or open a new shell."
            )
        return LiveCloud(name=named or host, resource_manager=f"https://{address}")
    metadata = _read_metadata(url, environ)
    resource_manager = str(metadata.get("resourceManager", ""))
    if urlsplit(resource_manager).netloc != urlsplit(url).netloc:
        raise FenceError(
            f"cloud: {url}: got resource manager {resource_manager!r}, "
            "expected one on the same host and port. This is no emulator of ours: open a new shell."
        )
    if not named or named != metadata.get("name"):
        raise FenceError(
            f"cloud: AZUREML_CURRENT_CLOUD: got {named!r}, expected {metadata.get('name')!r} as {url} says. "
            'Without it clients fall back to Azure. Run: eval "$(plumbline local env)"'
        )
    _require_companions(url, environ)
    owner = metadata.get("plumbline")
    if not isinstance(owner, dict) or not owner.get("stack"):
        raise FenceError(
            f"cloud: {url}: got a loopback endpoint that does not say which stack it emulates, "
            "expected an emulator started by plumbline. Open a new shell."
        )
    return LiveCloud(
        name=str(metadata["name"]),
        resource_manager=resource_manager.rstrip("/"),
        emulates_stack=str(owner["stack"]),
        also_emulates=tuple(str(stack) for stack in owner.get("alsoStacks") or ()),
        tenant_id=str(owner.get("tenantId")),
        subscription_id=str(owner.get("subscriptionId")),
        other_subscriptions=dict(owner.get("otherSubscriptions") or {}),
        portal=str(metadata.get("portal") or ""),
    )


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine's loopback, without asking a resolver."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_metadata(url: str, environ: Mapping[str, str]) -> dict[str, Any]:
    # An explicit empty proxy table: a proxy in the environment must never see a loopback request.
    bundle = environ.get("REQUESTS_CA_BUNDLE") or environ.get("SSL_CERT_FILE")
    try:
        context = ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise FenceError(
            f"cloud: REQUESTS_CA_BUNDLE: got {bundle!r} ({error}), expected a file of certificates with the "
            'emulator\'s own. Run again: eval "$(plumbline local env)"'
        ) from error
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        document = json.loads(_asked(opener, url))
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise FenceError(
            f"cloud: {url}: got no answer ({reason}), expected the emulator. "
            "Start it: plumbline local start. Nothing was sent anywhere else."
        ) from error
    # The older api-version answers a list of clouds, as az and azure-ai-ml read it: an emulator's has one.
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if not isinstance(document, dict):
        raise FenceError(f"cloud: {url}: got {type(document).__name__}, expected one cloud as a JSON object.")
    return document


def _asked(opener: urllib.request.OpenerDirector, url: str) -> bytes:
    """What the address answers; a lost answer and a passing refusal are tried again."""
    for attempt in range(1, _TRIES + 1):
        try:
            with opener.open(url, timeout=METADATA_SECONDS) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            error.close()
            if error.code not in _PASSING or attempt == _TRIES:
                raise
        except (urllib.error.URLError, ConnectionError) as error:
            # A cut connection reaches us bare or wrapped, as it was cut after or before the request was written.
            cut = isinstance(getattr(error, "reason", error), ConnectionResetError | BrokenPipeError)
            if attempt == _TRIES or not (cut or isinstance(getattr(error, "reason", error), ssl.SSLEOFError)):
                raise
        time.sleep(_PAUSE_SECONDS * attempt)
    raise AssertionError("unreachable")


def _require_companions(url: str, environ: Mapping[str, str]) -> None:
    """Refuse a shell of which only a part leads to the emulator."""
    address = urlsplit(url).netloc
    found = {name: urlsplit(environ.get(name, "")).netloc for name in COMPANIONS}
    # The real azure-native plugin's own name for the metadata's host; the stand-in never asks for it.
    found["ARM_METADATA_HOSTNAME"] = environ.get("ARM_METADATA_HOSTNAME", address)
    for name, host in found.items():
        if host != address:
            raise FenceError(
                f"cloud: {name}: got {environ.get(name, 'nothing')!r}, expected the emulator at {address}, where "
                'ARM_CLOUD_METADATA_URL leads. Run again: eval "$(plumbline local env)"'
            )


def _is_rehearsal_backend(rehearsal: str, environ: Mapping[str, str]) -> bool:
    """Whether the state lies with the rehearsal, which is named after its first stack."""
    backend = environ.get("PULUMI_BACKEND_URL", "")
    if not backend.startswith("file://"):
        return False
    # Where it really lies: `..` and links must not carry a rehearsal into another state.
    parts = Path(unquote(urlsplit(backend).path)).resolve().parts
    wanted = (".plumbline", "rehearsals", rehearsal)
    return any(parts[at : at + 3] == wanted for at in range(len(parts)))


def _where(pins: CloudPins) -> str:
    return f"Pulumi.{pins.stack}.yaml: plumbline:cloud"


def _way_to(pins: CloudPins) -> str:
    if pins.cloud == LOCAL_CLOUD:
        return 'Point this shell at the local emulator: eval "$(plumbline local env)"'
    return (
        "Open a new shell for the real cloud, "
        f"or try the stack here: plumbline rehearse {pins.stack} -- pulumi preview"
    )
