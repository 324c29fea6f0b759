"""The canonical text of a spec, the content hash over it, and the version that follows from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SCHEME = "h1"
"""Leads every content-addressed version. A change of the algorithm or of the canonical form counts it up."""

ADDRESS_SCHEME = "u1"
"""Leads versions that were made from an address alone; nothing takes one for proof of content."""

_PREFIX = "plumbline/h1"
_DIGITS = 16


def canonical_text(spec: Mapping[str, Any]) -> str:
    """JSON text that is equal for equal specs: sorted keys, compact, as UTF-8, no NaN."""
    return json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(
    kind: str, spec: Mapping[str, Any] | str, *, reference_hashes: Mapping[str, str] | None = None
) -> str:
    """64 hex digits over an asset's kind and canonical spec.

    A reference to an ``h1`` version stands for its content already. One to a declared version does not, so its
    own content hash goes in beside it.

    Args:
        spec: Canonical spec, as mapping or text.
        reference_hashes: Optional. Reference text as it stands in the spec (``azureml:tools:3``) -> content hash
            of what it points to.
    """
    loaded = json.loads(spec) if isinstance(spec, str) else spec
    record: dict[str, Any] = {"kind": kind, "spec": loaded}
    if reference_hashes:
        record["references"] = dict(reference_hashes)
    return hashlib.sha256(f"{_PREFIX}\n{canonical_text(record)}".encode()).hexdigest()


def version_from_hash(digest: str) -> str:
    """The content-addressed version: scheme number and 16 hex digits (18 characters; Azure allows 30)."""
    return f"{SCHEME}{digest[:_DIGITS]}"


def version_from_address(digest: str) -> str:
    """The version of what only an address says: it follows from that, and claims nothing about the files behind it."""
    return f"{ADDRESS_SCHEME}{digest[:_DIGITS]}"


def is_content_version(version: str) -> bool:
    """Whether a version was computed from content by any scheme (``h`` number, then 16 hex digits)."""
    head, digits = version[:-_DIGITS], version[-_DIGITS:]
    return head[:1] == "h" and head[1:].isdigit() and all(char in "0123456789abcdef" for char in digits)
