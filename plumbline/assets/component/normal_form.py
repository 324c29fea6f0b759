"""The normal form of a component, and how a REST body becomes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from plumbline.assets.job import (
    normal_batches,
    normal_conf,
    normal_distribution,
    normal_jobs,
    normal_resources,
)
from plumbline.assets.references import normal_reference
from plumbline.assets.rest_words import hashed
from plumbline.assets.rules import without_defaults
from plumbline.assets.scalars import PRIMITIVES, NotThatType, literal_text, typed
from plumbline.assets.yaml_kind import HashOf

_TASK = ("type", "code", "entry_script", "program_arguments", "append_row_to", "environment")


def normal_component(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical spec of a component.

    Args:
        fields: az ml field names; ``code`` as ``sha256:HASH`` already, references exact.
    """
    spec = dict(fields)
    spec["type"] = str(spec.get("type") or "command").lower()
    if isinstance(spec.get("environment"), str):
        spec["environment"] = normal_reference(spec["environment"])
    spec["inputs"] = {name: _input(value) for name, value in (spec.get("inputs") or {}).items()}
    spec["outputs"] = {name: _output(value) for name, value in (spec.get("outputs") or {}).items()}
    spec["resources"] = _resources(spec.get("resources"))
    spec["distribution"] = normal_distribution(spec.get("distribution"))
    spec["is_deterministic"] = str(spec.get("is_deterministic", True)).lower() != "false"
    if spec["type"] == "parallel":
        _normal_parallel(spec)
    if spec["type"] == "spark":
        normal_conf(spec)
    if spec["type"] == "pipeline":
        spec["jobs"] = normal_jobs(spec.get("jobs") or {})
    return without_defaults("component", spec)


def from_rest(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    """The same of a REST body, whose ``componentSpec`` has the names of az ml YAML."""
    spec = dict(properties.get("componentSpec") or {})
    if spec.get("code"):
        spec["code"] = hashed(str(spec["code"]), code_hash_of)
    task = spec.get("task")
    if isinstance(task, Mapping) and task.get("code"):
        spec["task"] = {**task, "code": hashed(str(task["code"]), code_hash_of)}
    return normal_component(spec)


def _normal_parallel(spec: dict[str, Any]) -> None:
    spec["resources"] = None  # Azure drops them (recorded): each step that runs the component has them
    normal_batches(spec)
    keys = spec.get("partition_keys")
    if isinstance(keys, str):  # REST has a text of JSON there (azure-ai-ml 1.35.2)
        spec["partition_keys"] = json.loads(keys)
    given = spec.get("task") or {}
    task = {name: given[name] for name in _TASK if given.get(name) is not None}
    if isinstance(task.get("environment"), str):
        task["environment"] = normal_reference(task["environment"])
    spec["task"] = task


def _resources(value: Any) -> Any:
    """One instance is what Azure gives anyway; in a step, where it overrides, it stays."""
    found = normal_resources(value)
    if isinstance(found, dict) and found.get("instance_count") == 1:
        del found["instance_count"]
    return found


def _input(value: Mapping[str, Any]) -> dict[str, Any]:
    """One input: constraints in the declared type, ``optional: false`` left out."""
    kind = str(value.get("type", "")).lower()
    found: dict[str, Any] = {"type": kind}
    for name in ("default", "min", "max"):
        if value.get(name) is not None:
            found[name] = _typed_or_text(value[name], kind)
    if value.get("enum"):
        found["enum"] = [literal_text(item) for item in value["enum"]]
    if str(value.get("optional", False)).lower() == "true":
        found["optional"] = True
    if value.get("mode"):
        found["mode"] = str(value["mode"]).lower()
    if value.get("description"):
        found["description"] = value["description"]
    return found


def _output(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"type": str(value.get("type", "")).lower()}
    if value.get("mode"):
        found["mode"] = str(value["mode"]).lower()
    if value.get("description"):
        found["description"] = value["description"]
    return found


def _typed_or_text(value: Any, kind: str) -> Any:
    """A live body may hold a default that its type forbids; it must still compare."""
    if kind not in PRIMITIVES:
        return literal_text(value)
    try:
        return typed(value, kind)
    except NotThatType:
        return literal_text(value)
