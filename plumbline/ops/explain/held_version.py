"""Which commit holds a version of an asset: its definitions are taken from git and hashed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plumbline.assets import AssetDefinition, DefinitionErrors, load_ml_pipelines
from plumbline.ops.checkout import commits_of, exported

_MOST = 30


@dataclass(frozen=True, kw_only=True)
class HeldVersion:
    """A commit, and the asset as it defines it."""

    commit: str
    definition: AssetDefinition


def commit_with(project: Path, now: AssetDefinition, folder: str, version: str) -> HeldVersion | None:
    """The newest commit of the checked out branch whose definitions give a version; None when none of the last does.

    Args:
        now: The asset as the checkout defines it.
        folder: The pipeline's folder, relative to the project.
    """
    for commit in commits_of(project, folder, most=_MOST):
        try:
            with exported(project, commit) as tree:
                pipelines = load_ml_pipelines([tree / folder], root=tree)
        except (DefinitionErrors, subprocess.SubprocessError, OSError):
            continue
        found = _asset([asset for one in pipelines for asset in one.assets], now)
        if found is not None and found.version == version:
            return HeldVersion(commit=commit, definition=found)
    return None


def _asset(assets: Sequence[AssetDefinition], wanted: AssetDefinition) -> AssetDefinition | None:
    return next((one for one in assets if (one.kind, one.name) == (wanted.kind, wanted.name)), None)
