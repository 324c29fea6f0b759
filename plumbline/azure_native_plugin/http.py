"""HTTP with kept connections: one pool for all calls, TLS verified, passing faults tried again."""

from __future__ import annotations

import json
import os
import random
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import certifi
import urllib3

from plumbline.azure_native_plugin.errors import ArmError, NoAnswer

CONNECTIONS = 64
_TRIES = 7
_TRIES_UNHEARD = 4  # nobody listens on loopback: the emulator is not there, and waiting does not bring it
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Http:
    """Sends requests. All verbs that ARM knows are repeatable, so each of them is tried again."""

    def __init__(self) -> None:
        authorities = (
            os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or certifi.where()
        )
        # urllib3 takes no proxy from the environment: what goes to loopback stays there. With a context of its own it
        # reads the authorities once, not for each connection.
        self._pool = urllib3.PoolManager(
            num_pools=4,
            maxsize=CONNECTIONS,
            block=True,
            ssl_context=ssl.create_default_context(cafile=authorities),
            timeout=urllib3.Timeout(connect=5, read=120),
            retries=False,
        )
        self.cancelled = threading.Event()

    def send(
        self,
        method: str,
        url: str,
        *,
        target: str,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Answer:
        """Sends one request, again after passing faults (up to seven times in about ten seconds).

        Raises: NoAnswer: also after all tries. Answers with an error status are returned.
        """
        fields = urlencode({name: _text(value) for name, value in (query or {}).items()})
        address = f"{url}{'&' if '?' in url else '?'}{fields}" if fields else url
        content = None if body is None else json.dumps(body).encode()
        sent = {
            "User-Agent": "plumbline-azure-native-stand-in",
            "Accept": "application/json",
            **(headers or {}),
        }
        if content is not None:
            sent["Content-Type"] = "application/json"
        for attempt in range(1, _TRIES + 1):
            try:
                answer = self._once(method, address, sent, content)
            except urllib3.exceptions.HTTPError as error:
                unheard = (
                    isinstance(error, urllib3.exceptions.NewConnectionError) and attempt >= _TRIES_UNHEARD
                )
                if attempt == _TRIES or unheard or self.cancelled.is_set():
                    raise NoAnswer(why=_why(error), target=target) from error
                self.wait(_pause(attempt))
                continue
            if answer.status not in _PASSING or attempt == _TRIES or self.cancelled.is_set():
                return answer
            self.wait(retry_after(answer.headers) or _pause(attempt))
        raise AssertionError("unreachable")

    def _once(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> Answer:
        response = self._pool.request(method, url, headers=headers, body=content, redirect=False)
        try:
            body = json.loads(response.data) if response.data else None
        except ValueError:
            body = None
        return Answer(status=response.status, headers=response.headers, body=body)

    def get_json(self, url: str) -> dict[str, Any]:
        """A public document, or the only one of a list; empty when it is no JSON object.

        Raises: ArmError: no answer, or an error status.
        """
        answer = self.send("GET", url, target=f"GET {url}")
        raise_for_error(answer, f"GET {url}")
        body = answer.body
        if isinstance(body, list) and len(body) == 1:
            body = body[0]
        return body if isinstance(body, dict) else {}

    def wait(self, seconds: float) -> None:
        """Sleeps, or returns at once when the engine cancels."""
        self.cancelled.wait(seconds)


def raise_for_error(answer: Answer, target: str, error_type: type[ArmError] = ArmError) -> None:
    """Raises ArmError with Azure's code and message when the status is an error."""
    if answer.status >= 400:
        code, message = error_in(answer.body)
        raise error_type(status=answer.status, code=code, message=message, target=target)


def error_in(body: Any) -> tuple[str, str]:
    """Azure's code and message in a body, with those of its details."""
    error = body.get("error", body) if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return "UnknownError", "the answer had no error in Azure's form"
    message = str(error.get("message") or "no message")
    details = [item for item in error.get("details") or () if isinstance(item, Mapping)]
    inner = "; ".join(f"{item.get('code')}: {item.get('message')}" for item in details)
    return str(error.get("code") or "UnknownError"), f"{message} ({inner})" if inner else message


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The wait that an answer asks for, in seconds."""
    try:
        return min(float(headers.get("Retry-After", "")), _LONGEST_WAIT_SECONDS)
    except ValueError:
        return None


def _pause(attempt: int) -> float:
    return min(0.1 * 2.0**attempt, 5.0) * random.uniform(0.7, 1.0)  # noqa: S311 - spread, not secrecy


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _why(error: Exception) -> str:
    return f"no answer from the emulator ({error.__class__.__name__}). Is it running? Try `plumbline local status`."
