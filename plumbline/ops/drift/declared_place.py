"""The file and line that declare a finding's field: of an asset its YAML, of anything else the program."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from plumbline.assets.document import Document, FieldPath, read_document
from plumbline.ops.drift.finding import Finding, Place
from plumbline.ops.drift.refresh_plan import split_path
from plumbline.ops.drift.stack_state import StackState

# Inputs of our resources -> the keys of the YAML where they are called otherwise.
_KEYS = {"displayName": "display_name", "enabled": "is_enabled", "createdBy": "created_by"}
_JOB = "create_job"


def with_place(finding: Finding, state: StackState, root: Path) -> Finding:
    """The finding with where it is declared, as far as the state and the files say."""
    if finding.declared_at is not None or finding.urn is None:
        return finding
    source = state.source(finding.urn)
    place = _in_definition(root, source, finding.field) if source else None
    return replace(finding, declared_at=place or state.declared_at(finding.urn))


def _in_definition(root: Path, source: str, field: str) -> Place | None:
    document = _document(root / source, root)
    if document is None:
        return None
    keys: FieldPath = tuple(_KEYS.get(str(key), key) for key in split_path(field))
    if keys[:1] == (_JOB,) and isinstance(document.data, dict):
        # The job of a schedule stands in a file of its own.
        named = document.data.get(_JOB)
        job = _document(document.folder / named, root) if isinstance(named, str) else None
        if job is not None:
            document, keys = job, keys[1:]
    return Place(file=document.source, line=document.line(keys))


def _document(path: Path, root: Path) -> Document | None:
    name = re.sub(r"^(file:|azureml:)", "", str(path))
    try:
        return read_document(Path(name), root=root)
    except OSError:
        return None
