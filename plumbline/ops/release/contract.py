"""Contracts of releases as this checkout has them: what a run's tags say chooses a file, never what is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from plumbline.assets.contract import GateContract, ReleaseContract, gate_contract, release_contract
from plumbline.ops.errors import UserError
from plumbline.ops.stack_file import project_root

PIPELINE_TAG = "plumbline.pipeline"
_NAME = re.compile(r"[A-Za-z0-9_-]+")


def release_file(pipeline: str) -> Path | None:
    """The release.yml of a pipeline in this checkout, None when there is none."""
    folder = pipeline_folder(pipeline)
    file = folder / "release.yml" if folder else None
    return file if file is not None and file.is_file() else None


def contract_in(content: bytes) -> GateContract | None:
    """What a release.yml says that its release is judged by; None when it cannot be read."""
    try:
        return gate_contract(yaml.load(content, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError, KeyError, TypeError):
        return None


def checkout_contract(pipeline: str) -> GateContract | None:
    """The same of this checkout."""
    file = release_file(pipeline)
    return contract_in(file.read_bytes()) if file else None


def whole_contract(pipeline: str) -> ReleaseContract | None:
    """Everything that this checkout's release.yml promises; None when there is none, or it cannot be read."""
    file = release_file(pipeline)
    try:
        return release_contract(yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)) if file else None
    except (yaml.YAMLError, ValueError, KeyError, TypeError):
        return None


def pipeline_of_model(model: str) -> str | None:
    """The pipeline of this checkout whose release registers a model; None when the model has no gate.

    Raises: UserError: none does, and a release.yml that might cannot be read.
    """
    try:
        files = sorted((project_root() / "pipelines").glob("*/release.yml"))
    except UserError:
        return None
    contracts = {file: contract_in(file.read_bytes()) for file in files}
    for file, contract in contracts.items():
        if contract is not None and contract.model_name == model:
            return file.parent.name
    unread = [
        f"pipelines/{file.parent.name}/release.yml" for file, contract in contracts.items() if not contract
    ]
    if unread:
        raise UserError(
            f"{', '.join(unread)}: got no contract that can be read, expected which model it releases: whether {model} has "
            "a gate is not known. Check it: plumbline validate"
        )
    return None


def pipeline_of_body(body: Mapping[str, Any]) -> str:
    """The pipeline of a job as ARM answers it: by its tag, else its experiment."""
    properties = body.get("properties") or {}
    return str((properties.get("tags") or {}).get(PIPELINE_TAG) or properties.get("experimentName") or "")


def pipeline_folder(name: str) -> Path | None:
    """Folder of a pipeline's definitions in this checkout; a name that is no folder's name has none."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return project_root() / "pipelines" / name
    except UserError:
        return None
