"""The steps of a pipeline job or pipeline component: what each runs, resolved, and what it takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plumbline.assets.document import Document, FieldPath, dotted
from plumbline.assets.inline import STEP_PARTS, base_name, clean_name, component_of_step, is_inline
from plumbline.assets.inputs import resolve_inputs
from plumbline.assets.links import Links
from plumbline.assets.schema import check_fields, describe, suggestion, table
from plumbline.assets.step_types import StepTypes

if TYPE_CHECKING:
    from plumbline.assets.resolve import Resolver


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What a component takes and gives, as its file says it.

    Attributes:
        variables: Environment variables that it declares: Azure's components hold none, so that each step has them.
        resources: Resources of a parallel component, which Azure drops (recorded): each step has them too.
    """

    type: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    variables: Mapping[str, Any] = field(default_factory=dict)
    resources: Any = None


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Steps with exact references, and the interface of each whose component is in the set."""

    jobs: Mapping[str, Any]
    interfaces: Mapping[str, Interface]
    complete: bool


def resolve_steps(document: Document, jobs: Mapping[str, Any], resolver: Resolver, links: Links) -> Steps:
    """Check every step's own fields and resolve what it points to; inline ones become components."""
    return _Steps(document, jobs, resolver, links).resolved()


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
    variables = data.get("environment_variables")
    return Interface(
        type=kind,
        inputs=named("inputs"),
        outputs=named("outputs"),
        variables=variables if isinstance(variables, Mapping) else {},
        resources=data.get("resources") if kind == "parallel" else None,
    )


class _Steps:
    def __init__(self, document: Document, jobs: Mapping[str, Any], resolver: Resolver, links: Links) -> None:
        self.document = document
        self.jobs = jobs
        self.resolver = resolver
        self.links = links
        self.kinds: dict[str, str] = {}
        self.targets: dict[str, tuple[str, Interface | None]] = {}

    def resolved(self) -> Steps:
        """Components first: what an inline step takes has the type of what another one gives."""
        for name, node in self.jobs.items():
            kind = self._carried(name, node)
            if kind is None:
                continue
            self.kinds[name] = kind
            if is_inline(node, kind):
                check_fields(self.document, node, ("jobs", name), table("pipeline_job")["inline"][kind])
            else:
                self._point(name, node, kind)
        types = StepTypes(
            parent=self.document.data,
            steps={name: self.jobs[name] for name in self.kinds},
            outputs={name: target[1].outputs for name, target in self.targets.items() if target[1]},
        )
        for name, kind in self.kinds.items():
            if is_inline(self.jobs[name], kind) and not self._faulty(name):
                self._define(name, self.jobs[name], types)
        steps = {name: self._step(name) for name in self.kinds}
        return Steps(
            jobs=steps,
            interfaces={name: target[1] for name, target in self.targets.items() if target[1] is not None},
            complete=len(steps) == len(self.jobs)
            and all(name in self.targets and self.targets[name][0] for name in steps),
        )

    def _carried(self, name: str, node: Any) -> str | None:
        """The type of a step that we carry; None, and a polite problem, otherwise."""
        path: FieldPath = ("jobs", name)
        if not isinstance(node, Mapping):
            self.document.report(path, describe(node), "a mapping: the fields of a step")
            return None
        types, refused = list(table("pipeline_job")["step"]), table("component")["refused"]
        word = node.get("type") or _type_by_content(node)
        if isinstance(word, str) and word.lower() in refused and word.lower() not in types:
            self.document.report(
                (*path, "type"), describe(word), f"one of {', '.join(types)}: {refused[word.lower()]}"
            )
            return None
        if not isinstance(word, str) or word.lower() not in types:
            step = suggestion(word, [*types, *refused])
            self.document.report((*path, "type"), describe(word), f"one of {', '.join(types)}", step)
            return None
        return word.lower()

    def _point(self, name: str, node: Mapping[str, Any], kind: str) -> None:
        """Resolve the component of a step: a path, a reference, or a component that stands in the job."""
        key = "trial" if kind == "sweep" else "component"
        path: FieldPath = ("jobs", name, key)
        value = node.get(key)
        if isinstance(value, Mapping):
            inner = "command" if kind == "sweep" else kind
            data = {
                "name": f"{base_name(self.document, self.resolver)}_{clean_name(name)}",
                "type": inner,
                **value,
            }
            part = self.document.part(path, data, kind="component")
            self.resolver.library.check_part(part)
            self._take(name, part)
        elif isinstance(value, str):
            found = self.resolver.reference(self.document, path, value, "component")
            if found is not None:
                interface = _known_interface(found.document) if found.document else None
                self.targets[name] = self.links.add(found), interface

    def _define(self, name: str, node: Mapping[str, Any], types: StepTypes) -> None:
        """Make a component of an inline step."""
        kind = self.kinds[name]
        part = component_of_step(
            self.document,
            ("jobs", name),
            node,
            "command" if kind == "sweep" else kind,
            inputs=types.inputs_of(name),
            outputs=types.outputs_of(name),
            resolver=self.resolver,
        )
        self._take(name, part)

    def _faulty(self, name: str) -> bool:
        """Whether something is wrong with a step's own fields: what is made of them would be wrong once more."""
        field = dotted((*self.document.prefix, "jobs", name))
        return any(
            problem.severity == "error" and f"{problem.field}.".startswith(f"{field}.")
            for problem in self.document.problems
        )

    def _take(self, name: str, part: Document) -> None:
        found = self.resolver.part(part)
        self.targets[name] = self.links.add(found), interface_of(part)

    def _step(self, name: str) -> dict[str, Any]:
        document, node, kind = self.document, self.jobs[name], self.kinds[name]
        path: FieldPath = ("jobs", name)
        target, interface = self.targets.get(name, ("", None))
        inline = is_inline(node, kind)
        if interface and not node.get("type"):
            kind = kind if kind == "sweep" else interface.type
        if not inline:
            check_fields(document, node, path, table("pipeline_job")["step"].get(kind, {}))
        wanted = "command" if kind == "sweep" else kind
        if interface and node.get("type") and wanted != interface.type:
            document.report(
                (*path, "type"), describe(node["type"]), f"{interface.type}, the type of its component"
            )
        own = (
            {key: value for key, value in node.items() if key not in STEP_PARTS[wanted]}
            if inline
            else dict(node)
        )
        prefix = f"{base_name(document, self.resolver)}_{clean_name(name)}"
        inputs = resolve_inputs(
            document, (*path, "inputs"), node.get("inputs"), self.resolver, self.links, prefix=prefix
        )
        variables = interface.variables if interface else {}
        if variables and kind in ("command", "parallel"):
            given = node.get("environment_variables")
            own["environment_variables"] = {**variables, **(given if isinstance(given, Mapping) else {})}
        if interface and interface.resources and not node.get("resources"):
            own["resources"] = interface.resources
        key = "trial" if kind == "sweep" else "component"
        return {**own, "type": kind, key: target, "inputs": inputs}


def _type_by_content(node: Mapping[str, Any]) -> str:
    """The type of a step that states none: azure-ai-ml takes it for a command."""
    if "jobs" in node and "command" not in node:
        return "pipeline"
    return "command"


def _known_interface(document: Document) -> Interface | None:
    """The interface of a component's file, None when the file is too broken to tell."""
    interface = interface_of(document)
    known = isinstance(document.data, Mapping) and interface.type in table("component")
    return interface if known else None
