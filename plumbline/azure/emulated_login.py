"""The login to an emulator: its identity endpoint alone, without azure-identity, whose import takes longer than the answer.

Source: learn, "How to use managed identities for App Service and Azure Functions", REST endpoint reference; azure-identity 1.27
asks the same.
"""

from __future__ import annotations

import json
import os
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

from plumbline.azure.patience import PASSING, TRIES, pause

_API = "2019-08-01"
_ANSWER_SECONDS = 30
# Azure's own clients ask again that long before a token ends.
_EARLY_SECONDS = 300
# Whoever sets one of these logs in as somebody of their own.
_OTHER_WAYS = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE")


def is_asked(environ: Mapping[str, str]) -> bool:
    """Whether azure-identity's DefaultAzureCredential would end at the identity endpoint."""
    kept = environ.get("AZURE_TOKEN_CREDENTIALS", "").lower()
    return (
        bool(environ.get("IDENTITY_ENDPOINT") and environ.get("IDENTITY_HEADER"))
        and not any(environ.get(name) for name in _OTHER_WAYS)
        and kept in {"", "prod", "managedidentitycredential"}
    )


class EmulatedLogin:
    """A credential in azure-core's synchronous form; safe from any thread."""

    def __init__(self, authorities: ssl.SSLContext, *, agent: str) -> None:
        self._agent = agent
        # An empty proxy table: a proxy of the environment must never see a loopback request.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=authorities)
        )
        self._lock = threading.Lock()
        self._tokens: dict[str, Any] = {}

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """A token for a scope.

        Raises: azure.core.exceptions.ClientAuthenticationError: no answer, or a refusal.
        """
        del options
        (scope,) = scopes
        with self._lock:
            known = self._tokens.get(scope)
            if known is None or known.expires_on - _EARLY_SECONDS < time.time():
                known = self._tokens[scope] = self._asked(scope)
            return known

    def _asked(self, scope: str) -> Any:
        from azure.core.credentials import AccessToken
        from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

        asked = {"api-version": _API, "resource": scope.removesuffix("/.default")}
        if client := os.environ.get("AZURE_CLIENT_ID"):
            asked["client_id"] = client
        request = urllib.request.Request(  # noqa: S310  the address is the environment's, https on loopback
            f"{os.environ['IDENTITY_ENDPOINT']}?{urlencode(asked)}",
            headers={"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"], "User-Agent": self._agent},
        )
        for attempt in range(1, TRIES + 1):
            try:
                with self._opener.open(request, timeout=_ANSWER_SECONDS) as answer:
                    found = json.load(answer)
                    return AccessToken(found["access_token"], int(found["expires_on"]))
            except urllib.error.HTTPError as error:
                said = f"HTTP {error.code}"
                if error.code not in PASSING or attempt == TRIES:
                    raise ClientAuthenticationError(
                        f"identity endpoint: got {said}, expected a token."
                    ) from error
            except (OSError, HTTPException, ValueError) as error:
                # An emulator that is down stays down; an answer that was lost on its way is asked for again.
                if _is_final(error) or attempt == TRIES:
                    unheard = ServiceRequestError(f"identity endpoint: {error}")
                    unheard.__cause__ = error
                    raise ClientAuthenticationError(str(unheard)) from unheard
            time.sleep(pause(attempt, local=True))
        raise AssertionError("the last try ends the loop")


def _is_final(error: Exception) -> bool:
    """Whether another try would end the same: nobody listens there, or it is somebody else."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return isinstance(reason, ConnectionRefusedError | ssl.SSLCertVerificationError)
