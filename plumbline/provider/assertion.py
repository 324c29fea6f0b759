"""The federated token that stands for a service principal's secret: given, read from a file, or requested.

Each source is a function, which azure-identity asks again whenever a token of Azure runs out.
Source: pulumi-azure-native auth_azidentity.go, `newOidcCredential` (the order) and `getOidcTokenExchangeAssertion`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from plumbline.provider.errors import Refusal
from plumbline.provider.settings import Settings, spoken

AUDIENCE = "api://AzureADTokenExchange"
REQUEST_SECONDS = 10.0


def assertion_of(settings: Settings) -> Callable[[], str]:
    """The source that the settings name.

    Raises: Refusal: they name none, or half of one; the source itself raises it when it has no token to give.
    """
    token, path = settings.get("oidcToken"), settings.get("oidcTokenFilePath")
    if token:
        return lambda: token
    if path:
        return partial(_read, path)
    url, bearer = settings.get("oidcRequestUrl"), settings.get("oidcRequestToken")
    if url and bearer:
        _require_https(url)
        return partial(_request, url, _sendable(bearer), settings.get("oidcAudience") or AUDIENCE)
    if url or bearer:
        there, missing = ("oidcRequestUrl", "oidcRequestToken")[:: 1 if url else -1]
        raise Refusal(
            f"login: {spoken(missing)}: got nothing beside {spoken(there)}, expected both. Set it too; in GitHub "
            "Actions a job has both once it says permissions: id-token: write."
        )
    raise Refusal(
        f"login: {spoken('useOidc')}: got no federated token beside it, expected {spoken('oidcToken')}, "
        f"{spoken('oidcTokenFilePath')}, or {spoken('oidcRequestToken')} with {spoken('oidcRequestUrl')}. Set one; "
        "in GitHub Actions give the job permissions: id-token: write."
    )


def _read(path: str) -> str:
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _no_file(path, type(error).__name__) from error
    if not token:
        raise _no_file(path, "an empty file")
    return token


def _request(url: str, bearer: str, audience: str) -> str:
    # Imported here, as azure.identity is: a preview without changes needs no login.
    import requests

    def authorized(request: Any) -> Any:
        # Given as `auth`, because requests lets a .netrc replace a header.
        request.headers["Authorization"] = f"Bearer {bearer}"
        return request

    try:
        answer = requests.get(
            url,
            params={"audience": audience},
            headers={"Accept": "application/json"},
            auth=authorized,
            timeout=REQUEST_SECONDS,
            allow_redirects=False,  # the bearer token is for this host
            verify=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True,
        )
        document = answer.json() if 200 <= answer.status_code < 300 else None
    except (requests.RequestException, OSError) as error:
        raise _no_token(url, f"no answer that can be read ({type(error).__name__})") from error
    token = document.get("value") if isinstance(document, dict) else None
    if not isinstance(token, str) or not token:
        raise _no_token(url, f"HTTP {answer.status_code} without a token")
    return token


def _require_https(url: str) -> None:
    # No part of the address but its scheme is shown: what follows may carry a key.
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise Refusal(
            f"login: {spoken('oidcRequestUrl')}: got an address with the scheme {parts.scheme!r}, expected https and "
            "a host, because a bearer token is sent there. Set the address that your CI names."
        )


def _sendable(bearer: str) -> str:
    bearer = bearer.strip()
    # Refused here: the error of the HTTP library would show it.
    if not (bearer.isascii() and bearer.isprintable()):
        raise Refusal(
            f"login: {spoken('oidcRequestToken')}: got text that no HTTP header can carry, expected a bearer token. "
            "Set it again, without line breaks."
        )
    return bearer


def _no_file(path: str, got: str) -> Refusal:
    return Refusal(
        f"login: {spoken('oidcTokenFilePath')}: got {got} at {path}, expected a file that holds a federated token. "
        "Name the file that your platform keeps up to date."
    )


def _no_token(url: str, got: str) -> Refusal:
    return Refusal(
        f"login: {spoken('oidcRequestUrl')}: got {got} from {urlsplit(url).hostname}, expected a federated token "
        "under value. Check that the job may ask for one (GitHub: permissions: id-token: write)."
    )
