"""A pipeline component that a client asks for by a job's name: it gets that job's steps, inputs and outputs.

Source: azure-ai-ml 1.35.2, `PipelineComponentBatchDeployment.job_definition` and `PipelineComponent.source_job_id`; learn,
"Deploy existing pipeline jobs to batch endpoints". Rests on component-of-a-job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.store import Resource

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator


def with_steps_of_job(emulator: Emulator, parent: Resource, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a component's spec, filled from the job that it names, where it names one and has no steps of its own.

    Raises: AzureError: there is no such job (404), it is no pipeline (400), or it has no steps of its own (501).
    """
    source = spec.get("sourceJobId")
    if not source or spec.get("jobs"):
        return dict(spec)
    name = str(source).removeprefix("azureml:").rstrip("/").rpartition("/")[2]
    job = emulator.executor.runs.get(parent.id, name)
    if job is None:
        raise AzureError(404, "NotFound", f"Job {name} was not found.", "sourceJobId")
    properties = job.definition
    if properties.get("jobType") != "Pipeline":
        message = f"The job {name} is a {properties.get('jobType')} job, expected a pipeline job."
        raise AzureError(400, "UserError", message, "sourceJobId")
    if not properties.get("jobs"):
        message = f"The emulator makes no component of the job {name}: it runs a component and has no steps of its own."
        raise AzureError(501, "NotImplemented", message, "sourceJobId")
    return {
        **spec,
        "inputs": {name: _input(one) for name, one in (properties.get("inputs") or {}).items()},
        "outputs": {name: _output(one) for name, one in (properties.get("outputs") or {}).items()},
        "jobs": properties["jobs"],
    }


def _input(given: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(given.get("jobInputType") or "literal")
    if kind != "literal":
        return {"type": kind}
    return {"type": "string", "default": str(given.get("value", ""))}


def _output(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": str(given.get("jobOutputType") or "uri_folder")}
