"""Where a step's inputs come from and where its outputs go: follows `${{parent...}}` expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.input_check import input_problems
from plumbline.emulator.executor.job_fields import (
    is_true,
    mode_of,
    output_binding,
    output_of,
    outputs_of,
    text_of,
)
from plumbline.emulator.executor.problem import Problems
from plumbline.emulator.executor.scope import FoundComponent, Scope
from plumbline.emulator.executor.step_plan import LITERAL_TYPES, Literal, OutputPlan, Produced, Source, Uri

_REPORTED = object()


class NodeBinder:
    """Binds the nodes of one job; what binds to nothing becomes a problem."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def job_input(self, place: str, given: Any) -> Source:
        """Return what an input of the job itself stands for."""
        if not isinstance(given, Mapping):
            return Literal(value=text_of(given))
        kind = str(given.get("jobInputType") or given.get("job_input_type") or "literal")
        if kind.lower() == "literal":
            return None if given.get("value") is None else Literal(value=text_of(given["value"]))
        uri = given.get("uri") or given.get("path")
        if not uri:
            self._problems.add(place, "a data input has no uri")
            return None
        return Uri(uri=str(uri), type=kind, mode=mode_of(given.get("mode"), "ReadOnlyMount"))

    def inputs(
        self, scope: Scope, place: str, node: Mapping[str, Any], found: FoundComponent
    ) -> dict[str, Source]:
        """Return the source of every input that the component declares."""
        declared: Mapping[str, Any] = found.spec.get("inputs") or {}
        given: Mapping[str, Any] = node.get("inputs") or {}
        sources: dict[str, Source] = {}
        for name in given:
            if name not in declared:
                self._problems.add(
                    f"{place}.inputs.{name}", f"component '{found.spec.get('name')}' has no such input"
                )
        for name, one in declared.items():
            spot = f"{place}.inputs.{name}"
            source = (
                self._follow(scope, spot, given[name], str(one.get("type", ""))) if name in given else None
            )
            if source is None and one.get("default") is not None:
                source = Literal(value=text_of(one["default"]))
            elif source is None and not is_true(one.get("optional")):
                self._problems.add(spot, f"a required input is not set{_unset_parent(given.get(name))}")
            elif source is _REPORTED:
                source = None
            assert source is None or isinstance(source, Literal | Uri | Produced)
            self._problems.report(spot, input_problems(one, source))
            sources[name] = source
        return sources

    def _follow(self, scope: Scope, place: str, given: Any, type_name: str) -> Source | object:
        """Return where a node's input comes from; None when nothing is set, _REPORTED when that was a problem."""
        value, own_mode = given, ""
        if isinstance(given, Mapping):
            own_mode = mode_of(given.get("mode"), "")
            value = next((given[key] for key in ("value", "uri", "path") if given.get(key) is not None), None)
            if value is None:
                return None
        mode = own_mode or "ReadOnlyMount"
        parts = binding.whole_expression(value)
        if parts is None:
            if isinstance(given, Mapping) and (given.get("uri") or given.get("path")):
                type_of = (
                    given.get("job_input_type") or given.get("jobInputType") or given.get("type") or type_name
                )
                return Uri(uri=text_of(value), type=str(type_of), mode=mode)
            if type_name and type_name not in LITERAL_TYPES and isinstance(value, str) and ":" in value:
                return Uri(uri=value, type=type_name, mode=mode)
            return Literal(value=self.fill_literals(scope, text_of(value), place))
        match parts:
            case ("parent", "inputs", *rest):
                name = ".".join(rest)
                if name not in scope.inputs:
                    self._problems.add(place, f"'{value}' binds to an input that the pipeline does not have")
                    return _REPORTED
                source = scope.inputs[name]
                # A node may read the pipeline's data in another way than the pipeline says.
                if own_mode and isinstance(source, Uri | Produced):
                    return replace(source, mode=own_mode)
                return source
            case ("parent", "jobs", node, "outputs", output):
                found = scope.producer(node, output)
                if found is None:
                    self._problems.add(place, f"'{value}' binds to an output that no step has")
                    return _REPORTED
                return Produced(step=found.step, output=found.output, mode=mode)
        self._problems.add(place, f"'{value}' is not a binding that a step can have")
        return _REPORTED

    def outputs(
        self, scope: Scope, place: str, node: Mapping[str, Any], found: FoundComponent
    ) -> dict[str, OutputPlan]:
        """Return where every output of the component goes."""
        declared = outputs_of(found.spec.get("outputs") or {})
        self.check_registration(f"{place}.", node.get("outputs") or {})
        for name, given in (node.get("outputs") or {}).items():
            if name not in declared:
                self._problems.add(
                    f"{place}.outputs.{name}", f"component '{found.spec.get('name')}' has no such output"
                )
                continue
            own = declared[name]
            parts = output_binding(given)
            if parts and parts[:2] == ("parent", "outputs"):
                outer = scope.outputs.get(".".join(parts[2:]))
                if outer is None:
                    self._problems.add(
                        f"{place}.outputs.{name}",
                        f"binds to an output '{parts[-1]}' that the pipeline does not have",
                    )
                    continue
                # A pipeline may leave the type to the component; what it declares itself wins.
                mode = mode_of(given.get("mode"), outer.mode) if isinstance(given, Mapping) else outer.mode
                declared[name] = OutputPlan(type=own.type or outer.type, mode=mode, uri=outer.uri)
            elif isinstance(given, Mapping):
                declared[name] = output_of(given, own.type)
        return declared

    def check_registration(self, place: str, outputs: Mapping[str, Any]) -> None:
        """Refuse outputs that ask to become assets."""
        for name, given in outputs.items():
            if isinstance(given, Mapping) and (
                given.get("assetName") or given.get("asset_name") or given.get("name")
            ):
                self._problems.add(
                    f"{place}outputs.{name}",
                    "registering an output as an asset is not emulated; register it after the job",
                )

    def fill_literals(self, scope: Scope, text: str, place: str = "") -> str:
        """Return a text with the literals of its bindings put in."""

        def value_of(parts: tuple[str, ...]) -> str | None:
            if parts[:2] != ("parent", "inputs"):
                return None
            source = scope.inputs.get(".".join(parts[2:]))
            if isinstance(source, Literal):
                return source.value
            self._problems.add(place or "jobs", f"'{text}' binds to an input that is no literal")
            return None

        return binding.fill(text, value_of)


def _unset_parent(given: Any) -> str:
    value = given.get("value") if isinstance(given, Mapping) else given
    return f": '{value}' is not set either" if binding.whole_expression(value) else ""
