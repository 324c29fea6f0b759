"""The canonical form of a pipeline job and of its steps, and jobs with overrides laid over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from plumbline.assets.references import normal_compute, normal_reference, normal_uri
from plumbline.assets.scalars import literal_text

if TYPE_CHECKING:
    from plumbline.assets.definition import MLPipeline

JOB_FIELDS = (
    "display_name", "experiment_name", "description", "tags", "properties",
    "compute", "identity", "component", "inputs", "outputs", "settings", "jobs",
)  # fmt: skip
NODE_FIELDS = (
    "component", "display_name", "comment", "compute", "inputs", "outputs", "resources", "distribution",
    "limits", "identity", "environment_variables", "properties",
)  # fmt: skip
_MORE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "parallel": (
        "input_data", "mini_batch_size", "retry_settings", "logging_level", "max_concurrency_per_instance",
        "error_threshold", "mini_batch_error_threshold",
    ),
    "spark": ("conf",),
    "sweep": ("trial", "search_space", "objective", "sampling_algorithm", "early_termination"),
}  # fmt: skip
_DEFAULT_DATA_TYPE = "uri_folder"
# Properties that the service or the SDK writes. Source: recorded jobs, 2023 to 2026.
_STAMPED = re.compile(r"^(azureml\.|mlflow\.source\.|(runSource|runType)$)")
# Azure goes on after a failed step where nothing was said (`azureml.continue_on_step_failure: True`, recorded since
# 2023-10-27), so that its false must be sent.
_TRUE_BY_DEFAULT = "continue_on_step_failure"
_COUNTS = frozenset({
    "instance_count", "process_count_per_instance", "process_count", "worker_count", "parameter_server_count",
})  # fmt: skip
_DURATION = re.compile(r"^PT?(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$")


@cache
def wire_words(table: str) -> Mapping[str, str]:
    """A table of ``wire.yaml``: words of REST bodies -> words of az ml YAML."""
    loaded: Mapping[str, str] = _wire()[table]
    return loaded


def resolved_job(pipeline: MLPipeline, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A pipeline's canonical job, exact versions throughout, with overrides laid over it.

    Args:
        overrides: Optional. az ml field names; mappings (inputs, outputs, settings, tags) merge by key, anything
            else replaces. Used by a schedule's ``create_job`` and by ``job create --set``.
    Raises: ValueError: when the folder has no pipeline job.
    """
    if pipeline.job is None:
        message = f"{pipeline.folder}: got no pipeline job, expected one. Add pipeline.yml."
        raise ValueError(message)
    return job_with(pipeline.job, overrides or {})


def job_with(job: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A canonical job with fields laid over it, canonical again."""
    merged = deepcopy(dict(job))
    for name, value in overrides.items():
        if isinstance(value, Mapping) and isinstance(merged.get(name), Mapping) and name != "identity":
            merged[name] = {**merged[name], **value}
        elif value is not None:
            merged[name] = value
    return normal_job(merged)


def normal_job(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical form of a pipeline job.

    Args:
        fields: az ml names; the words of a REST body are taken too.
    """
    names = wire_words("job_fields")
    found = {names.get(name, name): value for name, value in fields.items()}
    job: dict[str, Any] = {name: found.get(name) for name in JOB_FIELDS}
    if job["compute"]:
        job["compute"] = normal_compute(job["compute"])
    job["identity"] = normal_identity(job["identity"])
    job["component"] = normal_reference(str(job["component"] or ""))
    job["properties"] = own_properties(job["properties"])
    tags = job["tags"] or {}
    job["tags"] = {name: literal_text(value) for name, value in tags.items() if value is not None}
    job["inputs"] = _inputs(job["inputs"])
    job["outputs"] = {
        name: {"type": _DEFAULT_DATA_TYPE} if value is None else normal_output(value)
        for name, value in (job["outputs"] or {}).items()
    }
    job["settings"] = _settings(job["settings"] or {})
    job["jobs"] = normal_jobs(job["jobs"] or {})
    return {"type": "pipeline", **{name: value for name, value in job.items() if value not in (None, {}, "")}}


def normal_jobs(jobs: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical form of a job's or pipeline component's steps."""
    return {name: normal_node(node) for name, node in jobs.items()}


def normal_node(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical form of one step."""
    names = wire_words("node_fields")
    found = {names.get(name, name): value for name, value in fields.items()}
    node: dict[str, Any] = {name: found.get(name) for name in NODE_FIELDS}
    kind = str(found.get("type") or "command").lower()
    node["component"] = normal_reference(str(node["component"] or ""))
    node |= {name: found.get(name) for name in _MORE_FIELDS.get(kind, ())}
    if kind in _NORMAL:
        _NORMAL[kind](node)
    if node["compute"]:
        node["compute"] = normal_compute(node["compute"])
    node["inputs"] = _inputs(node["inputs"])
    outputs = {name: value for name, value in (node["outputs"] or {}).items() if value is not None}
    node["outputs"] = {name: normal_output(value) for name, value in outputs.items()}
    node["resources"] = normal_resources(node["resources"])
    node["distribution"] = normal_distribution(node["distribution"])
    node["limits"] = normal_limits(node["limits"] or {}, kind)
    node["identity"] = normal_identity(node["identity"])
    variables = node["environment_variables"] or {}
    node["environment_variables"] = {
        name: literal_text(value) for name, value in variables.items() if value is not None
    }
    node["properties"] = own_properties(node["properties"])
    kept = {name: value for name, value in node.items() if value not in (None, {}, "")}
    return {"type": kind, **kept}


def normal_resources(value: Any) -> Any:
    """Resources without what is empty, counts as whole numbers; text (a binding) as it is."""
    if not isinstance(value, Mapping):
        return value or None
    return {name: _count(name, found) for name, found in value.items() if found not in (None, {}, [])} or None


def normal_distribution(value: Any) -> Any:
    """Distribution under az ml names, counts as whole numbers, less TensorFlow's default of no parameter servers."""
    if not isinstance(value, Mapping):
        return value or None
    found = {name: _count(name, item) for name, item in value.items() if item is not None}
    found["type"] = str(found.pop("distribution_type", found.get("type", ""))).lower()
    if found.get("parameter_server_count") == 0:
        del found["parameter_server_count"]
    return found


def _count(name: str, value: Any) -> Any:
    """A count as the number that it is: Azure answers every scalar of a component as text; a binding stays."""
    counted = name in _COUNTS and isinstance(value, str) and value.strip().isdigit()
    return int(value) if counted else value


def normal_identity(value: Any) -> dict[str, Any] | None:
    """Identity under az ml names."""
    if not isinstance(value, Mapping):
        return None
    names = wire_words("identity_fields")
    found = {names.get(name, name): item for name, item in value.items() if item is not None}
    kind = found.pop("identity_type", None) or found.pop("identityType", None) or found.pop("type", "")
    return {**found, "type": wire_words("identities").get(kind, str(kind).lower())}


def normal_input(value: Any) -> Any:
    """A step's or job's input: a binding or literal as text, data as a mapping of type, path and mode."""
    if not isinstance(value, Mapping):
        return literal_text(value)
    literal = "value" in value
    path = literal_text(value.get("value") if literal else value.get("path") or value.get("uri") or "")
    mode = _mode(value)
    if literal or path.startswith("${{"):
        return {"path": path, "mode": mode} if mode else path
    kind = value.get("job_input_type") or value.get("jobInputType") or value.get("type") or _DEFAULT_DATA_TYPE
    found = {"type": str(kind).lower(), "path": normal_uri(path)}
    return {**found, "mode": mode} if mode else found


def normal_output(value: Any) -> Any:
    """A step's or job's output: a binding as text, a place as a mapping of type, path and mode."""
    if not isinstance(value, Mapping):
        return literal_text(value)
    path = literal_text(value.get("value") or value.get("path") or value.get("uri") or "")
    mode = _mode(value)
    if path.startswith(("${{parent", "${{ parent")):
        return {"path": path, "mode": mode} if mode else path
    wire_kind = value.get("job_output_type") or value.get("jobOutputType")
    found = {"type": str(wire_kind or value.get("type") or _DEFAULT_DATA_TYPE).lower()}
    if path:
        found["path"] = normal_uri(path)
    for name, wire in (("name", "assetName"), ("version", "assetVersion")):
        if value.get(name) or value.get(wire):
            found[name] = literal_text(value.get(name) or value[wire])
    return {**found, "mode": mode} if mode else found


def _inputs(inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: normal_input(value) for name, value in (inputs or {}).items() if value is not None}


def _mode(value: Mapping[str, Any]) -> str | None:
    mode = value.get("mode")
    return wire_words("modes").get(mode, str(mode).lower()) if mode else None


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings under az ml names; false is what Azure does anyway but for one, ``_source`` is the SDK's."""
    found = {
        name: value
        for name, value in settings.items()
        if value is not None and name != "_source" and (value is not False or name == _TRUE_BY_DEFAULT)
    }
    for name in ("default_compute", "default_datastore"):
        if name in found:
            found[name] = normal_compute(found[name])
    return found


def normal_limits(limits: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Time limits in seconds; REST says them as ISO durations.

    Args:
        kind: Type of the step or job.
    """
    words = wire_words("limit_fields")
    names = ("timeout", "trial_timeout", "max_total_trials", "max_concurrent_trials")
    found = {words.get(name, name): value for name, value in limits.items()}
    kept = {name: _seconds(found.get(name)) for name in (names if kind == "sweep" else names[:1])}
    return {name: value for name, value in kept.items() if value}


def _seconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parts = _DURATION.match(value)
    if value.isdigit() or parts is None:
        return int(value) if value.isdigit() else value
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _normal_sweep(node: dict[str, Any]) -> None:
    """A sweep's own fields. Source: azure-ai-ml 1.35.2, seen on the wire."""
    trial = node["trial"]
    named = trial.get("componentId") or trial.get("component") if isinstance(trial, Mapping) else trial
    node["trial"] = normal_reference(str(named or ""))
    node["search_space"] = {
        name: _named_type(row, "type")
        for name, row in (node["search_space"] or {}).items()
        if row is not None
    }
    stop = _named_type(node["early_termination"], "policy_type")
    if isinstance(stop, dict):
        stop = {
            name: value for name, value in stop.items() if value is not None and (name, value) not in _NO_STOP
        }
    node["early_termination"] = stop
    sampling = node["sampling_algorithm"]
    if isinstance(sampling, Mapping):
        row = {
            name: value for name, value in _named_type(sampling, "sampling_algorithm_type").items() if value
        }
        node["sampling_algorithm"] = row["type"] if set(row) == {"type"} else row
    elif sampling is not None:
        node["sampling_algorithm"] = str(sampling).lower()


_NO_STOP = {("delay_evaluation", 0), ("evaluation_interval", 0), ("slack_amount", 0), ("slack_factor", 0)}


def _named_type(row: Any, wire: str) -> Any:
    """A mapping with its type under the az ml name, in lower case with _ between words."""
    if not isinstance(row, Mapping):
        return row
    found = {name: value for name, value in row.items() if name not in (wire, "type")}
    word = str(row.get("type") or row.get(wire) or "")
    return {"type": re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower(), **found}


def normal_batches(fields: dict[str, Any]) -> None:
    """What parallel components and steps say of mini-batches, in place: sizes in bytes, counts as numbers.

    Source: azure-ai-ml 1.35.2, ``ParallelComponent.__init__``.
    """
    size = fields.get("mini_batch_size")
    if size is not None:
        text = str(size).strip()
        unit = _SIZES.get(text[-2:].lower())
        fields["mini_batch_size"] = str(int(text[:-2]) * unit) if unit else text
    for name in ("max_concurrency_per_instance", "error_threshold", "mini_batch_error_threshold"):
        value = fields.get(name)
        if isinstance(value, str) and value.lstrip("-").isdigit():
            fields[name] = int(value)
    retries = fields.get("retry_settings")
    if isinstance(retries, Mapping):
        fields["retry_settings"] = {
            name: int(value) if isinstance(value, str) and value.isdigit() else value
            for name, value in retries.items()
            if value is not None
        }
    if fields.get("logging_level"):
        fields["logging_level"] = str(fields["logging_level"]).upper()


def normal_conf(fields: dict[str, Any]) -> None:
    """Spark settings in place, numbers as numbers: azure-ai-ml makes them of digits (1.35.2)."""
    conf = fields.get("conf")
    if isinstance(conf, Mapping):
        fields["conf"] = {
            name: int(value) if isinstance(value, str) and value.isdigit() else value
            for name, value in conf.items()
            if value is not None
        }


_SIZES = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
_NORMAL: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "sweep": _normal_sweep,
    "parallel": normal_batches,
    "spark": normal_conf,
}


def own_properties(properties: Mapping[str, Any] | None) -> dict[str, str]:
    """Properties that the author wrote: azure-ai-ml stamps git facts, the service its own."""
    return {
        name: literal_text(value)
        for name, value in (properties or {}).items()
        if value is not None and not _STAMPED.match(name)
    }


@cache
def _wire() -> Mapping[str, Any]:
    text = Path(__file__).with_name("wire.yaml").read_text("utf-8")
    loaded: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return loaded
