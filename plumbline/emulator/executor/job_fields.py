"""Reads the fields of a job's body, which come in the spellings of YAML and of REST."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.step_plan import OutputPlan, Registration


def spec_digest(spec: Mapping[str, Any]) -> str:
    """Return the digest of a component's spec as canonical JSON."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def declared_inputs(spec: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return a component's declared inputs, those in groups by their dotted names."""
    found: dict[str, Mapping[str, Any]] = {}

    def read(inputs: Any, prefix: str) -> None:
        for name, given in (inputs or {}).items():
            one: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
            if str(one.get("type", "")).lower() == "group":
                read(one.get("values"), f"{prefix}{name}.")
            else:
                found[f"{prefix}{name}"] = one

    read(spec.get("inputs"), "")
    return found


def registrations_of(given: Any) -> tuple[Registration, ...]:
    """Return the asset that an output asks to become, in the names of jobs and of nodes; none or one."""
    value: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    name = value.get("assetName") or value.get("asset_name") or value.get("name")
    if not name:
        return ()
    version = value.get("assetVersion") or value.get("asset_version") or value.get("version")
    kind = value.get("jobOutputType") or value.get("job_output_type") or value.get("type") or ""
    kind = "" if kind == "literal" else str(kind)
    return (Registration(name=str(name), version=str(version or ""), type=kind),)


def outputs_of(given: Mapping[str, Any]) -> dict[str, OutputPlan]:
    """Read declared outputs."""
    return {name: output_of(value, "") for name, value in given.items()}


def output_of(given: Any, type_name: str) -> OutputPlan:
    """Read one output; `type_name` is what it has where it says none."""
    # An output may be declared by its name alone.
    value: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    kind = (
        value.get("jobOutputType")
        or value.get("job_output_type")
        or value.get("type")
        or type_name
        or "uri_folder"
    )
    if kind == "literal":
        kind = type_name or "uri_folder"
    return OutputPlan(
        type=str(kind),
        mode=mode_of(value.get("mode"), "ReadWriteMount"),
        uri=str(value.get("uri") or value.get("path") or ""),
        registrations=registrations_of(value),
    )


def output_binding(given: Any) -> tuple[str, ...] | None:
    """Return the parts of the binding that an output consists of, else None."""
    if isinstance(given, Mapping):
        given = next((given[key] for key in ("value", "uri", "path") if given.get(key)), None)
    return binding.whole_expression(given)


def distribution_of(given: Any) -> dict[str, Any]:
    """Read a distribution in either spelling. Raises: ValueError: a count is no number."""
    if not isinstance(given, Mapping):
        return {}
    kind = str(
        given.get("type") or given.get("distributionType") or given.get("distribution_type") or ""
    ).lower()
    known = {
        "process_count_per_instance": "processCountPerInstance",
        "worker_count": "workerCount",
        "parameter_server_count": "parameterServerCount",
    }
    return {
        "type": kind,
        **{name: int(float(given.get(name) or given.get(other) or 0)) for name, other in known.items()},
    }


def mode_of(given: Any, default: str) -> str:
    """Return a mode as REST names it, from any spelling."""
    names = {
        "ro_mount": "ReadOnlyMount",
        "rw_mount": "ReadWriteMount",
        "download": "Download",
        "upload": "Upload",
        "direct": "Direct",
        "eval_mount": "EvalMount",
        "eval_download": "EvalDownload",
    }
    return names.get(str(given).lower(), str(given)) if given else default


def texts(given: Any) -> dict[str, str]:
    """Read a mapping of texts."""
    return {str(name): text_of(value) for name, value in (given or {}).items()}


def text_of(value: Any) -> str:
    """Read a scalar as text."""
    return str(value)


def mapping_of(given: Any) -> Mapping[str, Any]:
    """Read a mapping; nothing for what is none (`resources` may be one text)."""
    return given if isinstance(given, Mapping) else {}


def service_notes(services: Any) -> tuple[str, ...]:
    """Say which interactive services (JupyterLab, SSH, ...) a job asks for: none of them is started here."""
    kinds = {
        name: str(one.get("jobServiceType") or one.get("job_service_type") or one.get("type") or "")
        for name, one in mapping_of(services).items()
        if isinstance(one, Mapping) and name not in ("Tracking", "Studio")
    }
    return tuple(
        f"the service {name} ({kind}) is not emulated: nobody can attach to this run"
        for name, kind in kinds.items()
    )


def is_true(value: Any) -> bool:
    """Read a boolean that may come as text."""
    return str(value).lower() in ("true", "1")


def continues_on_step_failure(settings: Mapping[str, Any]) -> bool:
    """Say whether a pipeline goes on after a failed step: Azure does where its settings are silent.

    Source: recorded jobs since October 2023 (`azureml.continue_on_step_failure` "True" without a setting).
    """
    said = settings.get("continue_on_step_failure")
    return True if said is None else is_true(said)


def join_path(path: str, name: str) -> str:
    """Join places in a job."""
    return f"{path}/{name}" if path else name
