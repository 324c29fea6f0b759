"""Where an input comes from: follows the `${{parent...}}` expressions of jobs and nodes, and fills them into texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.job_fields import mode_of, text_of
from plumbline.emulator.executor.problem import Problems
from plumbline.emulator.executor.scope import Scope
from plumbline.emulator.executor.step_plan import LITERAL_TYPES, Literal, Produced, Source, Uri

REPORTED = object()
"""In the place of a source: something is wrong, and a problem says what."""


class Sources:
    """Finds the sources of one job's inputs; what binds to nothing becomes a problem."""

    def __init__(self, problems: Problems) -> None:
        """Args: problems: of the job."""
        self._problems = problems

    def of_job(self, place: str, given: Any, *, job: str = "") -> Source:
        """Return what an input of the job itself stands for.

        Args:
            job: Name of the pipeline job, which `${{name}}` in a literal is (recorded of jobs that schedules make).
        """
        if not isinstance(given, Mapping):
            return None if given is None else Literal(value=self._named(text_of(given), job))
        kind = str(given.get("jobInputType") or given.get("job_input_type") or "literal")
        if kind.lower() == "literal":
            value = given.get("value")
            return None if value is None else Literal(value=self._named(text_of(value), job))
        uri = given.get("uri") or given.get("path")
        if not uri:
            self._problems.add(place, "a data input has no uri")
            return None
        return Uri(uri=str(uri), type=kind, mode=mode_of(given.get("mode"), "ReadOnlyMount"))

    @staticmethod
    def _named(text: str, job: str) -> str:
        return binding.fill(text, lambda parts: job if parts == ("name",) else None) if job else text

    def of_node(self, scope: Scope, place: str, given: Any, type_name: str) -> Source | object:
        """Return where a node's input comes from; None when nothing is set, REPORTED when that was a problem."""
        value, own_mode = given, ""
        if isinstance(given, Mapping):
            own_mode = mode_of(given.get("mode"), "")
            value = next((given[key] for key in ("value", "uri", "path") if given.get(key) is not None), None)
            if value is None:
                return None
        mode = own_mode or "ReadOnlyMount"
        parts = binding.whole_expression(value)
        if parts is not None:
            return self._bound(scope, place, str(value), parts, own_mode)
        is_data = bool(type_name) and type_name not in LITERAL_TYPES
        if is_data and isinstance(value, str) and binding.whole_expression(value.partition("}}")[0] + "}}"):
            return self._below(scope, place, value, own_mode)
        if isinstance(given, Mapping) and (given.get("uri") or given.get("path")):
            type_of = (
                given.get("job_input_type") or given.get("jobInputType") or given.get("type") or type_name
            )
            return Uri(uri=self.fill(scope, text_of(value), place), type=str(type_of), mode=mode)
        if is_data and isinstance(value, str) and ":" in value:
            return Uri(uri=self.fill(scope, value, place), type=type_name, mode=mode)
        return Literal(value=self.fill(scope, text_of(value), place))

    def fill(self, scope: Scope, text: str, place: str) -> str:
        """Return a text with the literals of its `parent` bindings put in; others are the step's own business."""

        def value_of(parts: tuple[str, ...]) -> str | None:
            if parts[0] != "parent":
                return None
            if parts == ("parent", "name"):
                return scope.job
            name = ".".join(parts[2:])
            expression = f"${{{{{'.'.join(parts)}}}}}"
            if parts[:2] != ("parent", "inputs"):
                self._problems.add(place, f"'{expression}' cannot stand within the text '{text}'")
            elif name not in scope.inputs:
                self._problems.add(place, f"'{expression}' binds to an input that the pipeline does not have")
            elif isinstance(source := scope.inputs[name], Literal):
                return source.value
            else:
                self._problems.add(place, f"'{text}' binds to an input that is no literal")
            return None

        return binding.fill(text, value_of)

    def _bound(
        self, scope: Scope, place: str, value: str, parts: tuple[str, ...], own_mode: str
    ) -> Source | object:
        """Follow one whole expression."""
        match parts:
            case ("parent", "name"):
                return Literal(value=scope.job)
            case ("parent", "inputs", *rest):
                name = ".".join(rest)
                if name not in scope.inputs:
                    self._problems.add(place, f"'{value}' binds to an input that the pipeline does not have")
                    return REPORTED
                source = scope.inputs[name]
                # A node may read the pipeline's data in another way than the pipeline says.
                if own_mode and isinstance(source, Uri | Produced):
                    return replace(source, mode=own_mode)
                return source
            case ("parent", "jobs", node, "outputs", output):
                found = scope.producer(node, output)
                if found is None and not scope.runs(node):
                    return REPORTED
                if found is None:
                    self._problems.add(place, f"'{value}' binds to an output that no step has")
                    return REPORTED
                return replace(found, mode=own_mode or found.mode)
        # Recorded of Azure, 2023-10-30 (there of another expression).
        self._problems.add(
            place,
            f"Invalid expression {'.'.join(parts)}. Only parent.inputs, parent.jobs.[source_job_name].outputs or "
            "parent.outputs can be used for binding.",
        )
        return REPORTED

    def _below(self, scope: Scope, place: str, value: str, own_mode: str) -> Source | object:
        """Follow a path that begins with a binding: `${{parent.inputs.folder}}/one.csv`."""
        first, _, rest = value.partition("}}")
        parts = binding.whole_expression(f"{first}}}}}")
        assert parts is not None, "the caller looked"
        source = self._bound(scope, place, f"{first}}}}}", parts, own_mode)
        below = self.fill(scope, rest, place).strip("/")
        if isinstance(source, Uri | Produced):
            return replace(source, below="/".join(filter(None, (source.below, below))))
        if isinstance(source, Literal):
            text = f"{source.value}{self.fill(scope, rest, place)}"
            return (
                Uri(uri=text, type="uri_folder", mode=own_mode or "ReadOnlyMount")
                if ":" in text
                else Literal(value=text)
            )
        return source
