"""From a submitted job to its steps: follows bindings through nested components and reports every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.input_check import command_problems, input_problems
from plumbline.emulator.executor.job_fields import (
    distribution_of,
    is_true,
    join_path,
    mode_of,
    output_binding,
    output_of,
    outputs_of,
    spec_digest,
    text_of,
    texts,
)
from plumbline.emulator.executor.scope import FoundComponent, Scope
from plumbline.emulator.executor.step_plan import (
    LITERAL_TYPES,
    GroupPlan,
    JobPlan,
    Literal,
    OutputPlan,
    Produced,
    Source,
    StepPlan,
    Uri,
)

_MISSING = object()


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that Azure refuses a job for: where, and what."""

    place: str
    message: str


class Planner:
    """Plans one job."""

    def __init__(self, component_of: Callable[[str], FoundComponent | None]) -> None:
        """Args: component_of: finds a component version by any reference that a step may hold."""
        self._component_of = component_of
        self.problems: list[Problem] = []
        self._steps: dict[str, StepPlan] = {}
        self._groups: list[GroupPlan] = []

    def plan(self, job: Mapping[str, Any]) -> JobPlan:
        """Return the plan; incomplete when `problems` is not empty.

        Args:
            job: `properties` of a Pipeline or Command job as put.
        """
        self._check_registration("", job.get("outputs") or {})
        if job.get("jobType") == "Command":
            return self._plan_command(job)
        settings = job.get("settings") or {}
        inputs = {
            name: self._job_input(f"inputs.{name}", value)
            for name, value in (job.get("inputs") or {}).items()
        }
        scope = Scope(
            path="",
            nodes=dict(job.get("jobs") or {}),
            inputs=inputs,
            outputs=outputs_of(job.get("outputs") or {}),
            default_compute=str(settings.get("default_compute") or job.get("computeId") or ""),
        )
        if not scope.nodes:
            self._problem("jobs", "the pipeline has no steps")
        self._open(scope)
        self._read(scope)
        ordered = self._ordered()
        return JobPlan(
            steps=tuple(ordered),
            groups=tuple(self._groups),
            inputs=inputs,
            outputs=scope.producers(),
            continue_on_step_failure=is_true(settings.get("continue_on_step_failure")),
            force_rerun=is_true(settings.get("force_rerun")),
            default_datastore=str(settings.get("default_datastore") or ""),
        )

    def _plan_command(self, job: Mapping[str, Any]) -> JobPlan:
        inputs = {
            name: self._job_input(f"inputs.{name}", value)
            for name, value in (job.get("inputs") or {}).items()
        }
        types = {
            name: source.type if isinstance(source, Uri) else "string" for name, source in inputs.items()
        }
        outputs = outputs_of(job.get("outputs") or {})
        command = str(job.get("command") or "")
        if not command.strip():
            self._problem("command", "the job has no command")
        self._report("command", command_problems(command, set(inputs), set(outputs)))
        step = StepPlan(
            path="",
            component_id="",
            component_sha256="",
            display_name=str(job.get("displayName") or ""),
            command=command,
            code_id=str(job.get("codeId") or ""),
            environment_id=str(job.get("environmentId") or ""),
            compute_id=str(job.get("computeId") or ""),
            inputs=inputs,
            input_types=types,
            outputs=outputs,
            environment_variables=texts(job.get("environmentVariables")),
            distribution=distribution_of(job.get("distribution")),
            instance_count=self._count("resources", (job.get("resources") or {}).get("instanceCount")),
            timeout_seconds=self._timeout("limits.timeout", (job.get("limits") or {}).get("timeout")),
            is_deterministic=False,
        )
        return JobPlan(steps=(step,), inputs=inputs)

    # -- first pass: which steps there are

    def _open(self, scope: Scope) -> None:
        for name, node in scope.nodes.items():
            path = join_path(scope.path, name)
            place = f"jobs.{path.replace('/', '.jobs.')}"
            kind = str(node.get("type") or "command")
            if kind not in ("command", "pipeline"):
                self._problem(f"{place}.type", f"steps of type '{kind}' are not emulated")
                continue
            reference = str(node.get("componentId") or "")
            found = self._component_of(reference) if reference else None
            if found is None:
                self._problem(f"{place}.componentId", f"component '{reference}' could not be resolved")
                continue
            scope.component[name] = found
            if found.spec.get("type") == "pipeline":
                inner = Scope(
                    path=path,
                    nodes=dict(found.spec.get("jobs") or {}),
                    inputs={},
                    outputs=outputs_of(found.spec.get("outputs") or {}),
                    default_compute=str(node.get("computeId") or scope.default_compute),
                )
                scope.children[name] = inner
                self._open(inner)
            else:
                scope.steps[name] = path

    # -- second pass: what they read and write

    def _read(self, scope: Scope) -> None:
        for name, found in scope.component.items():
            node = scope.nodes[name]
            path = join_path(scope.path, name)
            place = f"jobs.{path.replace('/', '.jobs.')}"
            inputs = self._node_inputs(scope, place, node, found)
            if name in scope.children:
                inner = scope.children[name]
                inner.inputs = inputs
                for output, plan in self._node_outputs(scope, place, node, found).items():
                    inner.outputs[output] = plan
                self._read(inner)
                self._groups.append(
                    GroupPlan(
                        path=path,
                        component_id=found.id,
                        outputs=inner.producers(),
                        display_name=str(node.get("display_name") or node.get("displayName") or name),
                    )
                )
            else:
                self._steps[path] = self._step(scope, path, place, node, found, inputs)

    def _step(
        self,
        scope: Scope,
        path: str,
        place: str,
        node: Mapping[str, Any],
        found: FoundComponent,
        inputs: dict[str, Source],
    ) -> StepPlan:
        spec = found.spec
        command = str(spec.get("command") or "")
        outputs = self._node_outputs(scope, place, node, found)
        self._report(
            f"{place}.command", command_problems(command, set(spec.get("inputs") or {}), set(outputs))
        )
        resources = {**(spec.get("resources") or {}), **(node.get("resources") or {})}
        limits = {**(spec.get("limits") or {}), **(node.get("limits") or {})}
        variables = {**texts(spec.get("environment_variables")), **texts(node.get("environment_variables"))}

        def literal(text: str) -> str:
            return self._fill_literals(scope, text)

        return StepPlan(
            path=path,
            component_id=found.id,
            component_sha256=spec_digest(found.spec),
            command=command,
            code_id=str(spec.get("code") or ""),
            display_name=str(node.get("display_name") or node.get("displayName") or node.get("name") or path),
            environment_id=str(node.get("environment") or spec.get("environment") or ""),
            compute_id=literal(str(node.get("computeId") or node.get("compute") or scope.default_compute)),
            inputs=inputs,
            outputs=outputs,
            input_types={
                name: str(one.get("type", "string")) for name, one in (spec.get("inputs") or {}).items()
            },
            environment_variables={name: literal(value) for name, value in variables.items()},
            distribution=distribution_of(node.get("distribution") or spec.get("distribution")),
            instance_count=self._count(
                f"{place}.resources",
                literal(str(resources.get("instance_count") or resources.get("instanceCount") or 1)),
            ),
            timeout_seconds=self._timeout(f"{place}.limits.timeout", limits.get("timeout")),
            is_deterministic=is_true(spec.get("is_deterministic", True)),
            tags=texts(node.get("tags")),
        )

    def _node_inputs(
        self, scope: Scope, place: str, node: Mapping[str, Any], found: FoundComponent
    ) -> dict[str, Source]:
        declared: Mapping[str, Any] = found.spec.get("inputs") or {}
        given: Mapping[str, Any] = node.get("inputs") or {}
        sources: dict[str, Source] = {}
        for name in given:
            if name not in declared:
                self._problem(
                    f"{place}.inputs.{name}", f"component '{found.spec.get('name')}' has no such input"
                )
        for name, one in declared.items():
            spot = f"{place}.inputs.{name}"
            source = (
                self._follow(scope, spot, given[name], str(one.get("type", "")))
                if name in given
                else _MISSING
            )
            if source is _MISSING or source is None:
                if one.get("default") is not None:
                    source = Literal(value=text_of(one["default"]))
                elif is_true(one.get("optional")):
                    source = None
                elif source is _MISSING or name not in given:
                    self._problem(spot, "a required input is not set")
                    source = None
                else:
                    source = None
            assert source is None or isinstance(source, Literal | Uri | Produced)
            self._report(spot, input_problems(one, source))
            sources[name] = source
        return sources

    def _follow(self, scope: Scope, place: str, given: Any, type_name: str) -> Source | object:
        """Return where a node's input comes from; _MISSING when that was reported."""
        value, mode = given, "ReadOnlyMount"
        if isinstance(given, Mapping):
            mode = mode_of(given.get("mode"), "ReadOnlyMount")
            value = next((given[key] for key in ("value", "uri", "path") if given.get(key) is not None), None)
            if value is None:
                return None
        parts = binding.whole_expression(value)
        if parts is None:
            if isinstance(given, Mapping) and (given.get("uri") or given.get("path")):
                type_of = (
                    given.get("job_input_type") or given.get("jobInputType") or given.get("type") or type_name
                )
                return Uri(uri=text_of(value), type=str(type_of), mode=mode)
            if type_name and type_name not in LITERAL_TYPES and isinstance(value, str) and ":" in value:
                return Uri(uri=value, type=type_name, mode=mode)
            return Literal(value=self._fill_literals(scope, text_of(value), place))
        match parts:
            case ("parent", "inputs", *rest):
                name = ".".join(rest)
                if name not in scope.inputs:
                    self._problem(place, f"'{value}' binds to an input that the pipeline does not have")
                    return None
                return scope.inputs[name]
            case ("parent", "jobs", node, "outputs", output):
                found = scope.producer(node, output)
                if found is None:
                    self._problem(place, f"'{value}' binds to an output that no step has")
                    return None
                return Produced(step=found.step, output=found.output, mode=mode)
        self._problem(place, f"'{value}' is not a binding that a step can have")
        return None

    def _check_registration(self, place: str, outputs: Mapping[str, Any]) -> None:
        for name, given in outputs.items():
            if isinstance(given, Mapping) and (
                given.get("assetName") or given.get("asset_name") or given.get("name")
            ):
                self._problem(
                    f"{place}outputs.{name}",
                    "registering an output as an asset is not emulated; register it after the job",
                )

    def _node_outputs(
        self, scope: Scope, place: str, node: Mapping[str, Any], found: FoundComponent
    ) -> dict[str, OutputPlan]:
        declared = outputs_of(found.spec.get("outputs") or {})
        self._check_registration(f"{place}.", node.get("outputs") or {})
        for name, given in (node.get("outputs") or {}).items():
            if name not in declared:
                self._problem(
                    f"{place}.outputs.{name}", f"component '{found.spec.get('name')}' has no such output"
                )
                continue
            own = declared[name]
            parts = output_binding(given)
            if parts and parts[:2] == ("parent", "outputs"):
                outer = scope.outputs.get(".".join(parts[2:]))
                if outer is None:
                    self._problem(
                        f"{place}.outputs.{name}",
                        f"binds to an output '{parts[-1]}' that the pipeline does not have",
                    )
                    continue
                # A pipeline may leave the type to the component; what it declares itself wins.
                declared[name] = OutputPlan(type=own.type or outer.type, mode=outer.mode, uri=outer.uri)
            elif isinstance(given, Mapping):
                declared[name] = output_of(given, own.type)
        return declared

    # -- checks

    def _job_input(self, place: str, given: Any) -> Source:
        if not isinstance(given, Mapping):
            return Literal(value=text_of(given))
        kind = str(given.get("jobInputType") or given.get("job_input_type") or "literal")
        if kind.lower() == "literal":
            return None if given.get("value") is None else Literal(value=text_of(given["value"]))
        uri = given.get("uri") or given.get("path")
        if not uri:
            self._problem(place, "a data input has no uri")
            return None
        return Uri(uri=str(uri), type=kind, mode=mode_of(given.get("mode"), "ReadOnlyMount"))

    def _fill_literals(self, scope: Scope, text: str, place: str = "") -> str:
        def value_of(parts: tuple[str, ...]) -> str | None:
            if parts[:2] != ("parent", "inputs"):
                return None
            source = scope.inputs.get(".".join(parts[2:]))
            if isinstance(source, Literal):
                return source.value
            self._problem(place or "jobs", f"'{text}' binds to an input that is no literal")
            return None

        return binding.fill(text, value_of)

    def _count(self, place: str, value: Any) -> int:
        try:
            count = int(value or 1)
        except ValueError:
            count = 0
        if count < 1:
            self._problem(place, f"got an instance count of {value!r}, expected 1 or more")
        return max(count, 1)

    def _timeout(self, place: str, value: Any) -> float | None:
        try:
            return binding.seconds_of(value)
        except ValueError as error:
            self._problem(place, str(error))
            return None

    def _ordered(self) -> list[StepPlan]:
        """Return the steps so that each comes after those that it reads from; report a cycle."""
        done: list[StepPlan] = []
        waiting = dict(self._steps)
        while waiting:
            ready = [path for path, step in waiting.items() if not (step.depends_on & waiting.keys())]
            if not ready:
                self._problem(
                    "jobs", f"the steps {', '.join(sorted(waiting))} wait for one another in a cycle"
                )
                break
            done += [waiting.pop(path) for path in ready]
        return done

    def _report(self, place: str, messages: Iterable[str]) -> None:
        self.problems += [Problem(place=place, message=message) for message in messages]

    def _problem(self, place: str, message: str) -> None:
        self.problems.append(Problem(place=place, message=message))
