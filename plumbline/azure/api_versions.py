"""The api-version of each group of operations: that of its kind's descriptor, else its row in `api_versions.yaml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.kinds import kind_of_collection


def api_version(operations: str) -> str:
    """The version with which a group of operations is asked, for instance `components`."""
    kind = kind_of_collection(operations)
    return kind.api_version if kind else str(_rows()[operations]["version"])


@cache
def _rows() -> dict[str, Any]:
    rows: dict[str, Any] = yaml.load(
        Path(__file__).with_name("api_versions.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return rows


def api_version_at(arm_id: str) -> str:
    """The version with which a child of a workspace is asked, by its ARM id: an asset's version, a datastore, a job.

    Raises: KeyError: a type that has no row.
    """
    return api_version(arm_id.partition("/workspaces/")[2].split("/")[1])
