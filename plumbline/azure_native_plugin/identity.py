"""Tokens of the principal that the environment names, and who that is."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from typing import Any

from plumbline.azure_native_plugin.errors import ConfigurationError
from plumbline.azure_native_plugin.http import Http, raise_for_error

_RENEW_BEFORE_SECONDS = 120


class Identity:
    """The managed identity behind IDENTITY_ENDPOINT; its token is kept until shortly before it ends."""

    def __init__(self, http: Http, *, audience: str) -> None:
        self._http = http
        self._audience = audience
        self._lock = threading.Lock()
        self._token = ""
        self._ends = 0.0

    def token(self) -> str:
        """An access token for ARM.

        Raises: ConfigurationError: the environment names no principal. ArmError: it gets no token.
        """
        with self._lock:
            if time.time() > self._ends - _RENEW_BEFORE_SECONDS:
                self._token, self._ends = self._ask()
            return self._token

    def forget(self) -> None:
        """Drops the token: the next call asks for a new one (after a 401: the emulator has new keys)."""
        with self._lock:
            self._ends = 0.0

    def claims(self) -> dict[str, Any]:
        """What the token says of its holder. Not verified: whoever serves the call verifies it."""
        payload = self.token().split(".")[1]
        decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return dict(json.loads(decoded))

    def _ask(self) -> tuple[str, float]:
        header = os.environ.get("IDENTITY_HEADER", "")
        if not header:
            raise ConfigurationError(
                "azure-native stand-in: IDENTITY_HEADER: got nothing, expected the emulator's own. "
                'Take the stack\'s environment: eval "$(plumbline local env)".'
            )
        answer = self._http.send(
            "GET",
            os.environ["IDENTITY_ENDPOINT"],
            target="token",
            headers={"X-IDENTITY-HEADER": header},
            query={"api-version": "2019-08-01", "resource": self._audience},
        )
        raise_for_error(answer, "token")
        return str(answer.body["access_token"]), float(answer.body["expires_on"])
