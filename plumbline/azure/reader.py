"""Requests to Azure Resource Manager and its data planes: azure-core over aiohttp, many at once, patient with throttling.

The provider awaits it, the command line blocks on it (`plumbline.ops.azure_session`): one transport, one retry rule, one
rule for pages. It raises azure-core's own errors; what they mean to a reader is said by who calls.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from plumbline.azure.client_libraries import import_client_libraries
from plumbline.azure.clouds import cloud_at, data_plane_of, registry_hosts_of
from plumbline.azure.credential_in_thread import CredentialInThread
from plumbline.azure.patience import PASSING, TRIES, patience, pause

_REPEATABLE = frozenset({"GET", "PUT", "DELETE", "POST"})
WIDTH = 64  # connections at once: measured, see the benchmarks; more gains nothing on one host


class ForeignAddressError(Exception):
    """An answer leads to a host that is not Azure's own; the login is not shown there, nothing is sent."""

    def __init__(self, *, what: str = "address", got: str, expected: str) -> None:
        super().__init__(f"{what}: got {got}, expected one of {expected}. Nothing was sent there.")


class ForeignPageError(ForeignAddressError):
    """A list goes on at another host than the one that was asked."""

    def __init__(self, *, got: str, expected: str) -> None:
        super().__init__(what="nextLink", got=got, expected=expected)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list; `next_link` is where it goes on, None at its end."""

    entries: list[Any]
    next_link: str | None


class Reader:
    """Requests to one endpoint. Made anywhere, used in one event loop.

    Args:
        endpoint: Base address of Resource Manager; tokens are asked for it.
        credential: In azure-core's synchronous form; asked in a thread.
        local: The endpoint is an emulator: no proxy, and no patience with one that is down.
        agent: Name for the User-Agent header.
        authorities: Whom TLS trusts, of a caller that has imported the client libraries already. Default: read, and those
            imported, once the first request is made.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        credential: Any,
        local: bool,
        agent: str,
        authorities: ssl.SSLContext | None = None,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._is_secure = same_host(self._endpoint, self._endpoint)
        self._credential = credential
        self._local = local
        self._agent = agent
        self._authorities = authorities
        self._client: Any = None
        self._session: Any = None
        self._lock = asyncio.Lock()

    async def get(
        self, path: str, *, api_version: str | None = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """The JSON document at an ARM path or a full address, None when it is not there.

        Raises: azure.core.exceptions.AzureError: no login, no right, no answer.
        """
        response = await self.send("GET", path, api_version=api_version, query=query)
        # Not `response.json()`: it looks for the encoding each time, and JSON between systems is UTF-8 (RFC 8259, 8.1).
        return None if response.status_code == 404 else json.loads(response.content)

    async def page(
        self, path: str, *, api_version: str | None = None, query: Mapping[str, str] | None = None
    ) -> Page | None:
        """One page of a list, by its ARM path or by the link of the page before; None when there is no such list.

        An empty list is a page without entries: None says that what would hold it is not there.
        Raises: as `get`. ForeignPageError: it goes on at another host.
        """
        document = await self.get(path, api_version=api_version, query=query)
        if document is None:
            return None
        link = document.get("nextLink") or None
        asked = self._address(path)
        if link is not None and not same_host(str(link), asked):
            raise ForeignPageError(got=str(link), expected=f"https://{urlsplit(asked).netloc}")
        return Page(entries=list(document.get("value") or ()), next_link=link)

    async def pages(
        self, path: str, *, api_version: str | None = None, query: Mapping[str, str] | None = None
    ) -> list[Any] | None:
        """Every entry of a list, over all its pages; None when there is no such list.

        Raises: as `page`.
        """
        page = await self.page(path, api_version=api_version, query=query)
        if page is None:
            return None
        found = page.entries
        while page is not None and page.next_link:
            page = await self.page(page.next_link)
            found += page.entries if page else []
        return found

    async def send(
        self,
        method: str,
        path: str,
        *,
        api_version: str | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send any request; answers azure-core's response, its body read, of a success or a 404.

        One whose answer was lost is sent again, a POST too: each of ours reads, or does the same when it is repeated.

        Raises: as `get`. ForeignAddressError: the address is neither the endpoint's nor Azure ML's of this cloud.
        """
        address = self._address(path)
        # Below the endpoint nothing leads elsewhere: a host ends at the first slash.
        if not (self._is_secure and path.startswith("/")) and not is_own(address, self._endpoint):
            raise ForeignAddressError(got=address.partition("?")[0], expected=self._endpoint)
        client = await self._opened()
        from azure.core.rest import HttpRequest

        parameters = {**({"api-version": api_version} if api_version else {}), **(query or {})}
        request = HttpRequest(
            method, address, params=parameters or None, json=body, headers=dict(headers or {})
        )
        # Not streamed: its body is read already, and azure-core refuses to read an empty one again.
        response = await client.send_request(request, retry_on_methods=_REPEATABLE)
        if response.status_code != 404:
            response.raise_for_status()
        return response

    async def fetch(self, url: str) -> tuple[int, bytes]:
        """Status and bytes at an address that Azure signed itself; no token is sent there.

        Raises: aiohttp.ClientError, TimeoutError: no answer, after as many tries as any other request has.
        """
        await self._opened()
        for attempt in range(1, TRIES):
            try:
                status, content = await self._fetched(url)
            except _connection_refused():
                if self._local:
                    raise
            except _lost_answers():
                pass
            else:
                if status not in PASSING:
                    return status, content
            await asyncio.sleep(pause(attempt, local=self._local))
        return await self._fetched(url)

    async def _fetched(self, url: str) -> tuple[int, bytes]:
        async with self._session.get(
            url, headers={"Accept-Encoding": "identity", "User-Agent": self._agent}
        ) as answer:
            return answer.status, await answer.read()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _address(self, path: str) -> str:
        return path if path.startswith("https://") else f"{self._endpoint}{path}"

    async def _opened(self) -> Any:
        async with self._lock:
            if self._client is None:
                # In a thread: imports take long on a busy machine, and the engine waits seconds for an answer to
                # Cancel.
                authorities = self._authorities
                if authorities is None:
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
        policies = [
            HeadersPolicy({"Accept": "application/json"}),
            UserAgentPolicy(base_user_agent=self._agent),
            AsyncRetryPolicy(**patience(local=self._local)),
            AsyncBearerTokenCredentialPolicy(
                CredentialInThread(self._credential), f"{self._endpoint}/.default"
            ),
        ]
        transport = AioHttpTransport(session=self._session, session_owner=False)
        return AsyncPipelineClient(self._endpoint, policies=policies, transport=transport)


def _connection_refused() -> type[Exception]:
    import aiohttp

    return aiohttp.ClientConnectorError


def _lost_answers() -> tuple[type[Exception], ...]:
    import aiohttp

    return aiohttp.ClientError, TimeoutError


def same_host(one: str, other: str) -> bool:
    """Whether two addresses are of the same host over TLS; Azure writes some with their port, which is 443."""
    return _host(one) is not None and _host(one) == _host(other)


def is_own(address: str, endpoint: str) -> bool:
    """Whether a login to an endpoint may be shown at an address: the endpoint's host, or its cloud's Azure ML."""
    host = _host(address)
    cloud = cloud_at(endpoint)
    suffixes = [suffix for suffix in (data_plane_of(cloud), registry_hosts_of(cloud)) if suffix]
    return host is not None and (
        same_host(address, endpoint)
        or (host[1] == 443 and any(host[0].endswith(f".{suffix}") for suffix in suffixes))
    )


def _host(url: str) -> tuple[str, int] | None:
    parts = urlsplit(url)
    try:
        port = parts.port or 443
    except ValueError:
        return None
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        return None
    return parts.hostname.lower(), port


def trusted_authorities() -> ssl.SSLContext:
    """The bundle that Azure's clients use: REQUESTS_CA_BUNDLE, else SSL_CERT_FILE, else certifi's."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if not bundle:
        import certifi

        bundle = certifi.where()
    return ssl.create_default_context(cafile=bundle)


def _prepare() -> ssl.SSLContext:
    import_client_libraries()
    return trusted_authorities()
