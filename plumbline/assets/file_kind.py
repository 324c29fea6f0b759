"""Which kind of definition a YAML file holds, from its content, its name and the folder it lies in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.document import Document
from plumbline.assets.schedule import SCHEDULE
from plumbline.assets.yaml_kinds import YAML_KINDS

FileKind = str
"""Name of a kind as `yaml_kinds.py` has it, or ``pipeline_job``, ``command_job``, ``release``, ``pins``, ``conda``, ``other``."""

FOLDERS: Mapping[str, FileKind] = {
    folder: kind.name for kind in YAML_KINDS.values() for folder in kind.folders
}
"""Folder of a pipeline -> what the files in it are, when their content does not tell."""

STEMS: Mapping[str, FileKind] = {
    **{stem: kind.name for kind in YAML_KINDS.values() for stem in kind.stems},
    "pipeline": "pipeline_job",
    "release": "release",
    "pins": "pins",
    "conda": "conda",
}
"""File name without its suffix -> what it is, when nothing else tells."""

_OTHER_TOOLS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"on", "jobs"}), "a GitHub Actions workflow"),
    (frozenset({"trigger", "pool"}), "an Azure DevOps pipeline"),
    (frozenset({"trigger", "stages"}), "an Azure DevOps pipeline"),
    (frozenset({"trigger", "steps"}), "an Azure DevOps pipeline"),
)


OTHER_AZURE: Mapping[str, str] = {
    "amlcompute": "a compute", "computeinstance": "a compute", "virtualmachine": "a compute", "kubernetes": "a compute",
    "synapsespark": "a compute", "azure_blob": "a datastore", "azure_file": "a datastore",
    "azure_data_lake_gen1": "a datastore", "azure_data_lake_gen2": "a datastore", "one_lake": "a datastore",
}  # fmt: skip
"""Type of what Azure ML has and a platform's own code makes -> what it is."""


_OTHER_JOBS: Mapping[str, str] = {
    "sweep": "a sweep job", "automl": "an AutoML job", "spark": "a Spark job", "parallel": "a parallel job",
    "data_transfer": "a data transfer", "finetuning": "a fine-tuning job",
}  # fmt: skip
"""Type of a job of its own, which has no name as a component has -> what it is."""


_OTHER_SCHEDULES: Mapping[str, str] = {"create_monitor": "a model monitor", "import_data": "a data import"}
"""What a schedule has in the place of create_job -> what it is."""


_SCHEMAS: Mapping[str, FileKind] = {
    **{name: kind.name for kind in YAML_KINDS.values() for name in kind.schemas},
    "pipelinejob": "pipeline_job",
}
"""File name in `$schema` without its suffixes -> what a file is, when nothing else tells."""


def kind_of(document: Document) -> FileKind:
    """The kind of a file.

    ``$schema`` is asked last, and whether what has a name is a job: dozens of public files lack it or point nowhere.
    """
    stem = document.path.stem.lower()
    if stem in {"release", "pins"}:
        return STEMS[stem]
    data = document.data if isinstance(document.data, Mapping) else {}
    if other_tool(data) is not None or str(data.get("type", "")).lower() in OTHER_AZURE:
        return "other"
    if "endpoint_name" in data or other_job(data) is not None or other_schedule(data) is not None:
        return "other"
    role = next(
        (FOLDERS[name] for name in reversed(document.path.parent.parts[-2:]) if name in FOLDERS), None
    )
    if role != "component" and stem != "component" and _is_command_job(data):
        return "command_job"
    found = _by_content(data)
    if found == "pipeline_job" and role == "component":
        return role
    if found:
        return found
    if stem in STEMS:
        return STEMS[stem]
    if role and {"name", "$schema"}.intersection(data):
        return role
    return _by_schema(data) or "other"


def _is_command_job(data: Mapping[str, Any]) -> bool:
    """Whether a file is a job of its own: it says so, or lacks the name that a component has."""
    if "command" not in data or str(data.get("type", "command")).lower() != "command":
        return False
    return "name" not in data or "commandjob" in str(data.get("$schema", "")).lower()


def other_schedule(data: Mapping[str, Any]) -> str | None:
    """What a schedule makes that is no job; None when it makes one, or is none."""
    if "create_job" in data:
        return None
    return next((what for key, what in _OTHER_SCHEDULES.items() if key in data), None)


def other_job(data: Mapping[str, Any]) -> str | None:
    """What a job is that stands alone and is no command or pipeline job; None when it is none."""
    kind = str(data.get("type", "")).lower()
    if "sweepjob" in str(data.get("$schema", "")).lower():
        kind = "sweep"
    return _OTHER_JOBS.get(kind) if "name" not in data else None


def other_tool(data: Mapping[str, Any]) -> str | None:
    """What a file is that another tool reads although its keys look like ours; None when it is none."""
    keys = {str(key) for key in data}
    # YAML 1.1 takes the key `on` for a boolean.
    keys |= {"on"} & {"on" if key in ("True", "true") else key for key in keys}
    return next((what for wanted, what in _OTHER_TOOLS if wanted <= keys), None)


def _by_schema(data: Mapping[str, Any]) -> FileKind | None:
    """What `$schema` says, of a file whose content does not tell: a model needs no type."""
    named = str(data.get("$schema", "")).lower().replace("\\", "/").rpartition("/")[2].partition(".")[0]
    return _SCHEMAS.get(named)


def _by_content(data: Mapping[str, Any]) -> FileKind | None:
    kind = str(data.get("type", "")).lower()
    if not SCHEDULE.keys.isdisjoint(data):
        return SCHEDULE.name
    if "jobs" in data:
        job_like = {"settings", "experiment_name", "compute"}.intersection(data)
        says_job = "pipelinejob" in str(data.get("$schema", "")).lower()
        return "component" if "name" in data and not job_like and not says_job else "pipeline_job"
    if kind == "pipeline":
        return "pipeline_job"
    by_type = next((name for name, row in YAML_KINDS.items() if kind in row.types), None)
    # What points to others is asked first: a component may hold an environment.
    by_keys = (name for name, row in reversed(YAML_KINDS.items()) if not row.keys.isdisjoint(data))
    return by_type or next(by_keys, "conda" if "dependencies" in data else None)
