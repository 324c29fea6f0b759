"""Reads from Azure Resource Manager: azure-core over aiohttp, many at once, patient with throttling."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from typing import Any

from plumbline.provider.answers import refusal_of
from plumbline.provider.errors import Refusal
from plumbline.provider.login import Login
from plumbline.provider.patience import patience

WIDTH = 64  # connections at once: measured, see the benchmarks; more gains nothing on one host


class Reader:
    """GETs of one Resource Manager endpoint. Made in the event loop that uses it."""

    def __init__(self, *, endpoint: str, login: Login, local: bool) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._login = login
        self._local = local
        self._client: Any = None
        self._session: Any = None
        self._lock = asyncio.Lock()

    async def get(self, path: str, *, api_version: str, query: Mapping[str, str] | None = None) -> Any:
        """The JSON document at an ARM path, None when it is not there.

        Raises: Refusal: no login, no right, no answer.
        """
        return await self._fetch(
            f"{self._endpoint}{path}", path=path, params={"api-version": api_version, **(query or {})}
        )

    async def pages(
        self, path: str, *, api_version: str, query: Mapping[str, str] | None = None
    ) -> list[Any]:
        """Every entry of a list, over all its pages; none when there is no such list.

        Raises: Refusal: as `get`; or a page lies at another endpoint.
        """
        document = await self.get(path, api_version=api_version, query=query) or {}
        found = list(document.get("value", ()))
        while following := document.get("nextLink"):
            if not str(following).startswith(f"{self._endpoint}/"):
                raise Refusal(
                    f"read {_short(path)}: nextLink: got {following}, expected one of {self._endpoint}, which the "
                    "fence let pass. Nothing was sent there. Open a new shell."
                )
            document = await self._fetch(str(following), path=path, params={}) or {}
            found += document.get("value", ())
        return found

    async def _fetch(self, url: str, *, path: str, params: Mapping[str, str]) -> Any:
        client = await self._opened()
        from azure.core.exceptions import AzureError
        from azure.core.rest import HttpRequest

        request = HttpRequest("GET", url, params=dict(params) or None)
        try:
            response = await client.send_request(request)
            if response.status_code == 404:
                return None
            response.raise_for_status()
            return response.json()
        except (AzureError, Refusal) as error:
            raise refusal_of(
                error, what=f"read {_short(path)}", action=_read_action(path), scope=path
            ) from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _opened(self) -> Any:
        async with self._lock:
            if self._client is None:
                # In a thread: imports take long on a busy machine, and the engine waits seconds for an answer to
                # Cancel.
                authorities = await asyncio.to_thread(_prepare)
                self._client = self._open(authorities)
            return self._client

    def _open(self, authorities: ssl.SSLContext) -> Any:
        import aiohttp
        from azure.core import AsyncPipelineClient
        from azure.core.pipeline.policies import (
            AsyncBearerTokenCredentialPolicy,
            AsyncRetryPolicy,
            HeadersPolicy,
            UserAgentPolicy,
        )
        from azure.core.pipeline.transport import AioHttpTransport

        # One context for all connections: azure-core would read the bundle again for every request.
        connector = aiohttp.TCPConnector(ssl=authorities, limit=WIDTH)
        self._session = aiohttp.ClientSession(
            connector=connector, trust_env=not self._local, auto_decompress=False
        )
        retries = patience(local=self._local)
        policies = [
            HeadersPolicy({"Accept": "application/json"}),
            UserAgentPolicy(base_user_agent="plumbline-provider"),
            AsyncRetryPolicy(**retries),
            AsyncBearerTokenCredentialPolicy(self._login.asynchronous(), f"{self._endpoint}/.default"),
        ]
        transport = AioHttpTransport(session=self._session, session_owner=False)
        return AsyncPipelineClient(self._endpoint, policies=policies, transport=transport)


def _prepare() -> ssl.SSLContext:
    import aiohttp  # noqa: F401
    import azure.core.pipeline.policies
    import azure.core.pipeline.transport  # noqa: F401

    return trusted_authorities()


def trusted_authorities() -> ssl.SSLContext:
    """The bundle that Azure's clients use: REQUESTS_CA_BUNDLE, else SSL_CERT_FILE, else certifi's."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if not bundle:
        import certifi

        bundle = certifi.where()
    return ssl.create_default_context(cafile=bundle)


def _short(path: str) -> str:
    # People know an asset by its workspace and name; the whole id stands at the end of the message.
    return path.partition("/workspaces/")[2] or path


def _read_action(path: str) -> str:
    kinds = path.partition("/providers/")[2].split("/")
    return "/".join([*kinds[:1], *kinds[1::2], "read"])
