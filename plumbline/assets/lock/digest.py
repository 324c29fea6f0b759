"""Digests of a lock: over canonical JSON, so that neither line ends nor quoting count."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from plumbline.assets.canonical import canonical_text

_RELEASE, _LOCK = "plumbline/release/1", "plumbline/lock/1"
_DIGITS = 16


def entry_digest(release: Mapping[str, Any]) -> str:
    """64 hex over a release as a mapping, without its `digest` and the id that follows from it."""
    return _digest(
        _RELEASE, {key: value for key, value in release.items() if key not in ("digest", "release")}
    )


def lock_digest(lock: Mapping[str, Any]) -> str:
    """64 hex over a lock as a mapping, without its `digest`."""
    return _digest(_LOCK, {key: value for key, value in lock.items() if key != "digest"})


def release_of(digest: str) -> str:
    """The id of a release."""
    return f"r1{digest[:_DIGITS]}"


def _digest(scheme: str, value: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{scheme}\n{canonical_text(value)}".encode()).hexdigest()
