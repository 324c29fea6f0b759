"""The mapping that azure-ai-ml loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plumbline.assets.definition import AssetDefinition, ScheduleDefinition


def to_az_ml_yaml(definition: AssetDefinition | ScheduleDefinition, *, root: Path) -> dict[str, Any]:
    """az ml YAML as a mapping, with exact references and absolute local paths."""
    raise NotImplementedError
