"""Command jobs, which a schedule may start as they are: checked, and brought to one canonical form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plumbline.assets.command import check_command
from plumbline.assets.data_flow import check_compute_name
from plumbline.assets.document import Document
from plumbline.assets.inline import base_name, inline_environment
from plumbline.assets.inputs import resolve_inputs
from plumbline.assets.job import (
    normal_distribution,
    normal_identity,
    normal_input,
    normal_limits,
    normal_output,
    normal_resources,
    own_properties,
    wire_words,
)
from plumbline.assets.links import Links
from plumbline.assets.local_files import code_snapshot, local_path
from plumbline.assets.references import normal_compute, normal_reference
from plumbline.assets.scalars import literal_text
from plumbline.assets.schema import describe

if TYPE_CHECKING:
    from plumbline.assets.resolve import Resolver

FIELDS = (
    "display_name", "experiment_name", "description", "tags", "properties", "compute", "identity", "command", "code",
    "environment", "environment_variables", "inputs", "outputs", "resources", "distribution", "limits",
)  # fmt: skip
_BINDING = re.compile(r"\$\{\{\s*parent\.")


@dataclass(frozen=True, kw_only=True)
class BuiltCommandJob:
    """A canonical command job, and what it points to.

    Attributes:
        job: The job, its code as the hash of its files.
        code_path: Those files, relative to the project's root; None when it has none.
    """

    job: Mapping[str, Any]
    links: Links
    code_path: str | None = None


def is_command_job(fields: Mapping[str, Any]) -> bool:
    """Whether a canonical job, or the REST body of one, is a command job."""
    return str(fields.get("type") or fields.get("jobType") or "").lower() == "command"


def build_command_job(
    document: Document, resolver: Resolver, *, experiment_name: str
) -> BuiltCommandJob | None:
    """The canonical command job of a document; None, and problems there, when something is wrong.

    Args:
        experiment_name: For a file that names none, as for pipeline jobs.
    """
    data = document.data
    if not isinstance(data, Mapping) or document.broken:
        return None
    links = Links()
    check_command(document, data)
    _check_inputs(document, data.get("inputs"))
    if isinstance(data.get("compute"), str):
        check_compute_name(document, ("compute",), data["compute"])
    fields = {"experiment_name": experiment_name, **data}
    fields["inputs"] = resolve_inputs(
        document, ("inputs",), data.get("inputs"), resolver, links, prefix=base_name(document, resolver)
    )
    code_path = None
    if isinstance(data.get("code"), str):
        snapshot = code_snapshot(document, ("code",), data["code"], [])
        code_path = resolver.library.source(local_path(document, data["code"]))
        fields["code"] = f"sha256:{snapshot.hash}" if snapshot else ""
    environment = data["environment"]
    found = (
        inline_environment(document, ("environment",), environment, resolver)
        if isinstance(environment, Mapping)
        else resolver.reference(document, ("environment",), str(environment), "environment")
    )
    if found is None or not found.text or document.broken:
        return None
    fields["environment"] = links.add(found)
    return BuiltCommandJob(job=normal_command_job(fields), links=links, code_path=code_path)


def normal_command_job(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical form of a command job.

    Args:
        fields: az ml names, ``code`` as ``sha256:HASH`` already; the words of a REST body are taken too.
    """
    names = wire_words("command_job_fields")
    found = {names.get(name, name): value for name, value in fields.items()}
    job: dict[str, Any] = {name: found.get(name) for name in FIELDS}
    if job["compute"]:
        job["compute"] = normal_compute(job["compute"])
    job["identity"] = normal_identity(job["identity"])
    job["environment"] = normal_reference(str(job["environment"] or ""))
    job["properties"] = own_properties(job["properties"])
    for name in ("tags", "environment_variables"):
        rows = job[name] or {}
        job[name] = {key: literal_text(value) for key, value in rows.items() if value is not None}
    inputs, outputs = job["inputs"] or {}, job["outputs"] or {}
    job["inputs"] = {name: normal_input(value) for name, value in inputs.items() if value is not None}
    job["outputs"] = {
        name: {"type": "uri_folder"} if value is None else normal_output(value)
        for name, value in outputs.items()
    }
    job["resources"] = _resources(job["resources"])
    job["distribution"] = normal_distribution(_renamed(job["distribution"], "distribution_fields"))
    job["limits"] = normal_limits(job["limits"] or {}, "command")
    return {"type": "command", **{name: value for name, value in job.items() if value not in (None, {}, "")}}


def command_job_with(job: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A canonical command job with fields laid over it, canonical again; mappings merge by key."""
    merged = dict(job)
    for name, value in overrides.items():
        if isinstance(value, Mapping) and isinstance(merged.get(name), Mapping) and name != "identity":
            merged[name] = {**merged[name], **value}
        elif value is not None:
            merged[name] = value
    return normal_command_job(merged)


def _resources(value: Any) -> Any:
    """One instance is what Azure gives anyway (recorded, test_command_job_schedule 2023-10-30)."""
    found = normal_resources(_renamed(value, "resource_fields"))
    if isinstance(found, dict) and found.get("instance_count") == 1:
        del found["instance_count"]
    return found or None


def _renamed(value: Any, table: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    names = wire_words(table)
    return {names.get(name, name): item for name, item in value.items()}


def _check_inputs(document: Document, inputs: Any) -> None:
    """Refuse bindings: a job of its own has no parent that gives it anything."""
    for name, value in inputs.items() if isinstance(inputs, Mapping) else ():
        text = value.get("path") if isinstance(value, Mapping) else value
        if isinstance(text, str) and _BINDING.search(text):
            document.report(
                ("inputs", name), describe(text), "a value or data: a command job has no parent",
                "Write the value, or make the job a step of a pipeline job.",
            )  # fmt: skip
