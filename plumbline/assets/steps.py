"""The steps of a pipeline job or pipeline component: what each runs, resolved, and what it takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plumbline.assets.document import Document, FieldPath
from plumbline.assets.links import Links
from plumbline.assets.references import is_remote_path
from plumbline.assets.schema import check_fields, describe, suggestion, table

if TYPE_CHECKING:
    from plumbline.assets.resolve import Resolver


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What a component takes and gives, as its file says it."""

    type: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Steps with exact references, and the interface of each whose component is in the set."""

    jobs: Mapping[str, Any]
    interfaces: Mapping[str, Interface]
    complete: bool


def resolve_steps(document: Document, jobs: Mapping[str, Any], resolver: Resolver, links: Links) -> Steps:
    """Check every step's own fields and resolve what it points to."""
    resolved: dict[str, Any] = {}
    interfaces: dict[str, Interface] = {}
    complete = True
    for name, node in jobs.items():
        path: FieldPath = ("jobs", name)
        if not isinstance(node, Mapping):
            document.report(path, describe(node), "a mapping: the fields of a step")
            complete = False
            continue
        if not _is_carried(document, path, node):
            complete = False
            continue
        target = _component(document, path, node, resolver, links)
        interface = target[1] if target else None
        kind = interface.type if interface else str(node.get("type") or "command").lower()
        check_fields(document, node, path, table("pipeline_job")["step"].get(kind, {}))
        if interface and node.get("type") and str(node["type"]).lower() != interface.type:
            document.report(
                (*path, "type"), describe(node["type"]), f"{interface.type}, the type of its component"
            )
        if interface:
            interfaces[name] = interface
        complete = complete and target is not None and bool(target[0])
        inputs = resolve_inputs(document, (*path, "inputs"), node.get("inputs"), resolver, links)
        resolved[name] = {**node, "type": kind, "component": target[0] if target else "", "inputs": inputs}
    return Steps(jobs=resolved, interfaces=interfaces, complete=complete)


def resolve_inputs(
    document: Document, path: FieldPath, inputs: Any, resolver: Resolver, links: Links
) -> dict[str, Any]:
    """Inputs with data references made exact; local paths are refused, since nobody would own what goes up."""
    resolved: dict[str, Any] = {}
    for name, value in inputs.items() if isinstance(inputs, Mapping) else ():
        resolved[name] = value
        text = value.get("path") if isinstance(value, Mapping) else None
        if not isinstance(text, str) or "${{" in text:
            if isinstance(value, str) and value.startswith("azureml:"):
                document.report(
                    (*path, name),
                    describe(value),
                    "a mapping with type and path: Azure takes this as text",
                    f'Write "path: {value}" under {name}.',
                )
            continue
        here = (*path, name, "path")
        if not is_remote_path(text):
            document.report(
                here,
                describe(text),
                "a registered data asset or a URI",
                "Define it in data/data.yml and write azureml:NAME@latest.",
            )
        elif text.startswith("azureml:") and not text.startswith("azureml://datastores/"):
            kind = "model" if str(value.get("type", "")).endswith("_model") else "data"
            found = resolver.reference(document, here, text, kind)  # type: ignore[arg-type]
            if found is not None and found.text:
                resolved[name] = {**value, "path": links.add(found)}
                if found.definition is not None and value.get("type") is None:
                    resolved[name]["type"] = found.definition.fields["type"]
    return resolved


def interface_of(document: Document) -> Interface:
    """The interface that a component's file declares."""
    data = document.data if isinstance(document.data, Mapping) else {}

    def named(key: str) -> Mapping[str, Any]:
        found = data.get(key)
        return (
            {name: row if isinstance(row, Mapping) else {} for name, row in found.items()}
            if isinstance(found, Mapping)
            else {}
        )

    kind = str(data.get("type") or ("pipeline" if "jobs" in data else "command")).lower()
    return Interface(type=kind, inputs=named("inputs"), outputs=named("outputs"))


def _is_carried(document: Document, path: FieldPath, node: Mapping[str, Any]) -> bool:
    """Whether we can carry a step of this type and form; a polite problem otherwise."""
    word = node.get("type", "command")
    refused = table("component")["refused"]
    if isinstance(word, str) and word.lower() in refused:
        document.report((*path, "type"), describe(word), f"command or pipeline: {refused[word.lower()]}")
        return False
    if not isinstance(word, str) or word.lower() not in {"command", "pipeline"}:
        step = suggestion(word, ["command", "pipeline", *refused])
        document.report((*path, "type"), describe(word), "one of command, pipeline", step)
        return False
    if "component" not in node and "command" in node:
        document.report(
            (*path, "command"),
            "a command inside the job",
            "a component: an inline step has no version",
            f"Move it to components/{path[-1]}/component.yml and point to that.",
        )
        return False
    if isinstance(node.get("component"), Mapping):
        document.report(
            (*path, "component"),
            "a component inside the job",
            "a path or a reference",
            f"Move it to components/{path[-1]}/component.yml.",
        )
        return False
    return True


def _component(
    document: Document, path: FieldPath, node: Mapping[str, Any], resolver: Resolver, links: Links
) -> tuple[str, Interface | None] | None:
    text = node.get("component")
    if not isinstance(text, str):
        return None
    found = resolver.reference(document, (*path, "component"), text, "component")
    if found is None:
        return None
    return links.add(found), _known_interface(found.document) if found.document else None


def _known_interface(document: Document) -> Interface | None:
    """The interface of a component's file, None when the file is too broken to tell."""
    interface = interface_of(document)
    return (
        interface
        if isinstance(document.data, Mapping) and interface.type in {"command", "pipeline"}
        else None
    )
