"""Operations on blobs and containers, told apart as storage does: by method, comp and restype."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import uuid
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.blob import headers, listing, permission
from plumbline.emulator.services.blob.blobs import Blob, Condition, blobs_of
from plumbline.emulator.services.blob.containers import Containers
from plumbline.emulator.services.blob.content import Content
from plumbline.emulator.services.blob.errors import blob_not_found, digest_mismatch, not_modelled
from plumbline.emulator.store import Resource

_SMALLEST_NAME, _LARGEST_NAME = 3, 63
# 50,000 blocks, the most that a list names, with ids of 88 characters. Source: learn, "Put Block List".
_LARGEST_BLOCK_LIST = 8 * 1024**2
# Block ids are base64: nothing in them is ever escaped, so a block list needs no XML parser.
_BLOCK = re.compile(r"<(Committed|Uncommitted|Latest)>\s*([^<]*?)\s*</")


# -- blobs


def get_blob(call: Call) -> Reply:
    """Properties (HEAD) or bytes (GET), whole or a range."""
    blobs, container = blobs_of(call.emulator), _container(call)
    comp = call.query.get("comp", "")
    if comp == "blocklist":
        permission.READ.require(call, container)
        return listing.block_list(call, blobs.staged(container, call.params["blob"]))
    if comp not in {"", "metadata"} or "snapshot" in call.query or "versionid" in call.query:
        raise not_modelled(f"GET with comp={comp}, snapshots or versions")
    permission.READ.require(call, container)
    blob = blobs.find(container, call.params["blob"])
    if blob is None:
        raise blob_not_found()
    shown = headers.described(call, blob)
    if headers.not_modified(call, blob):
        return Reply(status=304, headers=shown)
    if comp == "metadata":
        return Reply(headers=shown)
    wanted = headers.wanted_range(call, blob.size) if call.method == "GET" else None
    if wanted is None:
        return Reply(file=blobs.path(blob), headers=shown | {"content-md5": blob.md5})
    first, end = wanted
    shown |= {"content-range": f"bytes {first}-{end - 1}/{blob.size}", "x-ms-blob-content-md5": blob.md5}
    if call.headers.get("x-ms-range-get-content-md5") == "true":
        shown["content-md5"] = _digest_of_range(blobs.path(blob), first, end)
    return Reply(status=206, file=blobs.path(blob), file_range=wanted, headers=shown)


async def put_blob(call: Call) -> Reply:
    """Write a blob, a block, a block list, headers or metadata, or copy one."""
    container, comp = _container(call), call.query.get("comp", "")
    if comp == "block":
        return await _put_block(call, container)
    if comp == "blocklist":
        return await _put_block_list(call, container)
    if comp in {"metadata", "properties"}:
        return _change(call, container, comp)
    if comp:
        raise not_modelled(f"PUT with comp={comp}")
    if "x-ms-copy-source" in call.headers:
        return _copy(call, container)
    if call.headers.get("x-ms-blob-type", "") != "BlockBlob":
        raise not_modelled("other blobs than block blobs")
    blobs, name = blobs_of(call.emulator), call.params["blob"]
    writable = _writable(call, container)
    writable(blobs.find(container, name))  # before a byte is taken; and again where it is written
    content = await _received(call)
    blob = blobs.put(
        container, name, content, headers=headers.sent_headers(call), metadata=headers.sent_metadata(call),
        condition=writable,
    )  # fmt: skip
    return Reply(status=201, headers=headers.written(call, blob))


def delete_blob(call: Call) -> Reply:
    """Remove a blob."""
    blobs, container, name = blobs_of(call.emulator), _container(call), call.params["blob"]
    permission.DELETE.require(call, container)
    if not blobs.delete(
        container, name, condition=lambda present: headers.check_write_conditions(call, present)
    ):
        raise blob_not_found()
    return Reply(status=202, headers=headers.version(call) | {"x-ms-delete-type-permanent": "true"})


async def _put_block(call: Call, container: Resource) -> Reply:
    block = call.query.get("blockid", "")
    if not block or "x-ms-copy-source" in call.headers:
        raise not_modelled("a block without an id, or from a URL")
    permission.WRITE.require(call, container)
    content = await _received(call)
    blobs_of(call.emulator).stage(container, call.params["blob"], block, content)
    return Reply(status=201, headers=headers.version(call) | {"content-md5": content.md5})


async def _put_block_list(call: Call, container: Resource) -> Reply:
    blobs, name = blobs_of(call.emulator), call.params["blob"]
    writable = _writable(call, container)
    writable(blobs.find(container, name))
    body = await call.read(_LARGEST_BLOCK_LIST)
    staged = blobs.staged(container, name)
    listed = _block_names(body)
    # The list's own, not the blob's: clients that validate what they send compare the two. Source: "Put Block List".
    digest = {"content-md5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()}
    blocks = tuple(block for _, block in listed)
    if blocks and not staged and blocks == blobs.blocks_of(container, name):
        # The list that made the blob, again: its answer was lost.
        again = blobs.change(
            container,
            name,
            headers=headers.sent_headers(call),
            metadata=headers.sent_metadata(call),
            condition=writable,
        )
        assert again is not None, "it has blocks"
        return Reply(status=201, headers=headers.written(call, again) | digest)
    digests = []
    for kind, block in listed:
        if kind == "Committed" or block not in staged:
            # The blocks that a blob was made of are not kept: nothing that we serve appends to one.
            raise AzureError(400, "InvalidBlockList", "The specified block list is invalid.")
        digests.append(staged[block][0])
    content = await asyncio.to_thread(blobs.content.join, digests)
    blob = blobs.put(
        container, name, content, headers=headers.sent_headers(call), metadata=headers.sent_metadata(call),
        condition=writable, blocks=blocks,
    )  # fmt: skip
    return Reply(status=201, headers=headers.written(call, blob) | digest)


def _change(call: Call, container: Resource, comp: str) -> Reply:
    blobs = blobs_of(call.emulator)
    permission.WRITE.require(call, container)
    changed = blobs.change(
        container,
        call.params["blob"],
        headers=headers.sent_headers(call) if comp == "properties" else None,
        metadata=headers.sent_metadata(call) if comp == "metadata" else None,
        condition=lambda present: headers.check_write_conditions(call, present),
    )
    if changed is None:
        raise blob_not_found()
    return Reply(headers=headers.written(call, changed))


def _copy(call: Call, container: Resource) -> Reply:
    blobs, name = blobs_of(call.emulator), call.params["blob"]
    source = _copy_source(call)
    copied = blobs.copy(
        source, container, name, headers.sent_metadata(call) or None, condition=_writable(call, container)
    )
    answer = headers.written(call, copied) | {
        "x-ms-copy-id": str(uuid.uuid4()),
        "x-ms-copy-status": "success",
    }
    # "Put Blob From URL" says created; "Copy Blob" says accepted, though here it is done at once.
    return Reply(status=201 if "x-ms-blob-type" in call.headers else 202, headers=answer)


def _copy_source(call: Call) -> Blob:
    url = urlsplit(call.headers["x-ms-copy-source"])
    own = urlsplit(call.base_url)
    if url.port != own.port or url.hostname != own.hostname:
        raise not_modelled("copies from another server")
    name, _, path = unquote(url.path).lstrip("/").partition("/")
    blobs, container = blobs_of(call.emulator), Containers(call.emulator.store).get(name)
    query = {key.lower(): value for key, value in parse_qsl(url.query)}
    if "sig" in query:
        call.emulator.sas.check(name, path, query, needs="r")
    else:
        permission.READ.require(call, container)
    source = blobs.find(container, path)
    if source is None:
        raise AzureError(404, "CannotVerifyCopySource", "The specified blob does not exist.")
    return source


# -- containers


def get_container(call: Call) -> Reply:
    """Properties of a container, or the list of its blobs."""
    container, comp = _container(call), call.query.get("comp", "")
    if call.query.get("restype") != "container" or comp not in {"", "list", "metadata"}:
        raise not_modelled(f"GET of a container with comp={comp}")
    if comp == "list":
        permission.LIST.require(call, container)
        start = call.query.get("marker", "")
        found = blobs_of(call.emulator).list(container, _listed(call), start=start)
        return listing.blob_list(call, container, found)
    permission.READ_CONTAINER.require(call, container)
    return Reply(headers=_container_headers(call, container))


def _listed(call: Call) -> str:
    """The prefix that is asked for; a folder's signature does not open the folder whose name goes on after its own."""
    prefix = call.query.get("prefix", "")
    parts = prefix.strip("/").split("/")
    is_whole = "sas" in call.token_claims and call.query.get("sdd") == str(len(parts))
    return f"{'/'.join(parts)}/" if is_whole else prefix


def put_container(call: Call) -> Reply:
    """Create a container; only where one storage account is all there is, because the request does not name it."""
    if call.query.get("restype") != "container" or call.query.get("comp"):
        raise not_modelled(f"PUT of a container with comp={call.query.get('comp')}")
    name, containers = call.params["container"], Containers(call.emulator.store)
    allowed = name.replace("-", "").isalnum() and name == name.lower() and "--" not in name
    if not allowed or not _SMALLEST_NAME <= len(name) <= _LARGEST_NAME:
        raise AzureError(
            400, "InvalidResourceName", "The specified resource name contains invalid characters."
        )
    accounts = call.emulator.store.execute(
        "SELECT id FROM resource WHERE type_key = 'microsoft.storage/storageaccounts'"
    )
    if containers.find(name) is not None:
        raise AzureError(409, "ContainerAlreadyExists", "The specified container already exists.")
    if len(accounts) != 1:
        raise not_modelled(
            f"creating a container here with {len(accounts)} storage accounts; create it through ARM"
        )
    account = call.emulator.store.get(accounts[0]["id"])
    assert account is not None
    permission.WRITE_CONTAINER.require(call, account)
    created = containers.create(account.id, name, call.principal)
    return Reply(status=201, headers=_container_headers(call, created))


def delete_container(call: Call) -> Reply:
    """Remove a container and what is in it."""
    container = _container(call)
    permission.DELETE_CONTAINER.require(call, container)
    call.emulator.store.delete(container.id)
    return Reply(status=202, headers=headers.version(call))


def list_containers(call: Call) -> Reply:
    """Containers that the caller may see."""
    if call.query.get("comp") != "list":
        raise not_modelled(f"the account's comp={call.query.get('comp')}")
    if "sas" in call.token_claims:
        raise AzureError(
            403, "AuthorizationFailure", "This request is not authorized to perform this operation."
        )
    action = permission.READ_CONTAINER.action
    seen = [
        container
        for container in Containers(call.emulator.store).everything()
        if call.emulator.access.allowed(call.principal, action, container.id)
    ]
    return listing.container_list(call, seen)


# -- inside


def _container(call: Call) -> Resource:
    return Containers(call.emulator.store).get(call.params["container"])


def _container_headers(call: Call, container: Resource) -> dict[str, str]:
    return headers.version(call) | {
        "etag": f'"{container.etag}"',
        "last-modified": headers.http_time(listing.changed(container)),
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
    }


def _writable(call: Call, container: Resource) -> Condition:
    """What must hold of a blob that is about to be written: the right to it, and the request's conditions."""

    def check(present: Blob | None) -> None:
        # Permission "create" writes a new blob and never over one.
        (permission.CREATE if present is None else permission.WRITE).require(call, container)
        headers.check_write_conditions(call, present)

    return check


async def _received(call: Call) -> Content:
    if "x-ms-structured-body" in call.headers:
        raise not_modelled("structured bodies")
    content = await blobs_of(call.emulator).content.receive(call.stream())
    wanted = call.headers.get("content-md5")
    if wanted and wanted != content.md5:
        blobs_of(call.emulator).content.discard(content)
        raise digest_mismatch()
    return content


def _block_names(body: bytes) -> list[tuple[str, str]]:
    text = body.decode(errors="replace")
    if "<BlockList" not in text:
        raise AzureError(400, "InvalidXmlDocument", "XML specified is not syntactically valid.")
    return _BLOCK.findall(text)


def _digest_of_range(path: Path, first: int, end: int) -> str:
    with path.open("rb") as file:
        file.seek(first)
        data = file.read(end - first)
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
