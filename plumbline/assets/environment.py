"""The canonical form of an environment, of data and of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.references import normal_uri
from plumbline.assets.rules import without_defaults

_DOCKERFILE = "Dockerfile"


def normal_environment(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical spec of an environment.

    Args:
        fields: az ml names; ``conda_file`` parsed, ``build.path`` as ``sha256:HASH``.
    """
    spec = dict(fields)
    if spec.get("os_type"):
        spec["os_type"] = str(spec["os_type"]).lower()
    build = {name: value for name, value in (spec.get("build") or {}).items() if value is not None}
    if build.get("dockerfile_path") == _DOCKERFILE:
        del build["dockerfile_path"]
    spec["build"] = build
    return without_defaults("environment", spec)


def normal_data(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical spec of data: its type, and its files' hash or its URI."""
    return without_defaults("data", _located(fields, "uri_folder"))


def normal_model(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical spec of a model: its type, and its files' hash or its URI."""
    return without_defaults("model", _located(fields, "custom_model"))


def _located(fields: Mapping[str, Any], default_type: str) -> dict[str, Any]:
    path = str(fields.get("path") or "")
    return {
        **fields,
        "type": str(fields.get("type") or default_type).lower(),
        "path": path if path.startswith("sha256:") else normal_uri(path),
    }
