"""Builds the canonical pipeline job of a file, with exact versions throughout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plumbline.assets.data_flow import check_compute_name, check_data_flow
from plumbline.assets.document import Document, FieldPath
from plumbline.assets.inline import base_name
from plumbline.assets.inputs import resolve_inputs
from plumbline.assets.job import normal_job
from plumbline.assets.links import Links
from plumbline.assets.schema import describe, suggestion
from plumbline.assets.steps import Steps, interface_of, resolve_steps

if TYPE_CHECKING:
    from plumbline.assets.resolve import Resolver


@dataclass(frozen=True, kw_only=True)
class BuiltJob:
    """A canonical job, and what it points to."""

    job: Mapping[str, Any]
    links: Links


def build_job(document: Document, resolver: Resolver, *, experiment_name: str) -> BuiltJob | None:
    """The canonical job of a document; None, and problems there, when something is wrong.

    Args:
        experiment_name: For a file that names none: azure-ai-ml would take the name of whatever folder the
            command was started in.
    """
    data = document.data
    if not isinstance(data, Mapping):
        return None
    links = Links()
    jobs = _mapping(data, "jobs")
    steps = resolve_steps(document, jobs, resolver, links)
    if jobs:
        check_data_flow(
            document,
            steps,
            inputs=_mapping(data, "inputs"),
            outputs=_mapping(data, "outputs"),
            declared=False,
        )
    check_computes(document, (), data, steps)
    inputs = resolve_inputs(
        document, ("inputs",), data.get("inputs"), resolver, links, prefix=base_name(document, resolver)
    )
    whole = _whole(document, data, resolver, links) if "component" in data else None
    if not jobs and "component" not in data and not document.problems:
        document.report(("jobs",), "no step", "at least one", "Add a step.")
    _check_named_outputs(document, data, resolver)
    if not steps.complete or any(problem.severity == "error" for problem in document.problems):
        return None
    outputs = {name: _typed_output(name, value, steps) for name, value in _mapping(data, "outputs").items()}
    fields = {
        "experiment_name": experiment_name,
        **data,
        "inputs": inputs,
        "outputs": outputs,
        "jobs": steps.jobs,
        "component": whole,
    }
    return BuiltJob(job=normal_job(fields), links=links)


def _whole(document: Document, data: Mapping[str, Any], resolver: Resolver, links: Links) -> str | None:
    """The pipeline component that a job is as a whole, its inputs checked; None, and problems, when it cannot be."""
    path: FieldPath = ("component",)
    if data.get("jobs"):
        document.report(path, "a component beside jobs", "one of the two", "Remove one.")
        return None
    found = resolver.reference(document, path, str(data["component"]), "component")
    if found is None or found.document is None:
        return links.add(found) if found else None
    interface = interface_of(found.document)
    if interface.type != "pipeline":
        document.report(
            path, f"a component of type {interface.type}", "a pipeline component",
            "Give the job a step with it, under jobs.",
        )  # fmt: skip
        return None
    given = _mapping(data, "inputs")
    for name in given:
        if name not in interface.inputs:
            known = list(interface.inputs)
            document.report(
                ("inputs", name), f'the unknown input "{name}"', f"one of {', '.join(known) or '(none)'}",
                suggestion(name, known),
            )  # fmt: skip
    for name, row in interface.inputs.items():
        if name not in given and row.get("optional") is not True and row.get("default") is None:
            document.report(
                ("inputs",), f"no {name}", "a value: the component requires it", f'Add "{name}:".'
            )
    return links.add(found) if found.text else None


def _check_named_outputs(document: Document, data: Mapping[str, Any], resolver: Resolver) -> None:
    """Refuse outputs that the run would register where a release decides what is registered."""
    home = resolver.library.home(document.path)
    if home is None or not resolver.library.of_kind(home, "release"):
        return
    places: list[tuple[FieldPath, Any]] = [(("outputs",), data.get("outputs"))]
    for step, node in _mapping(data, "jobs").items():
        places.append((("jobs", step, "outputs"), node.get("outputs") if isinstance(node, Mapping) else None))
    for path, rows in places:
        for name, row in rows.items() if isinstance(rows, Mapping) else ():
            for key in ("name", "version"):
                if isinstance(row, Mapping) and row.get(key) is not None:
                    document.report(
                        (*path, name, key), describe(row[key]),
                        "it left out: a run that registers its own output writes assets that no release stands behind",
                        "Register the output after the gate, with `plumbline model register`.",
                    )  # fmt: skip


def check_computes(
    document: Document, path: FieldPath, data: Mapping[str, Any], steps: Steps | None = None
) -> None:
    """Check the computes of a job, and that every step of a command has one."""
    settings = _mapping(data, "settings")
    for here, text in (((*path, "compute"), data.get("compute")),
                       ((*path, "settings", "default_compute"), settings.get("default_compute"))):  # fmt: skip
        if isinstance(text, str):
            check_compute_name(document, here, text)
    if steps is None or data.get("compute") or settings.get("default_compute"):
        return
    for name, node in steps.jobs.items():
        if node["type"] == "command" and not node.get("compute"):
            document.report(
                ("jobs", name, "compute"), "nothing", "a compute for the step",
                'Add "compute: azureml:NAME" here or "default_compute" under settings.',
            )  # fmt: skip


def _typed_output(name: str, value: Any, steps: Steps) -> Any:
    """An output of the job; one that states no type has that of the step's output bound to it."""
    if value is not None and (not isinstance(value, Mapping) or "type" in value):
        return value
    binding = f"parent.outputs.{name}"
    for step, interface in steps.interfaces.items():
        for output, bound in _mapping(steps.jobs[step], "outputs").items():
            text = bound.get("path") if isinstance(bound, Mapping) else bound
            kind = interface.outputs.get(output, {}).get("type")
            if isinstance(text, str) and kind and text.strip("${} ") == binding:
                return {**(value or {}), "type": kind}
    return value


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}
