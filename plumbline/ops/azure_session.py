"""Requests to Azure for the command line: azure-core's pipeline, one login, many reads side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from azure.core import PipelineClient
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    HeadersPolicy,
    RetryPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse

from plumbline.azure.error_answer import ErrorAnswer, read_error
from plumbline.fence import FenceError, require_pinned_tenant
from plumbline.ops.errors import UserError
from plumbline.ops.target import PUBLIC_ENDPOINTS, Target

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential

JOBS = "2024-01-01-preview"
T = TypeVar("T")


class RefusedError(UserError):
    """Azure refused a request.

    Attributes:
        status: The HTTP status, and `codes`, every code in the answer, the outermost first.
    """

    def __init__(self, message: str, *, status: int, codes: tuple[str, ...]) -> None:
        super().__init__(message)
        self.status = status
        self.codes = codes


class AzureSession:
    """Calls one Resource Manager endpoint as whoever is logged in.

    Source: azure-core 1.x `PipelineClient`, azure-identity `DefaultAzureCredential`, `AzureAuthorityHosts`.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.credential = _credential(target)
        self._fenced = target.pins is None
        scope = f"{target.endpoint}/.default"
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            base_url=target.endpoint,
            policies=[
                HeadersPolicy({"Accept": "application/json"}),
                UserAgentPolicy(base_user_agent="plumbline-cli"),
                # An emulator that is down stays down: say so at once.
                RetryPolicy(
                    retry_total=6, retry_connect=1 if target.is_emulated else 3, retry_backoff_factor=0.4
                ),
                BearerTokenCredentialPolicy(self.credential, scope),
            ],
            transport=RequestsTransport(
                use_env_settings=not target.is_emulated, connection_verify=_authorities()
            ),
        )
        self._scope = scope

    def get(self, path: str, *, api_version: str | None = None, **query: str) -> Any:
        """The JSON document at a path below the endpoint, None when it is not there.

        Raises: UserError: no login, no right, no answer.
        """
        response = self._send(HttpRequest("GET", self._url(path), params=_parameters(api_version, query)))
        return None if response.status_code == 404 else response.json()

    def pages(self, path: str, *, api_version: str, **query: str) -> Iterable[dict[str, Any]]:
        """Every entry of a list, page after page."""
        url: str | None = self._url(path)
        parameters: dict[str, str] | None = _parameters(api_version, query)
        while url:
            response = self._send(HttpRequest("GET", url, params=parameters))
            if response.status_code == 404:
                return
            page = response.json()
            yield from page.get("value") or []
            url, parameters = page.get("nextLink"), None

    def send(
        self, method: str, path: str, *, api_version: str | None = None, body: Any = None
    ) -> HttpResponse:
        """Send a request that changes something; answers the response of a success.

        Raises: UserError: as `get`, and for 404.
        """
        request = HttpRequest(method, self._url(path), params=_parameters(api_version, {}), json=body)
        response = self._send(request)
        if response.status_code == 404:
            raise UserError(
                f"{path}: got 404 (not found), expected it there. Check the name and the workspace."
            )
        return response

    def fetch(self, url: str) -> bytes:
        """The bytes at an address that Azure signed itself; no token is sent there."""
        import requests

        answer = requests.get(url, timeout=60, verify=_authorities())
        if answer.status_code != 200:
            raise UserError(f"{url.partition('?')[0]}: got HTTP {answer.status_code}, expected the file.")
        return answer.content

    def side_by_side(self, work: Callable[[Any], T], entries: Sequence[Any]) -> list[T]:
        """Do the same for every entry, in parallel, answers in the order of the entries."""
        with ThreadPoolExecutor(max_workers=min(32, max(1, len(entries)))) as pool:
            return list(pool.map(work, entries))

    def token(self, scope: str | None = None) -> str:
        """An access token of the login. Raises: UserError: there is no login."""
        try:
            return self.credential.get_token(scope or self._scope).token
        except ClientAuthenticationError as error:
            raise _no_login(error) from error

    def _send(self, request: HttpRequest) -> HttpResponse:
        if not self._fenced and self.target.pins is not None:
            try:
                require_pinned_tenant(self.target.pins, self.token())
            except FenceError as error:
                raise UserError(str(error)) from error
            self._fenced = True
        try:
            response: HttpResponse = self._client.send_request(request)
        except ClientAuthenticationError as error:
            raise _no_login(error) from error
        except AzureError as error:
            raise UserError(
                f"{self.target.endpoint}: got no answer ({_first_line(error)}), expected one. "
                + (
                    "Start the emulator: plumbline local start"
                    if self.target.is_emulated
                    else "Check the network."
                )
            ) from error
        if response.status_code < 400 or response.status_code == 404:
            return response
        refusal = _refusal(response)
        raise RefusedError(
            _refused(request, response, refusal), status=response.status_code, codes=refusal.codes
        )

    def _url(self, path: str) -> str:
        return path if path.startswith("https://") else f"{self.target.endpoint}{path}"


def _credential(target: Target) -> DefaultAzureCredential:
    from azure.identity import DefaultAzureCredential

    from plumbline.provider.authority import authority_of

    if target.is_emulated:
        return DefaultAzureCredential()
    # A target without pins has no cloud's name, but its endpoint tells. Any other endpoint is a cloud of one's own.
    cloud = next((name for name, endpoint in PUBLIC_ENDPOINTS.items() if endpoint == target.endpoint), "")
    return DefaultAzureCredential(authority=authority_of(cloud))


def _parameters(api_version: str | None, query: Mapping[str, str]) -> dict[str, str]:
    return {**({"api-version": api_version} if api_version else {}), **query}


def _refusal(response: HttpResponse) -> ErrorAnswer:
    try:
        return read_error(response.json())
    except ValueError:
        return ErrorAnswer()


def _refused(request: HttpRequest, response: HttpResponse, refusal: ErrorAnswer) -> str:
    where = request.url.split("?")[0].rpartition("/providers/Microsoft.MachineLearningServices/")[2]
    said = f"{refusal.code or response.reason}: {refusal.message}".removesuffix(": ")
    step = {
        401: "Log in again: az login",
        403: "Ask the workspace's owner for a role that allows it.",
        429: "Azure asks for patience: try again in a minute.",
    }.get(response.status_code, "Correct what it names, then try again.")
    return f"{where}: {request.method}: got HTTP {response.status_code} ({said}), expected success. {step}"


def _no_login(error: Exception) -> UserError:
    return UserError(f"login: got none ({_first_line(error)}), expected one that Azure takes. Run: az login")


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _authorities() -> str | bool:
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
