"""A blob's facts as HTTP headers, and the conditions and ranges that requests put on them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call
from plumbline.emulator.services.blob.blobs import Blob
from plumbline.emulator.services.blob.errors import condition_not_met

API_VERSION = "2021-12-02"
"""Answered in x-ms-version when the request names none."""

_CONTENT_HEADERS = (
    "content-type",
    "content-encoding",
    "content-language",
    "content-disposition",
    "cache-control",
)
_METADATA = "x-ms-meta-"


def http_time(moment: datetime) -> str:
    """RFC 1123, as storage writes times."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def version(call: Call) -> dict[str, str]:
    """The header that every answer of storage has."""
    return {"x-ms-version": call.headers.get("x-ms-version", API_VERSION)}


def sent_headers(call: Call) -> dict[str, str]:
    """The headers of the blob itself that a write sends: x-ms-blob-content-type and its like."""
    found = {
        name: call.headers[f"x-ms-blob-{name}"]
        for name in _CONTENT_HEADERS
        if f"x-ms-blob-{name}" in call.headers
    }
    if "content-type" not in found:
        found["content-type"] = call.headers.get("content-type") or "application/octet-stream"
    return found


def sent_metadata(call: Call) -> dict[str, str]:
    """Metadata that a write sends: x-ms-meta-NAME."""
    return {
        name.removeprefix(_METADATA): value
        for name, value in call.headers.items()
        if name.startswith(_METADATA)
    }


def written(call: Call, blob: Blob) -> dict[str, str]:
    """Headers of the answer to a write."""
    return version(call) | {
        "etag": f'"{blob.etag}"',
        "last-modified": http_time(blob.modified),
        "content-md5": blob.md5,
        "x-ms-request-server-encrypted": "true",
    }


def described(call: Call, blob: Blob) -> dict[str, str]:
    """Headers of the answer to a read."""
    return (
        version(call)
        | dict(blob.headers)
        | {f"{_METADATA}{name}": value for name, value in blob.metadata.items()}
        | {
            "etag": f'"{blob.etag}"',
            "last-modified": http_time(blob.modified),
            "x-ms-creation-time": http_time(blob.created),
            "x-ms-blob-type": "BlockBlob",
            "x-ms-lease-status": "unlocked",
            "x-ms-lease-state": "available",
            "x-ms-access-tier": "Hot",
            "x-ms-access-tier-inferred": "true",
            "x-ms-server-encrypted": "true",
            "accept-ranges": "bytes",
        }
    )


def check_write_conditions(call: Call, present: Blob | None) -> None:
    """Raises: AzureError: 409 BlobAlreadyExists or 412 ConditionNotMet, when a condition of a write does not hold."""
    if_none_match, if_match = call.headers.get("if-none-match"), call.headers.get("if-match")
    if if_none_match == "*" and present is not None:
        raise AzureError(409, "BlobAlreadyExists", "The specified blob already exists.")
    if if_none_match not in (None, "*") and present is not None and _same(if_none_match, present):
        raise condition_not_met()
    if if_match is not None and (present is None or not _same(if_match, present)):
        raise condition_not_met()
    _check_unmodified(call, present)


def not_modified(call: Call, blob: Blob) -> bool:
    """Whether a read's condition asks for nothing new (304). Raises: AzureError: 412, when If-Match fails."""
    if_match = call.headers.get("if-match")
    if if_match is not None and not _same(if_match, blob):
        raise condition_not_met()
    _check_unmodified(call, blob)
    if_none_match = call.headers.get("if-none-match")
    if if_none_match is not None:
        return _same(if_none_match, blob)
    since = call.headers.get("if-modified-since")
    return since is not None and blob.modified.replace(microsecond=0) <= _moment(since)


def wanted_range(call: Call, size: int) -> tuple[int, int] | None:
    """First byte and the one behind the last, or None for the whole.

    Raises: AzureError: 416 InvalidRange, when the blob ends before it (an empty blob has no range at all).
    """
    text = call.headers.get("x-ms-range") or call.headers.get("range")
    if not text:
        return None
    first_text, dash, last_text = text.removeprefix("bytes=").partition("-")
    if not dash or not first_text.isdigit() or (last_text and not last_text.isdigit()):
        raise AzureError(
            400, "InvalidHeaderValue", f"The range '{text}' is not of the form bytes=FIRST-LAST."
        )
    first = int(first_text)
    if first >= size:
        raise AzureError(
            416,
            "InvalidRange",
            "The range specified is invalid for the current size of the resource.",
            headers={"content-range": f"bytes */{size}"},
        )
    return first, min(int(last_text) + 1, size) if last_text else size


def _check_unmodified(call: Call, blob: Blob | None) -> None:
    since = call.headers.get("if-unmodified-since")
    if since is not None and blob is not None and blob.modified.replace(microsecond=0) > _moment(since):
        raise condition_not_met()


def _same(condition: str | None, blob: Blob) -> bool:
    return condition is not None and (condition == "*" or condition.strip('"') == blob.etag)


def _moment(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except ValueError as error:
        raise AzureError(400, "InvalidHeaderValue", f"'{text}' is not a date of RFC 1123.") from error
