"""From a component's YAML to its normal form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plumbline.assets.command import check_command
from plumbline.assets.component.normal_form import normal_component
from plumbline.assets.data_flow import check_data_flow
from plumbline.assets.document import Document, FieldPath
from plumbline.assets.inline import inline_environment
from plumbline.assets.links import Links
from plumbline.assets.local_files import code_snapshot, local_path
from plumbline.assets.parameters import check_parameters
from plumbline.assets.parts import Parts
from plumbline.assets.steps import interface_of, resolve_steps

if TYPE_CHECKING:
    from plumbline.assets.resolve import Resolver


def build(document: Document, data: Mapping[str, Any], resolver: Resolver, links: Links) -> Parts:
    """What it runs: code with its environment, or a pipeline of other components."""
    interface = interface_of(document)
    check_parameters(document, data)
    if interface.type == "pipeline":
        return _pipeline(document, data, resolver, links)
    parts = Parts(spec={})
    fields = {key: value for key, value in data.items() if key != "additional_includes"}
    check_command(document, data)
    # A parallel component's code and environment stand under its task.
    path: FieldPath = ("task",) if interface.type == "parallel" else ()
    task = data.get("task")
    held: Mapping[str, Any] = (task if isinstance(task, Mapping) else {}) if path else data
    own = dict(held)
    includes = [text for text in data.get("additional_includes") or [] if isinstance(text, str)]
    if isinstance(held.get("code"), str):
        parts.snapshot = code_snapshot(document, (*path, "code"), held["code"], includes)
        if parts.snapshot:
            own["code"] = f"sha256:{parts.snapshot.hash}"
            parts.code_path = resolver.library.source(local_path(document, held["code"]))
            parts.includes = tuple(resolver.library.source(local_path(document, text)) for text in includes)
    elif includes:
        document.report(
            ("additional_includes",), "includes without code", "code to lay them beside", 'Add "code: ./src".'
        )
    environment = held.get("environment")
    # What an inline environment lacks is reported with the component's own fields.
    if isinstance(environment, str) or (isinstance(environment, Mapping) and not document.broken):
        here = (*path, "environment")
        found = (
            inline_environment(document, here, environment, resolver)
            if isinstance(environment, Mapping)
            else resolver.reference(document, here, environment, "environment")
        )
        parts.complete = found is not None and bool(found.text)
        own["environment"] = links.add(found) if found else ""
    fields = {**fields, "task": own} if path else {**fields, **own}
    fields.pop("additional_includes", None)
    parts.spec = normal_component(fields) if parts.complete and not document.broken else {}
    return parts


def _pipeline(document: Document, data: Mapping[str, Any], resolver: Resolver, links: Links) -> Parts:
    jobs = data.get("jobs")
    steps = resolve_steps(document, jobs if isinstance(jobs, Mapping) else {}, resolver, links)
    interface = interface_of(document)
    check_data_flow(document, steps, inputs=interface.inputs, outputs=interface.outputs, declared=True)
    complete = steps.complete and not document.broken
    spec = normal_component({**data, "type": "pipeline", "jobs": steps.jobs}) if complete else {}
    return Parts(spec=spec, complete=complete)
