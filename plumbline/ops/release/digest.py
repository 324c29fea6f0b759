"""The digest of a release: what an approval approves, and what a registered model is tagged with. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from plumbline.assets import canonical_text

SCHEME = "plumbline-release/1"


def sha256(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def tree_digest(files: Mapping[str, str]) -> str:
    """One digest over path -> SHA-256 of its content."""
    return sha256(canonical_text(dict(files)).encode())


def release_digest(record: Mapping[str, Any]) -> str:
    """64 hex over a release record (`Candidate.record`)."""
    return sha256(f"{SCHEME}\n{canonical_text(record)}".encode())
