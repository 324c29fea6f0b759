"""`--set path=value` of `job create`: values of the declared type, checked before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plumbline.assets import AssetDefinition, job_with
from plumbline.assets.references import parse_reference
from plumbline.assets.scalars import PRIMITIVES, NotThatType, literal_text, typed
from plumbline.ops.errors import UsageError

_SETTINGS = {
    "force_rerun": "boolean",
    "continue_on_step_failure": "boolean",
    "default_compute": "string",
    "default_datastore": "string",
}
_TEXTS = ("display_name", "description", "experiment_name")
_FIELDS = (*_TEXTS, "compute", "inputs", "outputs", "settings", "tags", "jobs")
_WORDS = {"number": "a finite number", "integer": "an integer", "boolean": "true or false"}


@dataclass(frozen=True, kw_only=True)
class Override:
    """One `--set`, taken apart."""

    path: tuple[str, ...]
    value: str

    @property
    def where(self) -> str:
        """The path as it was written."""
        return ".".join(self.path)


def parse_overrides(words: Sequence[str]) -> list[Override]:
    """Read `a.b=value` words. Raises: UsageError: naming every invalid one."""
    found, problems = [], []
    for word in words:
        path, equals, value = word.partition("=")
        if not equals or not all(path.split(".")):
            problems.append(f"--set: got {word!r}, expected path=value, such as inputs.alpha=0.1")
        else:
            found.append(Override(path=tuple(path.split(".")), value=value))
    if problems:
        raise UsageError("\n".join(problems))
    return found


def override_job(
    job: Mapping[str, Any], overrides: Sequence[Override], components: Sequence[AssetDefinition]
) -> dict[str, Any]:
    """A canonical job with overrides laid over it, canonical again.

    Args:
        components: The components that the job's steps run: their inputs say types, ranges and choices.
    Raises: UsageError: naming every override that does not fit.
    """
    changed: dict[str, Any] = json.loads(json.dumps(job))
    problems: list[str] = []
    for override in overrides:
        try:
            _lay(changed, override, components)
        except _Unfit as unfit:
            problems.append(f"--set {override.where}: got {override.value!r}, expected {unfit}.")
    if problems:
        raise UsageError("\n".join(problems))
    return job_with(changed, {})


def set_raw(mapping: dict[str, Any], overrides: Sequence[Override]) -> None:
    """Lay overrides over a job file as it stands, for azure-ai-ml to judge."""
    for override in overrides:
        at = mapping
        for key in override.path[:-1]:
            inner = at.get(key)
            if not isinstance(inner, dict):
                inner = at[key] = {}
            at = inner
        at[override.path[-1]] = _guessed(override.value)


class _Unfit(Exception):
    pass


def _lay(job: dict[str, Any], override: Override, components: Sequence[AssetDefinition]) -> None:
    head, *rest = override.path
    if head not in _FIELDS:
        raise _Unfit(f"a field of the job: one of {', '.join(_FIELDS)}")
    if head in {*_TEXTS, "compute"}:
        if rest:
            raise _Unfit(f"{head} alone")
        job[head] = override.value
    elif not rest:
        raise _Unfit(f"a name below it: {head}.NAME")
    elif head == "tags":
        job.setdefault("tags", {})[".".join(rest)] = override.value
    elif head == "settings":
        _lay_setting(job, rest, override.value)
    elif head == "inputs":
        _lay_input(job, rest, override.value, components)
    elif head == "outputs":
        _lay_below(job, head, rest, override.value)
    else:
        _lay_step(job, rest, override.value, components)


def _lay_setting(job: dict[str, Any], rest: list[str], value: str) -> None:
    name = rest[0]
    if name not in _SETTINGS or len(rest) > 1:
        raise _Unfit(f"one of settings.{', settings.'.join(_SETTINGS)}")
    job.setdefault("settings", {})[name] = _typed(value, _SETTINGS[name])


def _lay_input(
    job: dict[str, Any], rest: list[str], value: str, components: Sequence[AssetDefinition]
) -> None:
    inputs = job.get("inputs") or {}
    name = rest[0]
    if name not in inputs:
        raise _Unfit(f"one of the job's inputs: {', '.join(inputs) or 'it has none'}")
    if isinstance(inputs[name], dict):
        key = rest[1] if len(rest) > 1 else "path"
        if key not in {"path", "mode", "type"} or len(rest) > 2:
            raise _Unfit(f"inputs.{name}.path, .mode or .type")
        inputs[name][key] = _pinned(value) if key == "path" else value
        return
    if len(rest) > 1:
        raise _Unfit(f"inputs.{name} alone: it is a plain value")
    if value == "":
        raise _Unfit("a value that is not empty: azure-ai-ml drops an empty text from a job's inputs")
    rows = [row for row in _takers(job, name, components) if row.get("type") in PRIMITIVES]
    found: Any = value
    for row in rows:
        found = _checked(value, row)
    inputs[name] = literal_text(found)


def _lay_below(job: dict[str, Any], head: str, rest: list[str], value: str) -> None:
    rows = job.get(head) or {}
    if rest[0] not in rows:
        raise _Unfit(f"one of the job's {head}: {', '.join(rows) or 'it has none'}")
    if len(rest) != 2 or rest[1] not in {"path", "mode", "type"}:
        raise _Unfit(f"{head}.{rest[0]}.path, .mode or .type")
    rows[rest[0]][rest[1]] = value


def _lay_step(
    job: dict[str, Any], rest: list[str], value: str, components: Sequence[AssetDefinition]
) -> None:
    jobs = job.get("jobs") or {}
    step = rest[0]
    if step not in jobs:
        raise _Unfit(f"one of the job's steps: {', '.join(jobs)}")
    node = jobs[step]
    match rest[1:]:
        case ["compute"]:
            node["compute"] = value
        case ["inputs", name]:
            row = _interface(node, components).get(name)
            if row is None and components:
                known = _interface(node, components)
                raise _Unfit(f"one of the step's inputs: {', '.join(known) or 'it has none'}")
            plain = row is not None and row.get("type") in PRIMITIVES and not value.startswith("${{")
            node.setdefault("inputs", {})[name] = literal_text(_checked(value, row or {})) if plain else value
        case ["resources", "instance_count"]:
            node.setdefault("resources", {})["instance_count"] = _typed(value, "integer")
        case ["limits", "timeout"]:
            node["limits"] = {"timeout": _typed(value, "integer")}
        case ["environment_variables", *names] if names:
            node.setdefault("environment_variables", {})[".".join(names)] = value
        case _:
            raise _Unfit(
                f"jobs.{step}. with compute, inputs.NAME, resources.instance_count, limits.timeout or "
                "environment_variables.NAME; a component is changed in its file"
            )


def _takers(job: Mapping[str, Any], name: str, components: Sequence[AssetDefinition]) -> list[dict[str, Any]]:
    """Declarations of the step inputs that a job's input is bound to."""
    binding = f"parent.inputs.{name}"
    found = []
    for node in job["jobs"].values():
        interface = _interface(node, components)
        for target, value in (node.get("inputs") or {}).items():
            text = value.get("path") if isinstance(value, Mapping) else value
            if isinstance(text, str) and text.strip("${} ") == binding and target in interface:
                found.append(interface[target])
    return found


def _interface(node: Mapping[str, Any], components: Sequence[AssetDefinition]) -> dict[str, dict[str, Any]]:
    reference = str(node.get("component", "")).removeprefix("azureml:")
    for component in components:
        if component.reference == reference:
            rows: dict[str, dict[str, Any]] = component.fields.get("inputs") or {}
            return rows
    return {}


def _checked(value: str, row: Mapping[str, Any]) -> Any:
    kind = str(row.get("type"))
    found = _typed(value, kind)
    if kind in {"number", "integer"}:
        if row.get("min") is not None and found < typed(row["min"], kind):
            raise _Unfit(f"at least {row['min']}")
        if row.get("max") is not None and found > typed(row["max"], kind):
            raise _Unfit(f"at most {row['max']}")
    choices = [literal_text(item) for item in row.get("enum") or ()]
    if choices and literal_text(found) not in choices:
        raise _Unfit(f"one of {', '.join(choices)}")
    return found


def _typed(value: str, kind: str) -> Any:
    try:
        return typed(value, kind)
    except NotThatType as error:
        raise _Unfit(_WORDS.get(kind, kind)) from error


def _pinned(value: str) -> str:
    address = parse_reference(value)
    if address is not None and not address.exact:
        raise _Unfit("an exact version, azureml:NAME:VERSION, so that the run says what it read")
    return value


def _guessed(value: str) -> Any:
    """A value whose type nobody declared here."""
    try:
        return json.loads(value)
    except ValueError:
        return value
