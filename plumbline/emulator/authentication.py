"""Who calls and whether they may: tokens per audience, SAS for storage, RBAC, and the bounds of a step's token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.principals import ANONYMOUS, Principal
from plumbline.emulator.routing import Call
from plumbline.emulator.services.blob.containers import Containers, account_name


def authenticate(call: Call) -> tuple[Principal, Mapping[str, Any]]:
    """The caller, from the credentials that the route's audience takes.

    Raises: AzureError: 401 without a valid token for that audience; 403 for a SAS that does not match, and for a
        step's token outside the routes that take one.
    """
    audience, tokens = call.route.audience, call.emulator.tokens
    if audience == "none":
        return ANONYMOUS, {}
    if audience == "storage" and "sig" in call.query:
        container = call.params.get("container", "")
        call.emulator.sas.check(
            container,
            call.params.get("blob", ""),
            call.query,
            needs=call.route.sas,
            account=_account(call, container),
        )
        return ANONYMOUS, {"sas": call.query.get("sp", "")}
    header = call.headers.get("authorization", "")
    accepted = {
        "arm": tokens.arm_audiences,
        "machine_learning": tokens.arm_audiences,
        "storage": tokens.storage_audiences,
        "registry": tokens.arm_audiences | tokens.ml_audiences,
        "inference": tokens.ml_audiences,
        "run": tokens.arm_audiences | tokens.ml_audiences | tokens.run_audiences,
    }[audience]
    principal, claims = tokens.check(header, accepted, also_of_runs=tokens.run_audiences)
    if principal.run is not None and audience != "run":
        raise AzureError(
            403,
            "AuthorizationFailed",
            f"The token belongs to job '{principal.run}': it may track its own run and write its own outputs, "
            f"and does not have authorization to perform '{call.method} {call.path}'.",
        )
    if audience == "machine_learning" and (second := call.headers.get("x-azureml-token")):
        tokens.check(f"Bearer {second}", tokens.ml_audiences)
    return principal, claims


def _account(call: Call, container: str) -> str:
    """The storage account of a container, asked for by signatures of a whole account only."""
    found = Containers(call.emulator.store).find(container) if "srt" in call.query else None
    return account_name(found) if found is not None else ""


def authorize(call: Call) -> None:
    """Raises: AzureError: 403 AuthorizationFailed, when the route's action is not granted to the caller.

    A SAS was granted by who signed it, and a step's token is bounded by its run, in the handler: neither asks RBAC.
    """
    _require_subscription(call)
    action = call.route.action
    if action is None or call.principal is ANONYMOUS or call.principal.run is not None:
        return
    call.emulator.access.require(call.principal, action, scope_of(call), data=call.route.data_action)


def _require_subscription(call: Call) -> None:
    asked, own = call.params.get("subscription"), call.emulator.settings.subscriptions
    if asked is not None and asked.lower() not in own and call.path.lower().startswith("/subscriptions/"):
        raise AzureError(
            404, "SubscriptionNotFound", f"The subscription '{asked}' could not be found.", gateway=True
        )


def scope_of(call: Call) -> str:
    """The ARM id that the route's action is checked on."""
    if call.route.scope is not None:
        return call.route.scope(call)
    path = call.path.rstrip("/")
    # An action's last segment ("/listKeys") is no resource.
    return path.rsplit("/", 1)[0] if call.method == "POST" else path
