"""Requests to Azure Resource Manager and Azure ML's data plane, by Azure's own clients and whoever is logged in."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core import PipelineClient
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    HeadersPolicy,
    RequestIdPolicy,
    RetryPolicy,
    UserAgentPolicy,
)
from azure.core.polling import LROPoller
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.polling.arm_polling import ARMPolling

from plumbline.fence import PUBLIC_RESOURCE_MANAGERS, live_cloud

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

USER_AGENT = "plumbline-tests-verify-azure"
# Requests under way at one time: a subscription's buckets hold a few hundred.
_AT_ONCE = 8


class Refused(Exception):
    """Azure refused what a check or a part needed."""

    def __init__(self, method: str, path: str, answer: HttpResponse) -> None:
        self.status, self.code, self.message = answer.status_code, code_of(answer), message_of(answer)
        super().__init__(f"{method} {path}: got HTTP {self.status} ({self.code}: {self.message})")


class Stopped(Exception):
    """The run was interrupted: nothing more is sent."""


class RecordingCredential:
    """A credential that remembers which scopes it was asked for."""

    def __init__(self, inner: TokenCredential) -> None:
        self._inner = inner
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.scopes += scopes
        return self._inner.get_token(*scopes, **options)


class Cloud:
    """One subscription as one login sees it.

    Source: azure-mgmt-core 1.6 `ARMPipelineClient` and `ARMPolling`, azure-identity `DefaultAzureCredential`.
    """

    def __init__(
        self, *, subscription: str, location: str, credential: TokenCredential | None = None
    ) -> None:
        live = live_cloud(os.environ)
        self.endpoint = live.resource_manager or PUBLIC_RESOURCE_MANAGERS.get(
            live.name, PUBLIC_RESOURCE_MANAGERS["AzureCloud"]
        )
        self.is_emulated = live.is_emulated
        self.subscription, self.location = subscription, location
        self.scope = f"/subscriptions/{subscription}"
        self.credential = RecordingCredential(credential or _default_credential())
        self.stopping = threading.Event()
        self.poll_seconds = 0.1 if self.is_emulated else 10.0
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._client: ARMPipelineClient[HttpRequest, HttpResponse] = ARMPipelineClient(
            base_url=self.endpoint,
            policies=[
                HeadersPolicy({"Accept": "application/json"}),
                RequestIdPolicy(),
                UserAgentPolicy(base_user_agent=USER_AGENT),
                RetryPolicy(retry_backoff_factor=0.4),
                BearerTokenCredentialPolicy(self.credential, self.audience),
            ],
        )

    @property
    def audience(self) -> str:
        """The scope of Resource Manager's tokens."""
        return f"{self.endpoint}/.default"

    def send(
        self,
        method: str,
        path: str,
        *,
        api: str | None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> HttpResponse:
        """One request, its answer whatever the status. `path` may be a whole address."""
        parameters = ({"api-version": api} if api else {}) | {
            f"${name[1:]}" if name.startswith("_") else name: value for name, value in query.items()
        }
        request = HttpRequest(
            method, self.url(path), params=parameters, json=body, headers=dict(headers or {})
        )
        return self._run(request).http_response

    def finish(self, method: str, path: str, *, api: str, body: Any = None, **query: str) -> Any:
        """One request and, where it goes on, its end: the last body. Raises: Refused."""
        request = HttpRequest(method, self.url(path), params={"api-version": api} | query, json=body)
        first = self._run(request)
        if first.http_response.status_code >= 400:
            raise Refused(method, path, first.http_response)
        if first.http_response.headers.get("Location", "").startswith("/"):
            # Managed identities answer 201 with a path: nothing goes on, and azure-core would poll it as an address.
            return first.http_response.json()
        poller: LROPoller[Any] = LROPoller(
            self._client, first, lambda response: response, ARMPolling(timeout=self.poll_seconds)
        )
        while not poller.done():
            self.pause(self.poll_seconds)
        last = poller.result()
        ended = last.http_response if last is not None else None
        return ended.json() if ended is not None and ended.content and ended.text() != "null" else None

    def get(self, path: str, *, api: str | None, **query: str) -> Any:
        """The JSON of a GET. Raises: Refused."""
        answer = self.send("GET", path, api=api, **query)
        if answer.status_code != 200:
            raise Refused("GET", path, answer)
        return answer.json()

    def until(self, read: Callable[[], Any], *, seconds: float, every: float | None = None) -> Any:
        """What `read` answers once that is true-like, else None when the time is over."""
        deadline = time.monotonic() + seconds
        while True:
            if found := read():
                return found
            if time.monotonic() > deadline:
                return None
            self.pause(every or self.poll_seconds)

    def pause(self, seconds: float) -> None:
        """Wait, unless the run is stopped. Raises: Stopped."""
        if self.stopping.wait(seconds):
            raise Stopped

    def machine_learning(self, group: str, workspace: str, **options: Any) -> MLClient:
        """The official client of a workspace."""
        from azure.ai.ml import MLClient

        return MLClient(self.credential, self.subscription, group, workspace, **options)

    def token(self, scope: str) -> str:
        """An access token of the login for another audience."""
        return self.credential.get_token(scope).token

    def url(self, path: str) -> str:
        """The whole address of a path."""
        return path if urlsplit(path).scheme else f"{self.endpoint}{path}"

    def _run(self, request: HttpRequest) -> Any:
        if self.stopping.is_set():
            raise Stopped
        with self._turns:
            return self._client.send_request(request, _return_pipeline_response=True)


def fetch(url: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A GET that carries no login: an address that the service signed, or a request that tries a token."""
    client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
        base_url=url,
        policies=[UserAgentPolicy(base_user_agent=USER_AGENT), RetryPolicy(retry_backoff_factor=0.4)],
    )
    return client.send_request(HttpRequest("GET", url, headers=dict(headers or {})))


def code_of(answer: HttpResponse) -> str:
    """The error's code, in whichever form it comes."""
    return str(_error(answer).get("code") or _error(answer).get("Code") or "")


def message_of(answer: HttpResponse) -> str:
    """The error's message, in whichever form it comes."""
    return str(_error(answer).get("message") or _error(answer).get("Message") or "")


def _error(answer: HttpResponse) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    found = body.get("error", body) if isinstance(body, dict) else {}
    return found if isinstance(found, dict) else {}


def _default_credential() -> TokenCredential:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
