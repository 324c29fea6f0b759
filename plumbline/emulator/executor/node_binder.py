"""Where a step's inputs come from and where its outputs go: follows `${{parent...}}` expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.input_check import input_problems
from plumbline.emulator.executor.job_fields import (
    declared_inputs,
    is_true,
    mode_of,
    output_binding,
    output_of,
    outputs_of,
    registrations_of,
    text_of,
)
from plumbline.emulator.executor.problem import Problems
from plumbline.emulator.executor.scope import FoundComponent, Scope
from plumbline.emulator.executor.sources import REPORTED, Sources
from plumbline.emulator.executor.step_plan import Literal, OutputPlan, Produced, Source, Uri


class NodeBinder:
    """Binds the nodes of one job; what binds to nothing becomes a problem."""

    def __init__(self, problems: Problems, sources: Sources) -> None:
        self._problems = problems
        self._sources = sources

    def job_inputs(
        self, given: Mapping[str, Any], component: FoundComponent | None, *, job: str, closed: bool
    ) -> dict[str, Source]:
        """Return the source of every input of the job.

        Args:
            job: Its name.
            component: The pipeline component that the job names: what the job leaves out takes its defaults.
            closed: The job has no steps of its own, so that it has the component's inputs and no others.
        """
        sources = {
            name: self._sources.of_job(f"inputs.{name}", value, job=job) for name, value in given.items()
        }
        declared = declared_inputs(component.spec) if component else {}
        for name in sources:
            if closed and name not in declared:
                self._unknown(f"inputs.{name}", component, "input")
        for name, one in declared.items():
            sources[name] = self._declared(f"inputs.{name}", one, sources.get(name), given.get(name))
        return sources

    def inputs(
        self, scope: Scope, place: str, node: Mapping[str, Any], found: FoundComponent
    ) -> dict[str, Source]:
        """Return the source of every input that the component declares."""
        declared = declared_inputs(found.spec)
        given: Mapping[str, Any] = node.get("inputs") or {}
        sources: dict[str, Source] = {}
        for name in given:
            if name not in declared:
                self._unknown(f"{place}.inputs.{name}", found, "input")
        for name, one in declared.items():
            spot = f"{place}.inputs.{name}"
            kind = str(one.get("type", "")).lower()
            source = self._sources.of_node(scope, spot, given[name], kind) if name in given else None
            sources[name] = self._declared(spot, one, source, given.get(name))
        return sources

    def _declared(self, spot: str, one: Mapping[str, Any], source: Source | object, given: Any) -> Source:
        """Return a declared input's source, its default where none is given, checked against its declaration."""
        if source is None and one.get("default") is not None:
            source = Literal(value=text_of(one["default"]))
        elif source is None and not is_true(one.get("optional")):
            self._problems.add(spot, f"a required input is not set{_unset_parent(given)}")
        elif source is REPORTED:
            source = None
        assert source is None or isinstance(source, Literal | Uri | Produced)
        self._problems.report(spot, input_problems(one, source))
        return source

    def outputs(
        self, scope: Scope, place: str, node: Mapping[str, Any], found: FoundComponent
    ) -> dict[str, OutputPlan]:
        """Return where every output of the component goes."""
        declared = outputs_of(found.spec.get("outputs") or {})
        for name, given in (node.get("outputs") or {}).items():
            if name not in declared:
                self._unknown(f"{place}.outputs.{name}", found, "output")
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
                registrations = (*registrations_of(given), *outer.registrations)
                declared[name] = OutputPlan(
                    type=own.type or outer.type,
                    mode=mode,
                    uri=outer.uri,
                    folder=outer.folder or ".".join(parts[2:]),
                    registrations=registrations,
                )
            elif isinstance(given, Mapping):
                declared[name] = output_of(given, own.type)
        return declared

    def _unknown(self, spot: str, found: FoundComponent | None, noun: str) -> None:
        name = found.spec.get("name") if found else None
        self._problems.add(spot, f"component '{name}' has no such {noun}")


def _unset_parent(given: Any) -> str:
    value = given.get("value") if isinstance(given, Mapping) else given
    return f": '{value}' is not set either" if binding.whole_expression(value) else ""
