"""The canonical pipeline job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.definition import MLPipeline


def resolved_job(pipeline: MLPipeline, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The job with exact versions and the given inputs, settings, tags ... laid over it."""
    raise NotImplementedError
