"""Puts replies and refusals on the wire, with the headers that Azure's clients look for."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import NO_BODY, Call, Reply
from plumbline.emulator.services.machine_learning.answer_headers import machine_learning_headers

Send = Callable[[dict[str, Any]], Awaitable[None]]
_CHUNK = 256 * 1024
_ADDRESSES = frozenset({"location", "azure-asyncoperation"})
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


async def send_reply(call: Call, reply: Reply, send: Send) -> None:
    """Sends a reply; the body stays away for HEAD, its length does not."""
    headers = _common(call) | {key.lower(): value for key, value in reply.headers.items()}
    content = b""
    if reply.json is not NO_BODY:
        content = json.dumps(reply.json, separators=(",", ":")).encode()
        headers.setdefault("content-type", "application/json; charset=utf-8")
    elif reply.body is not None:
        content = reply.body
    if reply.stream is not None:
        await _start(send, reply.status, headers)
        async for chunk in reply.stream:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    if reply.file is not None:
        first, end = reply.file_range or (0, reply.file.stat().st_size)
        headers["content-length"] = str(end - first)
        await _start(send, reply.status, headers)
        await _send_file(call, reply, first, end, send)
        return
    if reply.status not in {204, 304}:
        headers.setdefault("content-length", str(len(content)))
    await _start(send, reply.status, headers)
    await send({"type": "http.response.body", "body": b"" if call.method == "HEAD" else content})


async def _send_file(call: Call, reply: Reply, first: int, end: int, send: Send) -> None:
    assert reply.file is not None
    if call.method == "HEAD":
        await send({"type": "http.response.body", "body": b""})
        return
    with reply.file.open("rb") as stream:
        stream.seek(first)
        left = end - first
        while left > 0:
            chunk = stream.read(min(_CHUNK, left))
            if not chunk:
                break
            left -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def send_error(call: Call, error: AzureError, send: Send) -> None:
    """Sends a refusal: XML with x-ms-error-code for storage, JSON for everyone else."""
    headers = _common(call, failed=True) | {key.lower(): value for key, value in error.headers.items()}
    if call.route.audience == "storage":
        headers |= {"x-ms-error-code": error.code, "content-type": "application/xml"}
        text = (
            f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{escape(error.code)}</Code>'
            f"<Message>{escape(error.message)}</Message></Error>"
        )
        content = text.encode()
    else:
        headers["content-type"] = "application/json; charset=utf-8"
        if error.gateway:
            headers["x-ms-failure-cause"] = "gateway"
        content = json.dumps(error.body(call.emulator.settings.location)).encode()
    headers["content-length"] = str(len(content))
    await _start(send, error.status, headers)
    await send({"type": "http.response.body", "body": b"" if call.method == "HEAD" else content})


def _common(call: Call, *, failed: bool = False) -> dict[str, str]:
    headers = {
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-correlation-request-id": call.correlation_id,
        "date": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "cache-control": "no-cache",
    }
    if (client := call.headers.get("x-ms-client-request-id")) is not None:
        headers["x-ms-client-request-id"] = client
    return headers | machine_learning_headers(call, failed=failed)


async def _start(send: Send, status: int, headers: dict[str, str]) -> None:
    # Addresses with a name in them that is not ASCII are percent-encoded, as RFC 3986 has them.
    sent = {
        key: quote(value, safe=_PRINTABLE) if key in _ADDRESSES else value for key, value in headers.items()
    }
    pairs = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
