"""Lists of blobs and containers as storage's XML."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.blob.blobs import Blob
from plumbline.emulator.services.blob.headers import http_time, version
from plumbline.emulator.store import Resource

LARGEST_PAGE = 5000
"""Storage's own limit. Source: storage REST reference, "List Blobs"."""


def blob_list(call: Call, container: Resource, blobs: Iterable[Blob]) -> Reply:
    """A page of blobs.

    Args:
        blobs: those of the wanted prefix, from the marker on, by name.
    """
    size, delimiter = page_size(call), call.query.get("delimiter", "")
    prefix = call.query.get("prefix", "")
    with_metadata = "metadata" in call.query.get("include", "").split(",")
    items: list[str] = []
    seen: set[str] = set()
    next_marker = ""
    for blob in blobs:
        rest = blob.name[len(prefix) :]
        folder = (
            prefix + rest.partition(delimiter)[0] + delimiter if delimiter and delimiter in rest else None
        )
        if folder in seen:
            continue
        if len(items) == size:
            next_marker = folder or blob.name
            break
        if folder is not None:
            seen.add(folder)
            items.append(f"<BlobPrefix><Name>{escape(folder)}</Name></BlobPrefix>")
        else:
            items.append(_blob(blob, with_metadata=with_metadata))
    echoed = {
        "Prefix": prefix,
        "Marker": call.query.get("marker", ""),
        "MaxResults": call.query.get("maxresults", ""),
        "Delimiter": delimiter,
    }
    return _reply(call, f" ContainerName={quoteattr(container.name)}", echoed, "Blobs", items, next_marker)


def container_list(call: Call, containers: Iterable[Resource]) -> Reply:
    """A page of containers, of all accounts: the request does not say which one is meant."""
    size, prefix, marker = page_size(call), call.query.get("prefix", ""), call.query.get("marker", "")
    found = [entry for entry in containers if entry.name.startswith(prefix) and entry.name >= marker]
    items = [
        f"<Container><Name>{escape(entry.name)}</Name><Properties><Last-Modified>{http_time(changed(entry))}"
        f"</Last-Modified><Etag>&quot;{entry.etag}&quot;</Etag><LeaseStatus>unlocked</LeaseStatus>"
        "<LeaseState>available</LeaseState></Properties></Container>"
        for entry in found[:size]
    ]
    next_marker = found[size].name if len(found) > size else ""
    return _reply(call, "", {"Prefix": prefix, "Marker": marker}, "Containers", items, next_marker)


def block_list(call: Call, blocks: dict[str, tuple[str, int]]) -> Reply:
    """Uncommitted blocks of a blob; which blocks a committed one was made of is not kept."""
    items = "".join(
        f"<Block><Name>{escape(name)}</Name><Size>{size}</Size></Block>" for name, (_, size) in blocks.items()
    )
    body = f"<BlockList><CommittedBlocks /><UncommittedBlocks>{items}</UncommittedBlocks></BlockList>"
    return _xml(call, body)


def changed(container: Resource) -> datetime:
    """When a container was last changed."""
    return datetime.fromisoformat(container.system_data["lastModifiedAt"][:26] + "+00:00")


def page_size(call: Call) -> int:
    """How many items a page may have. Raises: AzureError: 400, when it is no number from 1 to 5000."""
    text = call.query.get("maxresults", str(LARGEST_PAGE))
    if not text.isdigit() or not 1 <= int(text) <= LARGEST_PAGE:
        raise AzureError(
            400, "OutOfRangeQueryParameterValue", f"maxresults must be 1 to {LARGEST_PAGE}, got {text}."
        )
    return int(text)


def _blob(blob: Blob, *, with_metadata: bool) -> str:
    properties = {
        "Creation-Time": http_time(blob.created),
        "Last-Modified": http_time(blob.modified),
        "Etag": blob.etag,
        "Content-Length": str(blob.size),
        "Content-Type": blob.headers.get("content-type", ""),
        "Content-Encoding": blob.headers.get("content-encoding", ""),
        "Content-Language": blob.headers.get("content-language", ""),
        "Content-MD5": blob.md5,
        "Content-Disposition": blob.headers.get("content-disposition", ""),
        "Cache-Control": blob.headers.get("cache-control", ""),
        "BlobType": "BlockBlob",
        "AccessTier": "Hot",
        "AccessTierInferred": "true",
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
        "ServerEncrypted": "true",
    }
    metadata = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in blob.metadata.items())
    return (
        f"<Blob><Name>{escape(blob.name)}</Name><Properties>{_elements(properties)}</Properties>"
        f"{f'<Metadata>{metadata}</Metadata>' if with_metadata else ''}<OrMetadata /></Blob>"
    )


def _elements(values: dict[str, str]) -> str:
    return "".join(
        f"<{name}>{escape(value)}</{name}>" if value else f"<{name} />" for name, value in values.items()
    )


def _reply(
    call: Call, attributes: str, echoed: dict[str, str], name: str, items: list[str], next_marker: str
) -> Reply:
    shown = _elements({key: value for key, value in echoed.items() if value})
    return _xml(
        call,
        f"<EnumerationResults ServiceEndpoint={quoteattr(call.base_url + '/')}{attributes}>{shown}"
        f"<{name}>{''.join(items)}</{name}>{_elements({'NextMarker': next_marker})}</EnumerationResults>",
    )


def _xml(call: Call, body: str) -> Reply:
    return Reply(
        body=f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode(),
        headers=version(call) | {"content-type": "application/xml"},
    )
