"""From a canonical spec back to the mapping that azure-ai-ml loads, every reference exact."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.assets.definition import AssetDefinition, ScheduleDefinition
from plumbline.assets.yaml_kinds import YAML_KINDS

_FILES = "sha256:"


def to_az_ml_yaml(
    definition: AssetDefinition | ScheduleDefinition, *, root: Path, job_file: str = "job.yml"
) -> dict[str, Any]:
    """The az ml YAML of a definition, as a mapping: ``load_component(...)`` and its like take it.

    Args:
        root: The project's root, from which the definition's local paths start.
        job_file: Where the schedule's job lies (see ``job_to_az_ml_yaml``), as the loaded YAML shall say it.
    """
    if isinstance(definition, ScheduleDefinition):
        spec = definition.fields
        head = _head(definition.name, None, definition.display_name, definition.description, definition.tags)
        return {**head, "trigger": spec["trigger"], "create_job": job_file}
    return az_ml_mapping(
        definition.kind,
        name=definition.name,
        version=definition.version,
        spec=definition.spec,
        display_name=definition.display_name,
        description=definition.description,
        tags=definition.tags,
        files=root / definition.code_path if definition.code_path else None,
        includes=[root / path for path in definition.includes],
    )


def az_ml_mapping(
    kind: str,
    *,
    name: str,
    version: str | None,
    spec: Mapping[str, Any] | str,
    display_name: str | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    files: Path | None = None,
    includes: Sequence[Path] = (),
) -> dict[str, Any]:
    """The same from the parts that a resource's state holds.

    Args:
        kind: Name of a kind of versioned assets.
        spec: Canonical spec, as mapping or JSON text.
        files: Absolute path of the files that stand in the spec as a hash; needed when one does.
        includes: Optional. Absolute paths of a component's ``additional_includes``.
    Raises: ValueError: when the spec has files and none are given.
    """
    fields: dict[str, Any] = json.loads(spec) if isinstance(spec, str) else json.loads(json.dumps(spec))
    task = fields.get("task") or {}
    for holder, key in (
        (fields, "code"),
        (task, "code"),
        (fields, "path"),
        (fields.get("build") or {}, "path"),
    ):
        if str(holder.get(key, "")).startswith(_FILES):
            if files is None:
                message = f"{kind} {name}: got no path of the files behind {key}, expected one"
                raise ValueError(message)
            holder[key] = files.as_posix()
    if includes:
        fields["additional_includes"] = [path.as_posix() for path in includes]
    shown = display_name if "displayName" in YAML_KINDS[kind].entity_fields else None
    return {**_head(name, version, shown, description, tags), **fields}


def job_to_az_ml_yaml(job: Mapping[str, Any], *, files: Path | None = None) -> dict[str, Any]:
    """The az ml YAML of a canonical job, as a mapping that ``load_job`` takes from a file.

    Args:
        files: Absolute path of the files that stand in a command job as a hash; needed when they do.
    Raises: ValueError: when the job has files and none are given.
    """
    loaded: dict[str, Any] = json.loads(json.dumps(job))
    if str(loaded.get("code", "")).startswith(_FILES):
        if files is None:
            message = "command job: got no path of the files behind code, expected one"
            raise ValueError(message)
        loaded["code"] = files.as_posix()
    return loaded


def _head(
    name: str,
    version: str | None,
    display_name: str | None,
    description: str | None,
    tags: Mapping[str, str] | None,
) -> dict[str, Any]:
    head = {
        "name": name,
        "version": version or None,
        "display_name": display_name,
        "description": description,
        "tags": dict(tags or {}),
    }
    return {key: value for key, value in head.items() if value}
