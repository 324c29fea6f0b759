"""The release's terms as evidence tells them."""

from __future__ import annotations

import json
from typing import Any

import yaml

from plumbline.ops.release.digest import sha256


def release_source(pipeline: str) -> str:
    """Where a checkout has the terms of a pipeline."""
    return f"pipelines/{pipeline}/release.yml"


def release_entry(pipeline: str, content: bytes) -> dict[str, Any]:
    """Source, digest and terms. Raises: ValueError: no YAML."""
    try:
        terms = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    return {
        "source": release_source(pipeline),
        "sha256": sha256(content),
        # As JSON has them: dates are texts, keys too.
        "terms": json.loads(json.dumps(terms, default=str)) if isinstance(terms, dict) else {},
    }
