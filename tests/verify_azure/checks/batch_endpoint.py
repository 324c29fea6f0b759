"""Rows on batch endpoints: a pipeline component is deployed and invoked once through azure-ai-ml, and asked about."""

from __future__ import annotations

from dataclasses import dataclass

from tests.verify_azure import versions as api
from tests.verify_azure.check import check, part
from tests.verify_azure.checks.asset import write
from tests.verify_azure.checks.job import step
from tests.verify_azure.finding import Finding, holds
from tests.verify_azure.runs import Run, await_end
from tests.verify_azure.subject import Subject

HIDDEN = ("jobs", "inputs", "outputs", "settings", "computeId", "componentId")


@dataclass(frozen=True, kw_only=True)
class Invoked:
    """What an invocation of `endpoint` made of `component`."""

    endpoint: str
    component: str
    run: Run


@part("batch run", "cluster", "assets")
def invoke_endpoint(azure: Subject) -> Invoked:
    """An endpoint with one deployment, its default, invoked; the job has ended."""
    from azure.ai.ml.entities import BatchEndpoint, PipelineComponentBatchDeployment

    azure.part("cluster")
    azure.part("assets")
    client, endpoint = azure.client(), azure.fresh("va-batch-")
    component = f"{azure.part('workspace')}/components/va_whole/versions/1"
    spec = {
        "name": "va_whole", "version": "1", "type": "pipeline", "inputs": {}, "outputs": {}, "jobs": {"one": step(azure)},
    }  # fmt: skip
    write(azure, component, api.COMPONENT, {"componentSpec": spec})
    made = BatchEndpoint(name=endpoint)
    client.batch_endpoints.begin_create_or_update(made).result()
    deployment = PipelineComponentBatchDeployment(
        name="current", endpoint_name=endpoint, component=component, settings={"default_compute": "azureml:small"}
    )  # fmt: skip
    client.batch_deployments.begin_create_or_update(deployment).result()
    made.defaults = {"deployment_name": "current"}
    client.batch_endpoints.begin_create_or_update(made).result()
    name = str(client.batch_endpoints.invoke(endpoint).name)
    return Invoked(endpoint=endpoint, component=component, run=await_end(azure, name))


@check("batch-invoke-makes-a-pipeline-job", "batch run")
def invoked(azure: Subject) -> Finding:
    made: Invoked = azure.part("batch run")
    shown = made.run.job["properties"]
    return holds(
        made.run.name.startswith("pipelinejob-")
        and (shown["jobType"], shown["experimentName"]) == ("Pipeline", made.endpoint),
        f"An invocation made the {shown['jobType']} job {made.run.name} ({shown['status']}) in the experiment "
        f"{shown['experimentName']}.",
    )


@check("batch-job-hides-its-definition", "batch run")
def hidden(azure: Subject) -> Finding:
    made: Invoked = azure.part("batch run")
    shown = made.run.job["properties"]
    there = sorted(name for name in HIDDEN if shown.get(name))
    source = (shown.get("properties") or {}).get("azureml.SourceComponentId")
    return holds(
        not there and made.endpoint in (shown.get("description") or "") and source == made.component,
        f"A batch endpoint's job shows {', '.join(there) or 'nothing of its definition'}, describes itself as "
        f"{shown.get('description')!r}, and has azureml.SourceComponentId {source}.",
    )


@check("batch-jobs-are-listed", "batch run")
def listed(azure: Subject) -> Finding:
    made: Invoked = azure.part("batch run")
    found = [f"{one.id} {one.name}" for one in azure.client().batch_endpoints.list_jobs(made.endpoint)]
    named = any(made.run.name in one for one in found)
    return holds(
        named,
        f"list_jobs of the endpoint gives {len(found)} jobs, {'one' if named else 'none'} of them by the name of its job.",
    )
