"""From a submitted job to its steps, through nested components; reports every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.distribution import DISTRIBUTIONS
from plumbline.emulator.executor.input_check import command_problems
from plumbline.emulator.executor.job_fields import (
    continues_on_step_failure,
    declared_inputs,
    distribution_of,
    is_true,
    join_path,
    mapping_of,
    outputs_of,
    service_notes,
    spec_digest,
    texts,
)
from plumbline.emulator.executor.node_binder import NodeBinder
from plumbline.emulator.executor.parallel_step import DRIVER, ParallelStep
from plumbline.emulator.executor.problem import Problems
from plumbline.emulator.executor.scope import FoundComponent, Scope
from plumbline.emulator.executor.sources import Sources
from plumbline.emulator.executor.step_identity import asked_identity
from plumbline.emulator.executor.step_plan import (
    GroupPlan,
    JobPlan,
    Source,
    StepPlan,
    Uri,
)
from plumbline.emulator.executor.sweep import plan_sweep
from plumbline.emulator.executor.sweep_step import SweepStep, trial_reference


class Planner:
    """Plans one job."""

    def __init__(self, component_of: Callable[[str], FoundComponent | None]) -> None:
        """Args: component_of: finds a component version by any reference that a step may hold."""
        self._component_of = component_of
        self.problems = Problems()
        self._sources = Sources(self.problems)
        self._binder = NodeBinder(self.problems, self._sources)
        self._steps: dict[str, StepPlan] = {}
        self._groups: list[GroupPlan] = []
        self._identity: dict[str, str] = {}

    def plan(self, job: Mapping[str, Any], *, name: str) -> JobPlan:
        """Return the plan; incomplete when `problems` is not empty.

        Args:
            job: `properties` of a job as put.
            name: of the job.
        """
        if job.get("jobType") == "Command":
            return self._plan_command(job)
        if job.get("jobType") == "Sweep":
            return plan_sweep(job, name=name, problems=self.problems)
        settings = job.get("settings") or {}
        self._identity = asked_identity(job.get("identity"))
        component = self._job_component(str(job.get("componentId") or ""))
        spec = component.spec if component else {}
        nodes = job.get("jobs") or {}
        inputs = self._binder.job_inputs(job.get("inputs") or {}, component, job=name, closed=not nodes)
        scope = Scope(
            job=name,
            path="",
            nodes=dict(nodes or spec.get("jobs") or {}),
            inputs=inputs,
            outputs=outputs_of({**(spec.get("outputs") or {}), **(job.get("outputs") or {})}),
            default_compute=str(settings.get("default_compute") or job.get("computeId") or ""),
        )
        if not scope.nodes and not self.problems.found:
            self.problems.add("jobs", "the pipeline has no steps")
        self._open(scope)
        self._read(scope)
        ordered = self._ordered()
        return JobPlan(
            steps=tuple(ordered),
            groups=tuple(self._groups),
            inputs=inputs,
            outputs=scope.producers(),
            continue_on_step_failure=continues_on_step_failure(settings),
            force_rerun=is_true(settings.get("force_rerun")),
            default_datastore=str(settings.get("default_datastore") or ""),
        )

    def _job_component(self, reference: str) -> FoundComponent | None:
        """Return the pipeline component that a whole job is made of, if it names one."""
        if not reference:
            return None
        found = self._component_of(reference)
        if found is None:
            self.problems.add("componentId", f"component '{reference}' could not be resolved")
        elif found.spec.get("type") != "pipeline":
            kind = found.spec.get("type") or "command"
            self.problems.add("componentId", f"got a component of type {kind}, expected one of type pipeline")
            return None
        return found

    def _plan_command(self, job: Mapping[str, Any]) -> JobPlan:
        inputs = {
            name: self._sources.of_job(f"inputs.{name}", value)
            for name, value in (job.get("inputs") or {}).items()
        }
        types = {
            name: source.type if isinstance(source, Uri) else "string" for name, source in inputs.items()
        }
        outputs = outputs_of(job.get("outputs") or {})
        command = str(job.get("command") or "")
        if not command.strip():
            self.problems.add("command", "the job has no command")
        self.problems.report("command", command_problems(command, set(inputs), set(outputs)))
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
            distribution=self._distribution("distribution", job.get("distribution")),
            instance_count=self._count("resources", (job.get("resources") or {}).get("instanceCount")),
            timeout_seconds=self._timeout("limits.timeout", (job.get("limits") or {}).get("timeout")),
            is_deterministic=False,
            notes=service_notes(job.get("services")),
            identity=asked_identity(job.get("identity")),
        )
        return JobPlan(steps=(step,), inputs=inputs)

    # -- first pass: which steps there are

    def _open(self, scope: Scope) -> None:
        for name, node in scope.nodes.items():
            path = join_path(scope.path, name)
            place = f"jobs.{path.replace('/', '.jobs.')}"
            kind = str(node.get("type") or "command")
            if not scope.runs(name):
                self.problems.add(f"{place}.type", f"steps of type '{kind}' are not emulated", modelled=False)
                continue
            reference = trial_reference(node) if kind == "sweep" else str(node.get("componentId") or "")
            found = self._component_of(reference) if reference else None
            if found is None:
                self.problems.add(f"{place}.componentId", f"component '{reference}' could not be resolved")
                continue
            scope.component[name] = found
            if found.spec.get("type") == "pipeline":
                inner = Scope(
                    job=scope.job,
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
        within = f"jobs.{scope.path.replace('/', '.jobs.')}." if scope.path else ""
        for output, writers in scope.shared_outputs().items():
            self.problems.add(
                f"{within}outputs.{output}",
                f"{' and '.join(writers)} are bound to it; an output has one writer",
            )
        for name, found in scope.component.items():
            node = scope.nodes[name]
            path = join_path(scope.path, name)
            place = f"jobs.{path.replace('/', '.jobs.')}"
            kind = str(node.get("type") or "command")
            if kind == "sweep":
                self._sweep(scope, path, place, node, found)
                continue
            inputs = self._binder.inputs(scope, place, node, found)
            if kind == "parallel":
                self._steps[path] = self._parallel(scope, path, place, node, found, inputs)
            elif name in scope.children:
                inner = scope.children[name]
                inner.inputs = inputs
                for output, plan in self._binder.outputs(scope, place, node, found).items():
                    inner.outputs[output] = plan
                self._read(inner)
                self._groups.append(
                    GroupPlan(
                        path=path,
                        component_id=found.id,
                        component_name=found.name,
                        component_version=found.version,
                        outputs=inner.producers(),
                        display_name=str(node.get("display_name") or node.get("displayName") or name),
                    )
                )
            else:
                self._steps[path] = self._step(scope, path, place, node, found, inputs)

    def _sweep(
        self, scope: Scope, path: str, place: str, node: Mapping[str, Any], found: FoundComponent
    ) -> None:
        sweep = SweepStep(node, place=place, seed=f"{scope.job}/{path}", problems=self.problems)
        trial = sweep.trial_node
        inputs = self._binder.inputs(scope, place, trial, found)
        step = self._step(scope, path, place, trial, found, inputs)
        self._steps |= {one.path: one for one in sweep.trials(step)}
        self._groups.append(
            GroupPlan(
                path=path,
                component_id=found.id,
                component_name=found.name,
                component_version=found.version,
                display_name=step.display_name,
                sweep=sweep.plan(step),
            )
        )

    def _parallel(
        self,
        scope: Scope,
        path: str,
        place: str,
        node: Mapping[str, Any],
        found: FoundComponent,
        inputs: dict[str, Source],
    ) -> StepPlan:
        fill = partial(self._sources.fill, scope)
        parallel = ParallelStep(node, found.spec, place=place, problems=self.problems, fill=fill)
        as_command = FoundComponent(id=found.id, spec=parallel.command_spec)
        inputs = parallel.sources(inputs)
        step = self._step(scope, path, place, parallel.counted(node), as_command, inputs)
        # One program on one machine stands for all nodes: it starts the workers itself.
        notes = (*step.notes, *parallel.notes)
        digest = spec_digest(found.spec)
        return replace(step, driver=DRIVER, component_sha256=digest, distribution={}, notes=notes)

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
        outputs = self._binder.outputs(scope, place, node, found)
        self.problems.report(
            f"{place}.command", command_problems(command, set(declared_inputs(spec)), set(outputs))
        )
        resources = {**mapping_of(spec.get("resources")), **mapping_of(node.get("resources"))}
        limits = {**mapping_of(spec.get("limits")), **mapping_of(node.get("limits"))}
        variables = {**texts(spec.get("environment_variables")), **texts(node.get("environment_variables"))}
        distribution = mapping_of(node.get("distribution")) or mapping_of(spec.get("distribution"))

        def literal(value: Any, field: str) -> str:
            return self._sources.fill(scope, str(value), f"{place}.{field}")

        return StepPlan(
            path=path,
            component_id=found.id,
            component_sha256=spec_digest(found.spec),
            component_name=found.name,
            component_version=found.version,
            command=command,
            code_id=str(spec.get("code") or ""),
            display_name=str(
                node.get("display_name")
                or node.get("displayName")
                or node.get("name")
                or path.rsplit("/", 1)[-1]
            ),
            environment_id=str(node.get("environment") or spec.get("environment") or ""),
            compute_id=literal(
                node.get("computeId") or node.get("compute") or scope.default_compute, "compute"
            ),
            inputs=inputs,
            outputs=outputs,
            input_types={
                name: str(one.get("type", "string")).lower() for name, one in declared_inputs(spec).items()
            },
            environment_variables={
                name: literal(value, f"environment_variables.{name}") for name, value in variables.items()
            },
            distribution=self._distribution(
                f"{place}.distribution",
                {
                    name: literal(value, f"distribution.{name}")
                    for name, value in distribution.items()
                    if value
                },
            ),
            instance_count=self._count(
                f"{place}.resources",
                literal(
                    resources.get("instance_count") or resources.get("instanceCount") or 1,
                    "resources.instance_count",
                ),
            ),
            timeout_seconds=self._timeout(
                f"{place}.limits.timeout", literal(limits.get("timeout") or "", "limits.timeout")
            ),
            is_deterministic=is_true(spec.get("is_deterministic", True)),
            notes=service_notes(node.get("services") or spec.get("services")),
            identity=asked_identity(node.get("identity")) or self._identity,
            tags=texts(node.get("tags")),
        )

    # -- checks

    def _distribution(self, place: str, given: Any) -> dict[str, Any]:
        try:
            found = distribution_of(given)
            if (kind := found.get("type")) and kind not in DISTRIBUTIONS:
                self.problems.add(
                    place,
                    f"a distribution of type '{kind}' is not emulated, only {', '.join(DISTRIBUTIONS)}",
                    modelled=kind != "ray",
                )
            return found
        except (TypeError, ValueError) as error:
            self.problems.add(place, f"{error}, expected a number of processes")
            return {}

    def _count(self, place: str, value: Any) -> int:
        try:
            count = int(value or 1)
        except (TypeError, ValueError):
            count = 0
        if count < 1:
            self.problems.add(place, f"got an instance count of {value!r}, expected 1 or more")
        return max(count, 1)

    def _timeout(self, place: str, value: Any) -> float | None:
        try:
            return binding.seconds_of(value)
        except ValueError as error:
            self.problems.add(place, str(error))
            return None

    def _ordered(self) -> list[StepPlan]:
        """Return the steps so that each comes after those that it reads from; report a cycle."""
        done: list[StepPlan] = []
        waiting = dict(self._steps)
        while waiting:
            # A step that reads a sweep's output waits for its trials, which lie below it.
            held = waiting.keys() | {path.rpartition("/")[0] for path in waiting}
            ready = [path for path, step in waiting.items() if not (step.depends_on & held)]
            if not ready:
                self.problems.add(
                    "jobs", f"the steps {', '.join(sorted(waiting))} wait for one another in a cycle"
                )
                break
            done += [waiting.pop(path) for path in ready]
        return done
