"""Loads folders of definitions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from plumbline.assets.definition import MLPipeline


def load_ml_pipelines(folders: Sequence[Path], *, root: Path) -> tuple[MLPipeline, ...]:
    """Read, check and resolve pipeline folders."""
    raise NotImplementedError
