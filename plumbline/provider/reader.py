"""Reads of one Resource Manager endpoint, what went wrong said to the person who runs the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from plumbline.azure import reader as arm
from plumbline.provider.answers import refusal_of
from plumbline.provider.errors import Refusal

T = TypeVar("T")


class Reader:
    """GETs. Used in the event loop that first asks."""

    def __init__(self, connections: arm.Reader) -> None:
        self._reader = connections
        self._under_way: dict[str, asyncio.Future[Any]] = {}

    async def get(
        self, path: str, *, api_version: str | None = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """The JSON document at an ARM path, None when it is not there.

        Raises: Refusal: no login, no right, no answer.
        """
        return await self._read(path, self._reader.get(path, api_version=api_version, query=query))

    async def get_unchanging(self, path: str, *, api_version: str) -> Any:
        """The same of what never changes once it is there: who asks while another does shares its answer.

        Raises: Refusal: as `get`.
        """
        asked = self._under_way.get(path)
        if asked is None:
            asked = asyncio.ensure_future(self.get(path, api_version=api_version))
            self._under_way[path] = asked
            asked.add_done_callback(lambda _: self._under_way.pop(path, None))
        # Whoever is cancelled takes the answer from nobody else.
        return await asyncio.shield(asked)

    async def pages(
        self, path: str, *, api_version: str, query: Mapping[str, str] | None = None
    ) -> list[Any]:
        """Every entry of a list, over all its pages; none when what would hold it is not there (yet).

        Raises: Refusal: as `get`; or a page lies at another host.
        """
        found = await self._read(path, self._reader.pages(path, api_version=api_version, query=query))
        return found or []

    async def post(self, path: str, *, api_version: str, body: Any) -> Any:
        """The JSON answer to a POST that changes nothing, such as a signature to read with.

        Raises: Refusal: as `get`, and when there is nothing at the path.
        """
        response = await self._read(path, self._reader.send("POST", path, api_version=api_version, body=body))
        if response.status_code == 404:
            raise Refusal(f"read {_short(path)}: got nothing there, expected an answer.")
        return response.json()

    async def send(self, method: str, path: str, *, api_version: str, body: Any = None) -> None:
        """Send a request that changes something.

        Raises: Refusal: as `get`.
        """
        from azure.core.exceptions import AzureError

        what, scope = f"{method} {_short(path)}", path
        action = _action(path, "delete" if method == "DELETE" else "write")
        try:
            await self._reader.send(method, path, api_version=api_version, body=body)
        except (AzureError, Refusal) as error:
            raise refusal_of(error, what=what, action=action, scope=scope) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._reader.close()

    async def _read(self, path: str, answer: Awaitable[T]) -> T:
        from azure.core.exceptions import AzureError

        what = f"read {_short(path)}"
        try:
            return await answer
        except (AzureError, Refusal) as error:
            raise refusal_of(error, what=what, action=_action(path, "read"), scope=path) from error
        except arm.ForeignAddressError as error:
            raise Refusal(f"{what}: {error} Open a new shell.") from error


def _short(path: str) -> str:
    # People know an asset by its workspace or registry and name; the whole id stands at the end of the message.
    for place in ("/workspaces/", "/registries/"):
        if short := path.partition(place)[2]:
            return short
    return path


def _action(path: str, verb: str) -> str:
    kinds = path.partition("/providers/")[2].split("/")
    return "/".join([*kinds[:1], *kinds[1::2], verb])
