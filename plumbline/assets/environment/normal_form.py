"""The normal form of an environment, and how a REST body becomes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from plumbline.assets.job import wire_words
from plumbline.assets.rest_words import hashed, renamed
from plumbline.assets.rules import without_defaults
from plumbline.assets.yaml_kind import HashOf

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


def from_rest(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    """The same of a REST body."""
    fields = renamed("environment", properties)
    conda = fields.get("conda_file")
    fields["conda_file"] = yaml.load(conda, Loader=yaml.CSafeLoader) if isinstance(conda, str) else conda
    build = fields.get("build")
    if isinstance(build, Mapping):
        context = str(build.get("contextUri") or "")
        fields["build"] = {
            "path": hashed(context, code_hash_of),
            "dockerfile_path": build.get("dockerfilePath"),
        }
    routes = fields.get("inference_config")
    if isinstance(routes, Mapping):
        names = wire_words("inference_fields")
        fields["inference_config"] = {
            names.get(name, name): route for name, route in routes.items() if route is not None
        }
    return normal_environment(fields)
