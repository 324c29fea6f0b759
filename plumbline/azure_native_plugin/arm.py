"""Azure Resource Manager: reads, writes and deletes by id, and waits for long operations."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from plumbline.azure_native_plugin.errors import ArmError, OperationFailed
from plumbline.azure_native_plugin.http import Answer, Http, error_in, raise_for_error, retry_after
from plumbline.azure_native_plugin.identity import Identity

_POLL_SECONDS = 1.0  # when no Retry-After asks for another wait
_DONE, _BROKEN = "succeeded", ("failed", "canceled", "cancelled")


class Arm:
    """A client of one ARM endpoint, safe to use from many threads."""

    def __init__(self, *, base_url: str, http: Http, identity: Identity) -> None:
        self.base_url = base_url
        self._http = http
        self._identity = identity

    def get(self, resource_id: str, api_version: str) -> dict[str, Any] | None:
        """The resource as it is live; None when it is not there.

        Raises: ArmError: any other answer with an error.
        """
        answer = self._send("GET", self._url(resource_id), {"api-version": api_version})
        if answer.status == 404:
            return None
        raise_for_error(answer, f"GET {resource_id}")
        return answer.body if isinstance(answer.body, dict) else {}

    def put(
        self,
        resource_id: str,
        api_version: str,
        body: Mapping[str, Any],
        *,
        query: Mapping[str, Any] | None = None,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        """Writes the resource and waits until it is done; answers it as the service does.

        Raises: ArmError: refused. OperationFailed: accepted, then failed: the resource may exist.
        """
        target = f"PUT {resource_id}"
        parameters = {"api-version": api_version, **(query or {})}
        answer = self._send("PUT", self._url(resource_id), parameters, body=dict(body))
        raise_for_error(answer, target)
        self._finish(answer, target, resource_id, api_version, timeout_seconds)
        if not self._is_long(answer) and isinstance(answer.body, dict):
            return answer.body
        return self.get(resource_id, api_version) or (answer.body if isinstance(answer.body, dict) else {})

    def delete(
        self,
        resource_id: str,
        api_version: str,
        *,
        query: Mapping[str, Any] | None = None,
        timeout_seconds: float,
    ) -> None:
        """Deletes the resource and waits until it is gone; one that is gone already is fine."""
        target = f"DELETE {resource_id}"
        answer = self._send("DELETE", self._url(resource_id), {"api-version": api_version, **(query or {})})
        if answer.status == 404:
            return
        raise_for_error(answer, target)
        if answer.status == 202:
            self._finish(answer, target, None, api_version, timeout_seconds)

    def post(self, resource_id: str, action: str, api_version: str) -> dict[str, Any]:
        """An action on a resource, such as listKeys."""
        answer = self._send(
            "POST", f"{self._url(resource_id)}/{action}", {"api-version": api_version}, body={}
        )
        raise_for_error(answer, f"POST {resource_id}/{action}")
        return answer.body if isinstance(answer.body, dict) else {}

    # -- long operations ----------------------------------------------------------------------------------

    def _finish(
        self, answer: Answer, target: str, resource_id: str | None, api_version: str, timeout_seconds: float
    ) -> None:
        operation = _header(answer, "Azure-AsyncOperation") or _header(answer, "Operation-Location")
        location = _header(answer, "Location") if answer.status == 202 else None
        end = time.monotonic() + timeout_seconds
        while True:
            if operation:
                state = _state(answer, "status") if answer.status == 200 and _is_operation(answer) else None
            elif location:
                state = "succeeded" if answer.status != 202 else None
            else:
                state = (_provisioning_state(answer) or _DONE) if resource_id else _DONE
            if state in _BROKEN:
                code, message = error_in(answer.body)
                raise OperationFailed(status=answer.status, code=code, message=message, target=target)
            if state == _DONE:
                return
            if time.monotonic() > end or self._http.cancelled.is_set():
                why = (
                    "cancelled"
                    if self._http.cancelled.is_set()
                    else f"not done after {timeout_seconds:.0f} s"
                )
                raise OperationFailed(status=0, code="OperationNotFinished", message=why, target=target)
            asked = retry_after(answer.headers)
            self._http.wait(_POLL_SECONDS if asked is None else max(asked, 0.05))
            url = operation or location or f"{self._url(resource_id or '')}?api-version={api_version}"
            answer = self._send("GET", url, {})
            raise_for_error(answer, target, OperationFailed)
            location = _header(answer, "Location") or location

    def _is_long(self, answer: Answer) -> bool:
        return (
            answer.status == 202
            or bool(_header(answer, "Azure-AsyncOperation") or _header(answer, "Operation-Location"))
            or _provisioning_state(answer) not in (None, _DONE)
        )

    # -- requests -----------------------------------------------------------------------------------------

    def _url(self, resource_id: str) -> str:
        return f"{self.base_url}/{resource_id.lstrip('/')}"

    def _send(self, method: str, url: str, query: Mapping[str, Any], body: Any = None) -> Answer:
        target = f"{method} {urlsplit(url).path}"
        if _origin(url) != _origin(self.base_url):
            # An operation's address comes from the server: no token leaves for another host.
            raise ArmError(status=0, code="ForeignAddress", message=f"refused to call {url}", target=target)
        answer = self._authorized(method, url, query, body, target)
        if answer.status == 401:
            self._identity.forget()
            answer = self._authorized(method, url, query, body, target)
        return answer

    def _authorized(self, method: str, url: str, query: Mapping[str, Any], body: Any, target: str) -> Answer:
        headers = {"Authorization": f"Bearer {self._identity.token()}"}
        return self._http.send(method, url, target=target, headers=headers, query=query, body=body)


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port; private DNS writes the default port out."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _header(answer: Answer, name: str) -> str | None:
    return answer.headers.get(name) or None


def _is_operation(answer: Answer) -> bool:
    return isinstance(answer.body, Mapping) and "status" in answer.body


def _state(answer: Answer, member: str) -> str | None:
    value = answer.body.get(member) if isinstance(answer.body, Mapping) else None
    return value.lower() if isinstance(value, str) else None


def _provisioning_state(answer: Answer) -> str | None:
    properties = answer.body.get("properties") if isinstance(answer.body, Mapping) else None
    value = properties.get("provisioningState") if isinstance(properties, Mapping) else None
    return value.lower() if isinstance(value, str) else None
