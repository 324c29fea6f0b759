"""Checks a job as Azure does when it is put, and makes the plan and the runs of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.executor.assets import Assets, is_serverless
from plumbline.emulator.executor.input_macros import with_datastore
from plumbline.emulator.executor.job_properties import job_properties, step_properties
from plumbline.emulator.executor.planner import Planner
from plumbline.emulator.executor.problem import Problem
from plumbline.emulator.executor.run import Run
from plumbline.emulator.executor.scope import FoundComponent
from plumbline.emulator.executor.step_identity import StepIdentities
from plumbline.emulator.executor.step_outputs import output_address
from plumbline.emulator.executor.step_plan import (
    LITERAL_TYPES,
    GroupPlan,
    JobPlan,
    Literal,
    Produced,
    StepPlan,
    Uri,
)
from plumbline.emulator.executor.storage import Storage, Unreachable
from plumbline.emulator.executor.trials import Trials
from plumbline.emulator.store import Resource

SUPPORTED = ("Pipeline", "Command", "Sweep")


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A checked job.

    Args:
        runs: The job's own first, then groups and steps; none of them is kept yet.
        names: Path in the job to run name.
    """

    plan: JobPlan
    runs: list[Run]
    names: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class JobOrigin:
    """What makes a job that no client puts: a schedule, or an invocation of a batch endpoint.

    Args:
        properties: What the job's run says of it.
        schedule: Its name.
        deployment: ENDPOINT/DEPLOYMENT.
    """

    properties: Mapping[str, str]
    schedule: str = ""
    deployment: str = ""


class Submissions:
    """Makes submissions for the jobs of any workspace."""

    def __init__(self, assets: Assets, storage: Storage, identities: StepIdentities) -> None:
        """Args: assets, storage, identities: where what a job names is looked up."""
        self._assets = assets
        self._identities = identities
        self._storage = storage

    def check(
        self,
        workspace: Resource,
        name: str,
        properties: Mapping[str, Any],
        submitter: dict[str, str],
        origin: JobOrigin | None = None,
    ) -> Submission:
        """Return the checked job.

        Raises: AzureError: 404 NotFound for the first component that does not exist, 400 UserError naming every other
            problem, 501 for other job types.
        """
        kind = str(properties.get("jobType") or "")
        if kind not in SUPPORTED:
            raise AzureError(
                501,
                "NotImplemented",
                f"Jobs of type '{kind}' are not emulated; {', '.join(SUPPORTED)} are.",
                "jobType",
            )
        planner = Planner(partial(self._component, workspace))
        planned = planner.plan(properties, name=name)
        plan = with_datastore(planned, partial(self._default_datastore, workspace, planned))
        problems = planner.problems.found + self._reference_problems(workspace, name, plan)
        if problems:
            raise _unknown_compute(problems) if kind == "Command" else _refused(problems)
        plan = replace(plan, steps=tuple(self._resolved(workspace, step) for step in plan.steps))
        if plan.sweep and plan.steps:
            # Answered by its full id: azure-ai-ml's test_sweep_job_builder sends name and version.
            trial = {**properties["trial"], "environmentId": plan.steps[0].environment_id}
            properties = {**properties, "trial": trial}
        return self._submission(workspace, name, properties, plan, submitter, origin)

    def _component(self, workspace: Resource, reference: str) -> FoundComponent:
        found = self._assets.component(workspace, reference)
        if found is None:
            # The first that is missing is told alone, with the service's own wording.
            # Source: recorded test_pipeline_job_validation_remote[non_existent_remote_version.yml], 2023-10-30.
            text = reference.removeprefix("azureml:")
            name, _, version = text.rpartition("/versions/") if "/versions/" in text else text.rpartition(":")
            message = (
                f"key: {text}, Message: Not found component {name.rsplit('/', 1)[-1]} (version: {version})."
            )
            raise AzureError(404, "NotFound", message)
        return found

    def _resolved(self, workspace: Resource, step: StepPlan) -> StepPlan:
        """Name what the step uses by full ids, so that a label means what it meant at submission."""
        environment = self._assets.environment(workspace, step.environment_id)
        code = self._assets.code(workspace, step.code_id) if step.code_id else None
        compute = None if is_serverless(step.compute_id) else self._assets.compute(workspace, step.compute_id)
        return replace(
            step,
            environment_id=environment.id if environment else step.environment_id,
            code_id=code.id if code else step.code_id,
            compute_id=compute.id if compute else step.compute_id,
        )

    def _reference_problems(self, workspace: Resource, job: str, plan: JobPlan) -> list[Problem]:
        problems: list[Problem] = []
        seen: set[tuple[str, str]] = set()

        def once(place: str, message: str, unknown_compute: str = "") -> None:
            if (message, "") not in seen:
                seen.add((message, ""))
                problems.append(Problem(place=place, message=message, unknown_compute=unknown_compute))

        datastore, trials = self._default_datastore(workspace, plan), Trials(plan)
        if plan.default_datastore:
            try:
                self._storage.datastore(workspace, datastore)
            except Unreachable as error:
                once("settings.default_datastore", str(error))
        for step in plan.steps:
            node = trials.sweep_of(step.path) or step.path
            place = f"jobs.{node.replace('/', '.jobs.')}." if step.path and not plan.sweep else ""
            self._check_compute(workspace, step, place, once)
            if problem := self._identities.problem(workspace, step):
                once(f"{place}identity", problem)
            if not step.environment_id:
                once(f"{place}environment", "the step has no environment")
            elif problem := self._assets.environment_problem(workspace, step.environment_id):
                once(f"{place}environment", problem)
            if step.code_id and self._assets.code(workspace, step.code_id) is None:
                once(f"{place}code", f"code '{step.code_id}' could not be resolved")
            for name, source in step.inputs.items():
                if isinstance(source, Uri):
                    self._check_data(workspace, source, f"{place}inputs.{name}", once)
            for name, output in step.outputs.items():
                if output.registrations and output.type in LITERAL_TYPES:
                    once(f"{place}outputs.{name}", f"a value of type {output.type} cannot become an asset")
                if output.uri:
                    address = output_address(output, name, datastore=datastore, run="" if step.path else job)
                    self._check_output(workspace, address, job, f"{place}outputs.{name}", once)
        return problems

    def _default_datastore(self, workspace: Resource, plan: JobPlan) -> str:
        named = plan.default_datastore.rsplit("/", 1)[-1].removeprefix("azureml:")
        return named or self._storage.default_datastore(workspace)

    def _check_output(self, workspace: Resource, address: str, job: str, place: str, once: Any) -> None:
        try:
            location = self._storage.locate(workspace, address)
        except Unreachable:
            return  # told when the step starts
        owner = self._storage.run_folders.owner(location.container, location.prefix, own={job})
        if owner:
            once(
                place,
                f"got {address}, which is {owner}; expected a path of your own, or none for the run's own folder",
            )

    def _check_compute(self, workspace: Resource, step: StepPlan, place: str, once: Any) -> None:
        if not step.compute_id:
            if place:
                once(f"{place}compute", "the step has no compute and the pipeline no default_compute")
            return
        if is_serverless(step.compute_id):
            return
        compute = self._assets.compute(workspace, step.compute_id)
        if compute is None:
            target = step.compute_id.rsplit("/", 1)[-1].removeprefix("azureml:")
            once(
                f"{place}compute",
                f"compute '{target}' does not exist in workspace '{workspace.name}'",
                unknown_compute=target,
            )
            return
        limit = self._assets.node_limit(compute.id)
        if limit is not None and step.instance_count > limit:
            once(
                f"{place}resources.instance_count",
                f"got {step.instance_count} nodes, but compute '{compute.name}' has at most {limit}",
            )

    def _check_data(self, workspace: Resource, source: Uri, place: str, once: Any) -> None:
        # What lies at a path is looked at when the step starts; a data asset that does not exist is refused now.
        if source.uri.startswith("azureml:") or source.uri.startswith("/subscriptions/"):
            try:
                self._storage.locate(workspace, source.uri, source.type)
            except Unreachable as error:
                once(place, str(error))

    def _submission(
        self,
        workspace: Resource,
        name: str,
        properties: Mapping[str, Any],
        plan: JobPlan,
        submitter: dict[str, str],
        origin: JobOrigin | None,
    ) -> Submission:
        pipeline = properties.get("jobType") == "Pipeline"
        experiment = str(properties.get("experimentName") or "Default")
        job = Run(
            workspace_id=workspace.id,
            name=name,
            root=name,
            kind="pipeline" if pipeline else "sweep" if plan.sweep else "command",
            experiment=experiment,
            display_name=str(properties.get("displayName") or name),
            submitter=submitter,
            description=str(properties.get("description") or ""),
            status="NotStarted" if pipeline else "Starting",
            schedule=origin.schedule if origin else "",
            deployment=origin.deployment if origin else "",
            tags={key: str(value) for key, value in (properties.get("tags") or {}).items()},
            properties=job_properties(
                properties,
                plan,
                datastore=self._default_datastore(workspace, plan),
                of_origin=origin.properties if origin else {},
            ),
            definition=dict(properties),
            inputs={key: shown_input(source) for key, source in plan.inputs.items() if source is not None},
            compute_id="" if pipeline else plan.steps[0].compute_id,
            warnings=[*plan.sweep.notes] if plan.sweep else [],
        )
        if not pipeline and plan.sweep is None:
            return Submission(plan=plan, runs=[job], names={"": name})
        names, trials = {"": name}, Trials(plan)
        nodes: list[GroupPlan | StepPlan] = [
            *sorted(plan.groups, key=lambda one: one.path.count("/")),
            *plan.steps,
        ]
        for node in nodes:
            # A trial is called after its sweep.
            sweep = trials.sweep_of(node.path)
            own = str(uuid.uuid4())
            names[node.path] = own if sweep is None else f"{names[sweep]}_{node.path.rpartition('/')[2]}"
        runs = [job]
        for node in nodes:
            parent = names[node.path.rpartition("/")[0]]
            child = _child(job, node, names[node.path], parent)
            is_trial = trials.sweep_of(node.path) is not None
            runs.append(replace(child, kind="trial", properties={}) if is_trial else child)
        return Submission(plan=plan, runs=runs, names=names)


def _child(job: Run, node: StepPlan | GroupPlan, name: str, parent: str) -> Run:
    return Run(
        workspace_id=job.workspace_id,
        name=name,
        root=job.name,
        parent=parent,
        path=node.path,
        kind=("sweep_step" if node.sweep else "group") if isinstance(node, GroupPlan) else "step",
        experiment=job.experiment,
        display_name=node.display_name,
        submitter=job.submitter,
        status="NotStarted",
        definition=_definition(node),
        tags=dict(node.tags) if isinstance(node, StepPlan) else {},
        inputs={key: shown_input(source) for key, source in node.inputs.items() if source is not None}
        if isinstance(node, StepPlan)
        else {},
        compute_id=node.compute_id if isinstance(node, StepPlan) else "",
        properties=step_properties(node, job=job.name, parent=parent),
        warnings=[*node.sweep.notes] if isinstance(node, GroupPlan) and node.sweep else [],
    )


def _definition(node: StepPlan | GroupPlan) -> dict[str, Any]:
    """Say a step as the command job that it is."""
    if isinstance(node, GroupPlan):
        kind = "Sweep" if node.sweep else "Pipeline"
        return {"jobType": kind, "componentId": node.component_id, "jobs": {}, "settings": {}}
    found = {
        "jobType": "Command",
        "componentId": node.component_id,
        "command": node.command,
        "environmentId": node.environment_id,
        "computeId": node.compute_id,
        "resources": {"instanceCount": node.instance_count},
    }
    if node.code_id:
        found["codeId"] = node.code_id
    if node.environment_variables:
        found["environmentVariables"] = node.environment_variables
    if node.timeout_seconds:
        found["limits"] = {"jobLimitsType": "Command", "timeout": f"PT{node.timeout_seconds:g}S"}
    return found


def shown_input(source: Literal | Uri | Produced) -> dict[str, Any]:
    """Say an input as a job's answer does."""
    if isinstance(source, Literal):
        return {"jobInputType": "literal", "value": source.value}
    if isinstance(source, Uri):
        uri = f"{source.uri.rstrip('/')}/{source.below}" if source.below else source.uri
        return {"jobInputType": source.type, "uri": uri, "mode": source.mode}
    return {
        "jobInputType": "uri_folder",
        "uri": f"${{{{parent.jobs.{source.step}.outputs.{source.output}}}}}",
        "mode": source.mode,
    }


def _unknown_compute(problems: list[Problem]) -> AzureError:
    """The refusal of a command job: an unknown compute is told alone (recorded, row command-job-on-an-unknown-compute)."""
    for one in problems:
        if one.unknown_compute:
            message = f"Unknown compute target '{one.unknown_compute}'."
            return AzureError(400, "UserError", message, inner=("BadArgument", "UnknownTargetType"))
    return _refused(problems)


def _refused(problems: list[Problem]) -> AzureError:
    details = [
        {"code": "InvalidJob", "message": f"{one.place}: {one.message}", "target": one.place}
        for one in problems
    ]
    text = "; ".join(f"{one.place}: {one.message}" for one in problems)
    if not any(one.modelled for one in problems):
        return AzureError(
            501, "NotImplemented", f"The emulator does not run this job: {text}", problems[0].place, details
        )
    return AzureError(400, "UserError", f"The job is not valid: {text}", problems[0].place, details)
