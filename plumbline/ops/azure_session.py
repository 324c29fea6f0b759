"""Requests to Azure for the command line: the one reader, blocking, one login, many reads side by side."""

from __future__ import annotations

import asyncio
import atexit
import os
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar

# All of them here, before the first thread: two threads that import azure.core at once meet it half initialized.
import aiohttp
import azure.core.pipeline.policies
import azure.core.pipeline.transport
import azure.core.rest  # noqa: F401
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from plumbline.azure.api_versions import api_version
from plumbline.azure.client_libraries import import_client_libraries
from plumbline.azure.clouds import authority_of, cloud_at
from plumbline.azure.emulated_login import EmulatedLogin, is_asked
from plumbline.azure.error_answer import read_error
from plumbline.azure.no_answer import no_answer
from plumbline.azure.patience import PASSING
from plumbline.azure.reader import ForeignAddressError, Reader, trusted_authorities
from plumbline.fence import CloudPins, FenceError, require_pinned_tenant
from plumbline.ops.errors import UserError
from plumbline.ops.target import Target

T = TypeVar("T")
_AGENT = "plumbline-cli"
_CLOSE_SECONDS = 2.0
# How long somebody who follows a job waits for an answer to the same question: (an emulator, Azure).
PATIENCE_SECONDS = (6.0, 300.0)
_PAUSE_SECONDS = 0.5


class NoAnswerError(UserError):
    """Nothing came back; nobody knows whether the request was done."""


class RefusedError(UserError):
    """Azure refused a request.

    Attributes:
        status: The HTTP status, and `codes`, every code in the answer, the outermost first.
    """

    def __init__(self, message: str, *, status: int, codes: tuple[str, ...]) -> None:
        super().__init__(message)
        self.status = status
        self.codes = codes

    @property
    def may_pass(self) -> bool:
        """Whether another try may be answered: too many requests, or a fault of the service."""
        return self.status in PASSING


class AzureSession:
    """Calls one Resource Manager endpoint as whoever is logged in; safe to use from many threads.

    Source: azure-identity `DefaultAzureCredential`, `AzureAuthorityHosts`.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._asks_emulator = target.is_emulated and is_asked(os.environ)
        if not self._asks_emulator:
            import_client_libraries()
        self.credential = FencedLogin(target, self._credential)
        self._scope = f"{target.endpoint}/.default"
        self._guard = threading.Lock()
        self._holder_seen = False
        self._patience_seconds = 0.0

    @contextmanager
    def patient(self) -> Iterator[None]:
        """Ask for the same again, for a while, where one answer that fails says nothing of what is looked at.

        For reads only: whoever follows a job to its end must not mistake a failed look for the job's failure.
        """
        emulated, azure = PATIENCE_SECONDS
        self._patience_seconds = emulated if self.target.is_emulated else azure
        try:
            yield
        finally:
            self._patience_seconds = 0.0

    def get(self, path: str, *, api_version: str | None = None, **query: str) -> Any:
        """The JSON document at a path below the endpoint, None when it is not there.

        Raises: UserError: no login, no right, no answer.
        """
        return self._run(lambda: self._reader.get(path, api_version=api_version, query=query))

    def get_all(self, asked: Sequence[tuple[str, str | None]]) -> list[Any]:
        """Documents at (path, api-version) in their order, as `get` each; as many at once as there are connections.

        Raises: UserError: as `get`, for the first that fails.
        """

        async def documents() -> list[Any]:
            reads = (self._reader.get(path, api_version=version) for path, version in asked)
            return list(await asyncio.gather(*reads))

        return self._run(documents) if asked else []

    def lists(self, asked: Sequence[tuple[str, str, Mapping[str, str]]]) -> list[list[dict[str, Any]]]:
        """Whole lists at (path, api-version, query) in their order, as `pages` each; as many at once as there are connections.

        Raises: UserError: as `pages`, for the first that fails.
        """

        async def found() -> list[list[dict[str, Any]] | None]:
            reads = (
                self._reader.pages(path, api_version=version, query=query) for path, version, query in asked
            )
            return list(await asyncio.gather(*reads))

        answers = self._run(found) if asked else []
        if any(one is None for one in answers):
            self.require_workspace()
        return [one or [] for one in answers]

    def read_with(self, work: Callable[[Reader], Coroutine[Any, Any, T]]) -> T:
        """What reads of somebody else's make of the answers; they share this session's login and connections.

        Raises: UserError: as `get`, for what the work lets through.
        """
        return self._run(lambda: work(self._reader))

    def pages(self, path: str, *, api_version: str | None = None, **query: str) -> Iterator[dict[str, Any]]:
        """Every entry of a list, page after page.

        Raises: UserError: as `get`; there is no list because the workspace is not there.
        """
        page = self._run(lambda: self._reader.page(path, api_version=api_version, query=query))
        if page is None:
            self.require_workspace()
        while page is not None:
            yield from page.entries
            link = page.next_link
            page = self._run(lambda link=link: self._reader.page(link)) if link else None  # type: ignore[misc]

    def send(
        self,
        method: str,
        path: str,
        *,
        api_version: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request that changes something; answers the response of a success.

        Raises: UserError: as `get`, and for 404.
        """
        response = self._run(
            lambda: self._reader.send(method, path, api_version=api_version, body=body, headers=headers)
        )
        if response.status_code == 404:
            self.require_workspace()
            raise UserError(
                f"{path}: got 404 (not found), expected it there. Check the name and the workspace."
            )
        return response

    def fetch(self, url: str) -> bytes:
        """The bytes at an address that Azure signed itself; no token is sent there."""
        return self._steadily(lambda: self._fetched(url))

    def _fetched(self, url: str) -> bytes:
        address = url.partition("?")[0]
        try:
            status, content = self._once(lambda: self._reader.fetch(url))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NoAnswerError(
                f"{address}: got no answer ({_first_line(error)}), expected the file. {self._where_to_look}"
            ) from error
        if status != 200:
            raise RefusedError(f"{address}: got HTTP {status}, expected the file.", status=status, codes=())
        return content

    def require_workspace(self) -> None:
        """Pass when the workspace is there: an answer of 404 then speaks of what was asked for.

        Raises: UserError: it is not.
        """
        if self._holder_seen:
            return
        target = self.target
        if not target.workspace_name:
            raise UserError(
                f"resource group {target.resource_group_name}: got nothing, expected it. Check --stack, or run: pulumi up"
            )
        if self.get(target.workspace_id, api_version=api_version("workspaces")) is None:
            raise UserError(
                f"workspace {target.workspace_name}: got nothing, expected it in resource group "
                f"{target.resource_group_name}. Check --stack, or run: pulumi up"
            )
        self._holder_seen = True

    def side_by_side(self, work: Callable[[Any], T], entries: Sequence[Any]) -> list[T]:
        """Do the same for every entry, in parallel, answers in the order of the entries."""
        with ThreadPoolExecutor(max_workers=min(32, max(1, len(entries)))) as pool:
            return list(pool.map(work, entries))

    def token(self, scope: str | None = None) -> str:
        """An access token of the login. Raises: UserError: there is no login."""
        try:
            return str(self.credential.get_token(scope or self._scope).token)
        except ClientAuthenticationError as error:
            raise self._no_login(error) from error

    def _credential(self) -> Any:
        if self._asks_emulator:
            return EmulatedLogin(self._authorities, agent=_AGENT)
        from azure.identity import DefaultAzureCredential

        if self.target.is_emulated:
            return DefaultAzureCredential()
        # A target without pins has no cloud's name, but its endpoint tells. Any other endpoint is a cloud of one's own.
        return DefaultAzureCredential(authority=authority_of(cloud_at(self.target.endpoint) or ""))

    @cached_property
    def _authorities(self) -> ssl.SSLContext:
        return trusted_authorities()

    @cached_property
    def _reader(self) -> Reader:
        return Reader(
            endpoint=self.target.endpoint,
            credential=self.credential,
            local=self.target.is_emulated,
            agent=_AGENT,
            authorities=self._authorities,
        )

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        """A loop on a thread of its own, until the process ends: callers block on it, from any thread."""
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, name="azure", daemon=True).start()
        atexit.register(self._close, loop)
        return loop

    def _close(self, loop: asyncio.AbstractEventLoop) -> None:
        closing = asyncio.run_coroutine_threadsafe(self._reader.close(), loop)
        try:
            closing.result(timeout=_CLOSE_SECONDS)
        except TimeoutError:
            closing.cancel()
        loop.call_soon_threadsafe(loop.stop)

    def _run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self._steadily(lambda: self._once(work))

    def _steadily(self, look: Callable[[], T]) -> T:
        """Look, again as long as the patience lasts."""
        until = time.monotonic() + self._patience_seconds
        while True:
            try:
                return look()
            except NoAnswerError:
                if time.monotonic() >= until:
                    raise
            except RefusedError as error:
                if time.monotonic() >= until or not error.may_pass:
                    raise
            time.sleep(_PAUSE_SECONDS)

    @property
    def _where_to_look(self) -> str:
        if self.target.is_emulated:
            return "Start the emulator: plumbline local start"
        return "Check the network."

    def _once(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        with self._guard:
            loop = self._loop
        try:
            return asyncio.run_coroutine_threadsafe(work(), loop).result()
        except ClientAuthenticationError as error:
            if error.response is not None:
                raise _refused(error) from error
            raise self._no_login(error) from error
        except HttpResponseError as error:
            raise _refused(error) from error
        except AzureError as error:
            raise self._no_answer(error) from error
        except ForeignAddressError as error:
            raise UserError(f"{self.target.endpoint}: {error} Open a new shell.") from error

    def _no_answer(self, error: BaseException) -> NoAnswerError:
        return NoAnswerError(
            f"{self.target.endpoint}: got no answer ({_first_line(error)}), expected one. {self._where_to_look}"
        )

    def _no_login(self, error: Exception) -> UserError:
        unheard = no_answer(error)
        if unheard is not None:
            return self._no_answer(unheard)
        return UserError(
            f"login: got none ({_first_line(error)}), expected one that Azure takes. Run: az login"
        )


class FencedLogin:
    """The login of the command line; its first token is compared with the tenant that the stack pins."""

    def __init__(self, target: Target, choose: Callable[[], Any]) -> None:
        self._choose = choose
        self._pins: CloudPins | None = target.pins
        self._guard = threading.Lock()

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """A token for the scopes. Raises: UserError: it is one of another tenant."""
        with self._guard:
            credential = self._credential
        token = credential.get_token(*scopes, **options)
        if self._pins is not None:
            try:
                require_pinned_tenant(self._pins, token.token)
            except FenceError as error:
                raise UserError(str(error)) from error
            self._pins = None
        return token

    @cached_property
    def _credential(self) -> Any:
        return self._choose()


def _refused(error: HttpResponseError) -> RefusedError:
    response: Any = error.response  # azure-core's type of it knows no body
    try:
        answer = read_error(response.json())
    except ValueError:
        answer = read_error(None)
    request = response.request
    where = request.url.split("?")[0].rpartition("/providers/Microsoft.MachineLearningServices/")[2]
    status = int(error.status_code or 0)
    said = f"{answer.code or response.reason}: {answer.message}".removesuffix(": ")
    step = {
        401: "Log in again: az login",
        403: "Ask the workspace's owner for a role that allows it.",
        429: "Azure limits requests: try again in a minute.",
    }.get(status, "Correct what it names, then try again.")
    return RefusedError(
        f"{where}: {request.method}: got HTTP {status} ({said}), expected success. {step}",
        status=status,
        codes=answer.codes,
    )


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
