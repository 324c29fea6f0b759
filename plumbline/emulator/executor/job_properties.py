"""What the service writes into the properties of a job's run and of its steps' runs.

Source: recorded jobs and run history of azure-ai-ml's tests, October 2023 to March 2026 (tests/recorded/rows/jobs.yaml).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from plumbline.emulator.executor.run import Run, time_text
from plumbline.emulator.executor.step_plan import GroupPlan, JobPlan, Literal, StepPlan

_STAGE = {"Completed": "Finished", "Failed": "Failed", "Canceled": "Canceled"}
_ASSET = {"azureml.DevPlatv2": "true", "azureml.DatasetAccessMode": "Asset"}
_COMMAND = {
    "_azureml.ComputeTargetType": "amlctrain",
    "ProcessInfoFile": "azureml-logs/process_info.json",
    "ProcessStatusFile": "azureml-logs/process_status.json",
}


def job_properties(
    job: Mapping[str, Any], plan: JobPlan, *, datastore: str, of_origin: Mapping[str, str]
) -> dict[str, str]:
    """Return the properties of a job's run: the submitter's own, then the service's, in whose name nobody else speaks.

    Args:
        job: `properties` as put.
        datastore: Name of the job's default datastore.
        of_origin: What is added to a job that a schedule or a batch endpoint made, instead of `runSource` MFE.
    """
    given = {key: str(value) for key, value in (job.get("properties") or {}).items()}
    if job.get("jobType") != "Pipeline":
        return {
            **given,
            "_azureml.ComputeTargetType": "amlctrain",
            "_azureml.ClusterName": _compute_name(job),
        }
    literals = {name: one.value for name, one in plan.inputs.items() if isinstance(one, Literal)}
    found = {
        **given,
        **_ASSET,
        "azureml.runsource": "azureml.PipelineRun",
        "runSource": "MFE",
        "runType": "HTTP",
        "azureml.parameters": json.dumps(literals, separators=(",", ":")),
        "azureml.continue_on_step_failure": str(plan.continue_on_step_failure),
        "azureml.continue_on_failed_optional_input": "True",
        "azureml.enforceRerun": str(plan.force_rerun),
    }
    if compute := _compute_name(job):
        found["azureml.defaultComputeName"] = compute
    found |= {"azureml.defaultDataStoreName": datastore, "azureml.pipelineComponent": "pipelinerun"}
    if job.get("componentId"):
        found["azureml.SourceComponentId"] = str(job["componentId"])
    return {**found, **of_origin}


def _compute_name(job: Mapping[str, Any]) -> str:
    compute = (job.get("settings") or {}).get("default_compute") or job.get("computeId") or ""
    return str(compute).rsplit("/", 1)[-1].removeprefix("azureml:")


def stages_text(run: Run) -> str:
    """Return `azureml.pipelines.stages` of a pipeline that has ended."""
    execution = {
        "StartTime": time_text(run.started_at or run.ended_at),
        "EndTime": time_text(run.ended_at),
        "Status": _STAGE[run.status],
    }
    return json.dumps({"Initialization": None, "Execution": execution}, separators=(",", ":"))


def step_properties(node: StepPlan | GroupPlan, *, job: str, parent: str) -> dict[str, str]:
    """Return the properties of a step's run, or of a nested pipeline's.

    Args:
        job, parent: Names of the job's run and of the run right above.
    """
    group = isinstance(node, GroupPlan) and node.sweep is None
    found = {
        **_ASSET,
        "StepType": _step_type(node),
        "azureml.moduleid": module_id(node.component_id),
        "azureml.moduleName": node.component_name,
        "azureml.moduleVersion": node.component_version,
        "azureml.runsource": "azureml.PipelineRun" if group else "azureml.StepRun",
        "azureml.nodeid": hashlib.sha256(f"{job}/{node.path}".encode()).hexdigest()[:8],
        "azureml.pipelinerunid": parent,
        "azureml.pipeline": parent,
        "azureml.rootpipelinerunid": job,
    }
    return (
        found
        if group
        else {**found, "ComputeTargetType": "AmlCompute", "azureml.pipelineComponent": "masterescloud"}
        | _COMMAND
    )


def _step_type(node: StepPlan | GroupPlan) -> str:
    if isinstance(node, GroupPlan):
        return "HyperDriveStep" if node.sweep else "SubGraphCloudStep"
    return "ParallelRunStep" if node.driver else "PythonScriptStep"


def module_id(component_id: str) -> str:
    """Return the GUID that run history calls a component version by: an anonymous one's version, else one of its own."""
    version = component_id.rsplit("/", 1)[-1]
    try:
        return str(uuid.UUID(version))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, component_id.lower()))
