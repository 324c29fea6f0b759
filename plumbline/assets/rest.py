"""From a live REST body to the canonical spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from plumbline.assets.asset_kinds import ASSET_YAML
from plumbline.assets.component import normal_component
from plumbline.assets.environment import normal_data, normal_environment, normal_model
from plumbline.assets.job import normal_job, wire_words
from plumbline.assets.rules import field_rules
from plumbline.assets.schedule import normal_trigger

HashOf = Callable[[str], str | None]


def spec_from_rest(kind: str, body: Mapping[str, Any], *, code_hash_of: HashOf) -> dict[str, Any]:
    """The canonical spec of what is live, equal to that of the YAML it was made from.

    Args:
        kind: ``environment``, ``component``, ``data``, ``model``, ``schedule`` or ``job``.
        body: The resource as ARM answers it, or its ``properties`` alone.
        code_hash_of: Id or address of uploaded files -> their hash, None when it is not known; then the id or
            address itself stands in the spec, and differs.
    Returns: for ``schedule`` a mapping of ``trigger`` and ``create_job``.
    """
    properties = body.get("properties") if isinstance(body.get("properties"), Mapping) else None
    found: Mapping[str, Any] = properties if properties is not None and not _is_inner(kind, body) else body
    return _FROM_REST[kind](found, code_hash_of)


def _is_inner(kind: str, body: Mapping[str, Any]) -> bool:
    """Whether a body is the properties already: those of components, models and jobs hold ``properties`` too."""
    marks = {
        **{name: row.marks for name, row in ASSET_YAML.items()},
        "schedule": ("trigger",),
        "job": ("jobType",),
    }
    return any(mark in body for mark in marks[kind])


def _environment(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    fields = _renamed("environment", properties)
    conda = fields.get("conda_file")
    fields["conda_file"] = yaml.load(conda, Loader=yaml.CSafeLoader) if isinstance(conda, str) else conda
    build = fields.get("build")
    if isinstance(build, Mapping):
        context = str(build.get("contextUri") or "")
        fields["build"] = {
            "path": _hashed(context, code_hash_of),
            "dockerfile_path": build.get("dockerfilePath"),
        }
    routes = fields.get("inference_config")
    if isinstance(routes, Mapping):
        names = wire_words("inference_fields")
        fields["inference_config"] = {
            names.get(name, name): route for name, route in routes.items() if route is not None
        }
    return normal_environment(fields)


def _component(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    spec = dict(properties.get("componentSpec") or {})
    if spec.get("code"):
        spec["code"] = _hashed(str(spec["code"]), code_hash_of)
    task = spec.get("task")
    if isinstance(task, Mapping) and task.get("code"):
        spec["task"] = {**task, "code": _hashed(str(task["code"]), code_hash_of)}
    return normal_component(spec)


def _data(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    fields = _renamed("data", properties)
    return normal_data({**fields, "path": _hashed(str(fields.get("path") or ""), code_hash_of)})


def _model(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    fields = _renamed("model", properties)
    flavors = fields.get("flavors")
    if isinstance(flavors, Mapping):
        # Each flavor's values lie below `data` on the wire.
        fields["flavors"] = {
            name: one["data"] if isinstance(one, Mapping) and "data" in one else one
            for name, one in flavors.items()
        }
    return normal_model({**fields, "path": _hashed(str(fields.get("path") or ""), code_hash_of)})


def _schedule(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    action = properties.get("action") or {}
    job = action.get("jobDefinition") or {}
    return {
        "trigger": normal_trigger(properties.get("trigger") or {}),
        "create_job": _job(job, code_hash_of),
    }


def _job(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    # Imported here: with it comes all that reads files, and nearly nobody schedules a command job.
    from plumbline.assets.command_job import is_command_job, normal_command_job

    if not is_command_job(properties):
        return normal_job(properties)
    return normal_command_job(
        {**properties, "codeId": _hashed(str(properties.get("codeId") or ""), code_hash_of)}
    )


def _renamed(kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    names = {row["wire"]: name for name, row in field_rules(kind).items() if "wire" in row}
    return {names.get(name, name): value for name, value in properties.items()}


def _hashed(address: str, code_hash_of: HashOf) -> str:
    found = code_hash_of(address) if address else None
    return f"sha256:{found}" if found else address


_FROM_REST: dict[str, Callable[[Mapping[str, Any], HashOf], dict[str, Any]]] = {
    "environment": _environment,
    "component": _component,
    "data": _data,
    "model": _model,
    "schedule": _schedule,
    "job": _job,
}
