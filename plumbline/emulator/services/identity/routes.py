"""Tokens for clients: App Service managed identity, Azure VM managed identity, OAuth 2.0 client credentials."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs

from plumbline.emulator.errors import AzureError
from plumbline.emulator.principals import Principal
from plumbline.emulator.routing import Call, Reply, Route

_LIFETIME_SECONDS = 3600
# Anybody may call these routes: a form with a client's assertion is a few kilobytes.
_LARGEST_FORM = 64 * 1024


def app_service_token(call: Call) -> Reply:
    """GET /msi/token: what DefaultAzureCredential asks where IDENTITY_ENDPOINT and IDENTITY_HEADER are set.

    GET /msi/azureml/token is the same for a step with a managed identity (MSI_ENDPOINT and MSI_SECRET, whose words differ).

    A step's header yields tokens that carry its run, for the "run" audience whatever resource is asked for.
    """
    header = call.headers.get("x-identity-header") or call.headers.get("secret", "")
    bound = call.emulator.principals.by_identity_header(header)
    if bound is None:
        raise AzureError(401, "Unauthorized", "The X-IDENTITY-HEADER is missing or stands for no identity.")
    principal, claims = bound
    chosen = call.query.get("client_id") or call.query.get("clientid") or principal.client_id
    if chosen != principal.client_id:
        message = "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
        return Reply(status=400, json={"statusCode": 400, "message": message})
    resource = _required(call.query.get("resource", ""), "resource")
    token = call.emulator.tokens.mint(principal, resource, _LIFETIME_SECONDS, claims)
    expires = int(time.time()) + _LIFETIME_SECONDS
    return Reply(
        json={
            "access_token": token,
            "client_id": principal.client_id,
            "expires_on": str(expires),
            "not_before": str(expires - _LIFETIME_SECONDS),
            "resource": resource,
            "token_type": "Bearer",
        }
    )


def openid_configuration(call: Call) -> Reply:
    """GET /{tenant}/v2.0/.well-known/openid-configuration."""
    base, tenant = call.base_url, call.params["tenant"]
    return Reply(
        json={
            "issuer": call.emulator.tokens.issuer,
            "authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/{tenant}/oauth2/v2.0/token",
            "jwks_uri": f"{base}/{tenant}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": ["code", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )


def client_credentials_token(call: Call) -> Reply:
    """POST /{tenant}/oauth2/v2.0/token (and the v1 and ADFS forms) with grant_type=client_credentials."""
    form = {key: values[-1] for key, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
    if form.get("grant_type") != "client_credentials":
        return _oauth_error(
            400, "unsupported_grant_type", "The emulator answers grant_type=client_credentials only."
        )
    principal = call.emulator.principals.by_client_secret(
        form.get("client_id", ""), form.get("client_secret", "")
    )
    if principal is None:
        return _oauth_error(
            401, "invalid_client", "AADSTS7000215: Invalid client secret or client id provided."
        )
    scope = form.get("scope", "") or form.get("resource", "")
    audience = next(
        (part for part in scope.split() if part not in ("openid", "profile", "offline_access")), ""
    )
    return Reply(json=_token(call, principal, _required(audience, "scope").removesuffix("/.default")))


def keys(call: Call) -> Reply:
    """GET /{tenant}/discovery/v2.0/keys: the public key that tokens are signed with."""
    return Reply(json={"keys": [call.emulator.tokens.public_jwk()]})


def _token(call: Call, principal: Principal, audience: str) -> dict[str, Any]:
    return {
        "token_type": "Bearer",
        "expires_in": _LIFETIME_SECONDS,
        "ext_expires_in": _LIFETIME_SECONDS,
        "access_token": call.emulator.tokens.mint(principal, audience, _LIFETIME_SECONDS),
    }


def _required(value: str, name: str) -> str:
    if not value:
        raise AzureError(400, "invalid_request", f"The request must name a {name}.")
    return value


def _oauth_error(status: int, error: str, description: str) -> Reply:
    return Reply(status=status, json={"error": error, "error_description": description})


ROUTES = [
    Route(method="GET", path="/msi/token", handler=app_service_token, audience="none"),
    Route(method="GET", path="/msi/azureml/token", handler=app_service_token, audience="none"),
    *(
        Route(method="GET", path=path, handler=openid_configuration, audience="none")
        for path in (
            "/{tenant}/v2.0/.well-known/openid-configuration",
            "/{tenant}/.well-known/openid-configuration",
        )
    ),
    *(
        Route(
            method="POST",
            path=path,
            handler=client_credentials_token,
            audience="none",
            body_limit=_LARGEST_FORM,
        )
        for path in ("/{tenant}/oauth2/v2.0/token", "/{tenant}/oauth2/token")
    ),
    Route(method="GET", path="/{tenant}/discovery/v2.0/keys", handler=keys, audience="none"),
]
