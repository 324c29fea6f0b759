"""Checks of the data that flows between steps: bindings, literals, required inputs, cycles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from plumbline.assets.document import Document, FieldPath
from plumbline.assets.graph import cycles_in
from plumbline.assets.parameters import check_literal
from plumbline.assets.scalars import PRIMITIVES
from plumbline.assets.schema import describe, suggestion
from plumbline.assets.steps import Interface, Steps

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_PARENT_INPUT = re.compile(r"^parent\.inputs\.([\w.-]+)$")
_STEP_OUTPUT = re.compile(r"^parent\.jobs\.([\w-]+)\.outputs\.([\w-]+)$")
_PARENT_OUTPUT = re.compile(r"^parent\.outputs\.([\w-]+)$")
# The form of the first previews; azure-ai-ml refuses it when the job is sent.
_WITHOUT_PARENT = re.compile(r"^(inputs|outputs|jobs)\.")
_ALONE = re.compile(r"^\s*\$\{\{[^{}]*\}\}\s*$")
# Two recordings of Azure and a newer test of azure-ai-ml contradict each other: nobody has seen the two together.
_REFUSED_IN_2023 = (
    "Azure was recorded to refuse this in October 2023, and azure-ai-ml 1.35.2's tests expect it to be taken. "
    "To be sure, give the whole folder and name the file in the command."
)
# Azure puts the job's name and the default datastore in the place of these within a path (seen in public examples).
_MACROS = {"name", "default_datastore"}
_TYPE_OF = {bool: "boolean", int: "integer", float: "number", str: "string"}
_FOLDERS = {"uri_folder", "custom_model", "mlflow_model", "triton_model", "mltable"}


def check_data_flow(
    document: Document,
    steps: Steps,
    *,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    declared: bool,
) -> None:
    """Check what a job's or pipeline component's steps take and give.

    Args:
        inputs: The parent's inputs: rows with a type when ``declared``, else values of a job.
        outputs: The parent's outputs.
        declared: Whether the parent is a component, whose inputs declare types.
    """
    flow = _Flow(document, steps, inputs, outputs, declared=declared)
    for name, node in steps.jobs.items():
        flow.check_inputs(name, node)
        flow.check_outputs(name, node)
        flow.check_compute(name, node)
    flow.note_steps_not_carried()
    flow.check_writers()
    flow.check_cycles()
    flow.warn_of_unused()


class _Flow:
    def __init__(
        self,
        document: Document,
        steps: Steps,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        *,
        declared: bool,
    ) -> None:
        self.document = document
        self.steps = steps
        self.inputs = inputs
        self.outputs = outputs
        self.declared = declared
        self.waits_for: dict[str, list[str]] = {name: [] for name in steps.jobs}
        self.used: set[str] = set()
        self.writers: dict[str, list[tuple[str, FieldPath]]] = {}
        self.bound: set[str] = set()

    def check_inputs(self, step: str, node: Mapping[str, Any]) -> None:
        given = node.get("inputs") or {}
        interface = self.steps.interfaces.get(step)
        for name, value in given.items():
            path = ("jobs", step, "inputs", name)
            row = interface.inputs.get(name) if interface else None
            if interface and row is None:
                known = list(interface.inputs)
                self.document.report(
                    path,
                    f'the unknown input "{name}"',
                    f"one of {', '.join(known) or 'none'}",
                    suggestion(name, known),
                )
            self._check_value(path, step, value, row)
        searched = node.get("search_space")
        chosen = searched if isinstance(searched, Mapping) else {}
        for name in chosen if interface else ():
            known = list(interface.inputs) if interface else []
            if name not in known:
                self.document.report(
                    ("jobs", step, "search_space", name), f'the unknown input "{name}"',
                    f"one of the trial's inputs {', '.join(known) or '(none)'}", suggestion(name, known),
                )  # fmt: skip
        for name, row in interface.inputs.items() if interface else ():
            if name in chosen:
                continue
            if name not in given and row.get("optional") is not True and row.get("default") is None:
                self.document.report(
                    ("jobs", step, "inputs", name), "nothing", f"a value: the component requires {name}",
                    f'Add "{name}:" to the step\'s inputs.',
                )  # fmt: skip

    def check_outputs(self, step: str, node: Mapping[str, Any]) -> None:
        interface = self.steps.interfaces.get(step)
        outputs = node.get("outputs")
        for name, value in outputs.items() if isinstance(outputs, Mapping) else ():
            path = ("jobs", step, "outputs", name)
            if interface and name not in interface.outputs:
                known = list(interface.outputs)
                self.document.report(
                    path,
                    f'the unknown output "{name}"',
                    f"one of {', '.join(known) or 'none'}",
                    suggestion(name, known),
                )
            text = value.get("path") if isinstance(value, Mapping) else value
            for expression in _EXPRESSION.findall(text) if isinstance(text, str) else ():
                self._check_parent_output(path, expression)
            if isinstance(value, str) and not _EXPRESSION.search(value):
                self.document.report(path, describe(value), "${{parent.outputs.NAME}} or a mapping with path")

    def check_compute(self, step: str, node: Mapping[str, Any]) -> None:
        compute = node.get("compute")
        if isinstance(compute, str):
            check_compute_name(self.document, ("jobs", step, "compute"), compute, self.inputs)
            self.used.update(_parent_inputs(compute))
        for holder, value in node.items():
            if holder not in ("inputs", "outputs", "component", "trial", "type"):
                self.used.update(_parent_inputs(str(value)))

    def note_steps_not_carried(self) -> None:
        """Count what a step of another kind binds as bound: it is refused by name, and that says enough."""
        nodes = self.document.data.get("jobs") if isinstance(self.document.data, Mapping) else None
        for name, node in nodes.items() if isinstance(nodes, Mapping) else ():
            if name not in self.steps.jobs:
                text = str(node)
                self.used.update(_parent_inputs(text))
                matches = (_PARENT_OUTPUT.match(one) for one in _EXPRESSION.findall(text))
                self.bound.update(match.group(1) for match in matches if match)

    def check_writers(self) -> None:
        """Refuse two steps that write one output: the service keeps one of them, and does not say which."""
        for output, writers in self.writers.items():
            names = [step for step, _ in writers]
            for step, path in writers[1:]:
                others = " and ".join(name for name in names if name != step) or step
                self.document.report(
                    path,
                    f"a binding to parent.outputs.{output}, which {others} writes too",
                    "an output with one writer",
                    "Give each step an output of its own.",
                )

    def check_cycles(self) -> None:
        for cycle in cycles_in(self.waits_for):
            order = " -> ".join(reversed((*cycle, cycle[0])))
            self.document.report(
                ("jobs", cycle[0]),
                f"a cycle: {order}",
                "steps that can start in some order",
                "Cut one binding.",
            )

    def warn_of_unused(self) -> None:
        for name in self.inputs:
            if name not in self.used:
                self.document.warn(
                    ("inputs", name), "an input that no step takes", "it bound", "Bind or remove it."
                )
        for name in self.outputs:
            if name not in self.bound:
                self.document.warn(
                    ("outputs", name), "an output that no step gives", "it bound", "Bind or remove it."
                )

    def _check_value(self, path: FieldPath, step: str, value: Any, row: Mapping[str, Any] | None) -> None:
        is_data = row is not None and str(row.get("type", "")).lower() not in {*PRIMITIVES, ""}
        text = value.get("path") if isinstance(value, Mapping) else value
        expressions = _EXPRESSION.findall(text) if isinstance(text, str) else []
        if expressions:
            # Within a data input's path a binding stands for a folder, a literal: only what it names is checked.
            within_path = is_data and not _ALONE.match(str(text))
            macros = within_path or isinstance(value, Mapping)
            for expression in expressions:
                if not (macros and expression in _MACROS):
                    self._check_expression(path, step, expression, None if within_path else row)
            if within_path and not set(expressions) <= _MACROS:
                self.document.warn(path, describe(text), "a binding alone", _REFUSED_IN_2023)
        elif isinstance(value, Mapping):
            if row is not None and not is_data and row.get("type"):
                self.document.report(path, "data", f"a {row['type']}", "Write the value itself.")
        elif value is None:
            self.document.report(path, "nothing", "a value or a binding", "Write a value or remove the key.")
        elif is_data and row is not None:
            self.document.report(
                path,
                f"the literal {describe(value)}",
                f"data of type {row['type']}",
                "Bind it, or write type and path.",
            )
        elif row is not None:
            check_literal(self.document, path, value, row)

    def _check_expression(
        self, path: FieldPath, step: str, expression: str, row: Mapping[str, Any] | None
    ) -> None:
        if found := _PARENT_INPUT.match(expression):
            self._check_parent_input(path, found.group(1), row)
        elif found := _STEP_OUTPUT.match(expression):
            self._check_step_output(path, step, (found.group(1), found.group(2)), row)
        elif expression == "parent.name":
            self._check_types(path, expression, "string", row or {})
            self.document.warn(path, "${{parent.name}}", "an input of the pipeline", _REFUSED_IN_2023)
        else:
            self.document.report(
                path,
                f"${{{{{expression}}}}}",
                "${{parent.inputs.NAME}} or ${{parent.jobs.STEP.outputs.NAME}}",
                f"Write ${{{{parent.{expression}}}}}." if _WITHOUT_PARENT.match(expression) else "",
            )

    def _check_parent_input(self, path: FieldPath, name: str, row: Mapping[str, Any] | None) -> None:
        self.used.add(name)
        if name not in self.inputs:
            known = list(self.inputs)
            self.document.report(
                path, f"a binding to parent.inputs.{name}", f"one of the inputs {', '.join(known) or '(none)'}",
                suggestion(name, known) or f"Declare {name} under inputs.",
            )  # fmt: skip
            return
        value = self.inputs[name]
        if row is None or value == "":  # an empty text is refused as such
            return
        if self.declared:
            self._check_types(path, f"parent.inputs.{name}", str(value.get("type", "")).lower(), row)
        elif isinstance(value, Mapping):
            self._check_types(
                path, f"parent.inputs.{name}", str(value.get("type") or "uri_folder").lower(), row
            )
        elif value is not None and str(row.get("type", "")).lower() in PRIMITIVES:
            check_literal(self.document, ("inputs", name), value, row)
        elif value is not None:
            self._check_types(path, f"parent.inputs.{name}", _TYPE_OF.get(type(value), "string"), row)

    def _check_step_output(
        self, path: FieldPath, step: str, binding: tuple[str, str], row: Mapping[str, Any] | None
    ) -> None:
        source, output = binding
        known = [name for name in self.steps.jobs if name != step]
        if source not in self.steps.jobs:
            if self._is_refused(source):
                return  # what is wrong with that step is reported there
            self.document.report(
                path,
                f"a binding to the step {source}",
                f"one of the steps {', '.join(known) or '(none)'}",
                suggestion(source, known) or "Bind to one of those.",
            )
            return
        self.waits_for[step].append(source)
        interface: Interface | None = self.steps.interfaces.get(source)
        if interface is None:
            return
        if output not in interface.outputs:
            names = list(interface.outputs)
            self.document.report(
                path, f"a binding to {source}.outputs.{output}", f"one of its outputs {', '.join(names) or '(none)'}",
                suggestion(output, names) or "Bind to one of those, or declare it in the component.",
            )  # fmt: skip
        elif str(interface.outputs[output].get("type", "")).lower() in PRIMITIVES:
            kind = str(interface.outputs[output]["type"]).lower()
            self.document.report(
                path, f"{source}.outputs.{output}, an output of type {kind}, bound to an input",
                "one that is a file or folder: azure-ai-ml drops `is_control`, and Azure refuses the run without it",
                "Write the value to a file of a uri_file output and read it in the next step.",
            )  # fmt: skip
        elif row is not None:
            kind = str(interface.outputs[output].get("type", "")).lower()
            self._check_types(path, f"{source}.outputs.{output}", kind, row)

    def _is_refused(self, step: str) -> bool:
        """Whether the file has a step of this name that could not be read."""
        jobs = self.document.data.get("jobs") if isinstance(self.document.data, Mapping) else None
        return isinstance(jobs, Mapping) and step in jobs

    def _check_parent_output(self, path: FieldPath, expression: str) -> None:
        if expression in {"name", "default_datastore", "output_name"}:
            return
        found = _PARENT_OUTPUT.match(expression)
        if found is None:
            step = f"Write ${{{{parent.{expression}}}}}." if _WITHOUT_PARENT.match(expression) else ""
            self.document.report(path, f"${{{{{expression}}}}}", "${{parent.outputs.NAME}}", step)
            return
        name = found.group(1)
        if name not in self.outputs:
            known = list(self.outputs)
            self.document.report(
                path, f"a binding to parent.outputs.{name}", f"one of the outputs {', '.join(known) or '(none)'}",
                suggestion(name, known) or f"Declare {name} under outputs.",
            )  # fmt: skip
        self.bound.add(name)
        self.writers.setdefault(name, []).append((str(path[1]), path))

    def _check_types(self, path: FieldPath, source: str, given: str, row: Mapping[str, Any]) -> None:
        wanted = str(row.get("type", "")).lower()
        if not given or not wanted or given == wanted or (given, wanted) == ("integer", "number"):
            return
        if (given in PRIMITIVES and wanted == "string") or (given in _FOLDERS and wanted in _FOLDERS):
            return
        if not {given, wanted} <= {*PRIMITIVES, *_FOLDERS, "uri_file"}:
            return
        self.document.report(
            path, f"{source} of type {given}", f"type {wanted}", "Change one of the two types."
        )


def check_compute_name(
    document: Document, path: FieldPath, text: str, inputs: Mapping[str, Any] | None = None
) -> None:
    """Check a reference to a compute: its form only, since what exists is the workspace's to say."""
    if text.lower() == "serverless" or text.startswith(("/subscriptions/", "azureml:/")):
        return
    if "${{" in text:
        for name in _parent_inputs(text):
            if inputs is not None and name not in inputs:
                document.report(
                    path, f"a binding to parent.inputs.{name}", f"one of {', '.join(inputs) or 'none'}"
                )
        return
    name = text.removeprefix("azureml:")
    if text.lower() == "local":
        document.report(path, describe(text), "azureml:NAME or serverless: a pipeline does not run here")
    elif not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9-]{0,22}[a-zA-Z0-9]", name):
        document.report(path, describe(text), "azureml:NAME (2 to 24 letters, digits and -) or serverless")


def _parent_inputs(text: str) -> list[str]:
    found = (_PARENT_INPUT.match(expression) for expression in _EXPRESSION.findall(text))
    return [match.group(1) for match in found if match]
