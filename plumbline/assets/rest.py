"""From a live REST body to the canonical spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.rest_words import job_from_rest
from plumbline.assets.yaml_kind import HashOf
from plumbline.assets.yaml_kinds import YAML_KINDS

_JOB = "job"
_MARKS_OF_JOB = ("jobType",)


def spec_from_rest(kind: str, body: Mapping[str, Any], *, code_hash_of: HashOf) -> dict[str, Any]:
    """The canonical spec of what is live, equal to that of the YAML it was made from.

    Args:
        kind: One that people write as YAML, or ``job``.
        body: The resource as ARM answers it, or its ``properties`` alone.
        code_hash_of: Id or address of uploaded files -> their hash, None when it is not known; then the id or
            address itself stands in the spec, and differs.
    Returns: for ``schedule`` a mapping of ``trigger`` and ``create_job``.
    """
    properties = body.get("properties") if isinstance(body.get("properties"), Mapping) else None
    found: Mapping[str, Any] = properties if properties is not None and not _is_inner(kind, body) else body
    return (
        job_from_rest(found, code_hash_of)
        if kind == _JOB
        else YAML_KINDS[kind].from_rest(found, code_hash_of)
    )


def _is_inner(kind: str, body: Mapping[str, Any]) -> bool:
    """Whether a body is the properties already: those of components, models and jobs hold ``properties`` too."""
    return any(mark in body for mark in (_MARKS_OF_JOB if kind == _JOB else YAML_KINDS[kind].marks))
