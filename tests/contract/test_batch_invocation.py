"""Protects batch endpoints that run pipelines: invoked by the official client and by plain REST, refused by name."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.contract.job_platform import JobPlatform, job_platform

FOLDER = {"type": "uri_folder"}
DATA_PLANE = "/mferp/managementfrontend"
LIST_VERSION = "2020-09-01-dataplanepreview"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """An endpoint `scoring` with the deployments `current` (its default) and `next`, over the component `whole`."""

    jobs: JobPlatform
    whole: str

    def post(
        self,
        body: Any,
        *,
        principal: str = "deployer",
        audience: str = "https://ml.azure.com",
        **headers: str,
    ) -> Any:
        """POST to the endpoint's address, as a caller without our client does."""
        token = self.jobs.emulator.token(principal, audience=audience)
        address = self.jobs.azure_ml.get("batchEndpoints/scoring")["properties"]["scoringUri"]
        return self.jobs.emulator.request(
            "POST",
            address,
            principal=None,
            api_version=None,
            json=body,
            headers={"Authorization": f"Bearer {token}", **headers},
        )

    def invoked(self, body: Any, **options: Any) -> Any:
        """A job that was taken; its answer."""
        answer = self.post(body, **options)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def said(self, name: str) -> str:
        """What the pipeline's one step printed."""
        return self.jobs.log(self.jobs.steps(name)["say"]["runId"]).strip()


@pytest.fixture(autouse=True)
def _clients_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """azure-ai-ml 1.35.2 writes a named deployment into headers that every later invocation of the process sends too."""
    from azure.ai.ml.constants._endpoint import EndpointInvokeFields

    monkeypatch.setattr(EndpointInvokeFields, "DEFAULT_HEADER", dict(EndpointInvokeFields.DEFAULT_HEADER))


@pytest.fixture(scope="module")
def batch() -> Iterator[Batch]:
    from azure.ai.ml.entities import BatchEndpoint, PipelineComponentBatchDeployment

    with job_platform() as jobs:
        whole, client = _whole(jobs), jobs.azure_ml.client()
        client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="scoring")).result()
        settings = {
            "current": {"default_compute": f"{jobs.azure_ml.workspace_id}/computes/wide"},
            "next": {
                "default_compute": "azureml:narrow",
                "continue_on_step_failure": "False",
                "force_rerun": "True",
            },
        }
        for name, given in settings.items():
            made = PipelineComponentBatchDeployment(
                name=name, endpoint_name="scoring", component=whole, settings=given
            )
            client.batch_deployments.begin_create_or_update(made).result()
        endpoint = client.batch_endpoints.get("scoring")
        endpoint.defaults = {"deployment_name": "current"}
        client.batch_endpoints.begin_create_or_update(endpoint).result()
        yield Batch(jobs=jobs, whole=whole)


def _whole(jobs: JobPlatform) -> str:
    """A pipeline component with a data input, a literal with and one without a default, and an output."""
    name = f"p{uuid.uuid4().hex[:8]}"
    node = {
        "type": "command",
        "componentId": jobs.component(
            "cat ${{inputs.table}} && echo ${{inputs.word}} ${{inputs.rows}} | tee ${{outputs.o}}/said",
            inputs={
                "table": {"type": "uri_file"},
                "word": {"type": "string"},
                "rows": {"type": "integer"},
            },
            outputs={"o": FOLDER},
        ),
        "inputs": {
            "table": {"job_input_type": "uri_file", "uri": "${{parent.inputs.table}}"},
            "word": {"job_input_type": "literal", "value": "${{parent.inputs.word}}"},
            "rows": {"job_input_type": "literal", "value": "${{parent.inputs.rows}}"},
        },
        "outputs": {"o": {"value": "${{parent.outputs.kept}}", "type": "literal"}},
    }
    spec = {
        "name": name,
        "version": "1",
        "type": "pipeline",
        "inputs": {
            "table": {"type": "uri_file"},
            "word": {"type": "string", "default": "default"},
            "rows": {"type": "integer"},
        },
        "outputs": {"kept": FOLDER},
        "jobs": {"say": node},
    }
    return str(jobs.put(f"components/{name}/versions/1", {"componentSpec": spec})["id"])


@pytest.fixture(scope="module")
def table(batch: Batch, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A data asset with one line, registered by the official client."""
    from azure.ai.ml.entities import Data

    file = tmp_path_factory.mktemp("data") / "table.csv"
    file.write_text("one line\n")
    made = Data(name="table", version="1", type="uri_file", path=str(file))
    return str(batch.jobs.azure_ml.client().data.create_or_update(made).id)


@pytest.fixture(scope="module")
def job(batch: Batch, table: str) -> str:
    """A job that the official client started, ended; its name."""
    from azure.ai.ml import Input, Output

    made = batch.jobs.azure_ml.client().batch_endpoints.invoke(
        endpoint_name="scoring",
        inputs={
            "table": Input(type="uri_file", path="azureml:table:1"),
            "rows": Input(type="integer", default=3),
        },
        outputs={
            "kept": Output(type="uri_folder", path="azureml://datastores/workspaceblobstore/paths/kept/here/")
        },
        experiment_name="by-hand",
    )
    assert made.status == "Preparing"
    assert batch.jobs.wait(made.name)["status"] == "Completed", batch.jobs.why(made.name)
    return str(made.name)


def test_the_official_client_runs_the_default_deployment(batch: Batch, job: str) -> None:
    assert batch.said(job) == "one line\ndefault 3"
    assert batch.jobs.outputs(job)["kept"].endswith("/datastores/workspaceblobstore/paths/kept/here/")
    shown = batch.jobs.azure_ml.client().jobs.get(job)
    assert (shown.status, shown.experiment_name) == ("Completed", "by-hand")
    assert shown.tags["azureml.deploymentname"] == "current"
    assert shown.properties["azureml.SourceComponentId"] == batch.whole
    assert shown.properties["azureml.endpointname"] == "scoring"
    assert shown.properties["azureml.parameters"] == '{"rows":"3","word":"default"}'


def test_the_official_client_lists_jobs_of_an_endpoint_and_of_a_deployment(batch: Batch, job: str) -> None:
    client = batch.jobs.azure_ml.client()
    for found in (
        client.batch_endpoints.list_jobs("scoring"),
        client.batch_deployments.list_jobs("scoring", name="current"),
    ):
        listed = {one.name: one for one in found}
        assert listed[job].status == "Completed"
    assert job not in {one.name for one in client.batch_deployments.list_jobs("scoring", name="next")}
    with pytest.raises(ResourceNotFoundError):
        client.batch_deployments.list_jobs("scoring", name="nosuch")


def test_plain_rest_in_capitals_runs_the_deployment_that_its_header_names(batch: Batch, table: str) -> None:
    body = {
        "properties": {
            "InputData": {
                "table": {"JobInputType": "UriFile", "Uri": "azureml:table:1"},
                "rows": {"JobInputType": "Literal", "Value": 5},
                "word": {"JobInputType": "Literal", "Value": "given"},
            }
        }
    }
    names = []
    for _ in range(2):
        answer = batch.invoked(body, **{"azureml-model-deployment": "next"})
        names.append(answer["name"])
        assert batch.jobs.wait(answer["name"])["status"] == "Completed"
        assert batch.said(answer["name"]) == "one line\ngiven 5"
    step = batch.jobs.steps(names[1])["say"]
    assert "azureml.isreused" not in step["properties"], "the deployment's force_rerun reaches the run"
    assert step["properties"]["_azureml.ComputeTargetType"]
    stamps = batch.jobs.azure_ml.get(f"jobs/{names[1]}")["properties"]["properties"]
    assert stamps["azureml.continue_on_step_failure"] == "False"
    assert stamps["azureml.defaultComputeName"] == "narrow"


@pytest.mark.parametrize(
    ("inputs", "status", "why"),
    [
        ({}, 400, "table"),
        ({"rows": {"jobInputType": "Literal", "value": "many"}}, 400, "expected a value of type integer"),
        ({"other": {"jobInputType": "Literal", "value": 1}}, 400, "has no such input"),
        ({"rows": {"jobInputType": "Picture", "uri": "x"}}, 400, "expected one of Literal, UriFile"),
        ({"table": {"jobInputType": "UriFile"}}, 400, "has no uri"),
        (["rows"], 400, "must be an object"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    batch: Batch, table: str, inputs: Any, status: int, why: str
) -> None:
    answer = batch.post({"properties": {"inputData": inputs}})
    assert answer.status_code == status, answer.text
    assert why in answer.json()["error"]["message"]


def test_what_is_not_known_of_an_invocation_is_refused_by_name(batch: Batch, table: str) -> None:
    for body, member in (
        ({"properties": {"miniBatchSize": 3}}, "minibatchsize"),
        ({"properties": {"properties": {"RunSource": "API"}}}, "properties.runsource"),
    ):
        answer = batch.post(body)
        assert answer.status_code == 501, answer.text
        assert f"'{member}'" in answer.json()["error"]["message"]


def test_endpoints_and_deployments_that_are_not_there_are_404(batch: Batch, table: str) -> None:
    answer = batch.post({"properties": {}}, **{"azureml-model-deployment": "nosuch"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "UserError")
    client = batch.jobs.azure_ml.client()
    from azure.ai.ml.entities import BatchEndpoint

    client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="empty")).result()
    with pytest.raises(ResourceNotFoundError, match="has no default deployment"):
        client.batch_endpoints.invoke("empty")
    with pytest.raises(ResourceNotFoundError):
        client.batch_endpoints.invoke("nosuch")
    address = client.batch_endpoints.get("empty").scoring_uri.replace("/empty/", "/nosuch/")
    token = batch.jobs.emulator.token("deployer", audience="https://ml.azure.com")
    gone = batch.jobs.emulator.request(
        "POST",
        address,
        principal=None,
        api_version=None,
        json={},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert gone.status_code == 404, gone.text


def test_who_may_invoke_is_who_may_write_jobs_of_batch_endpoints(batch: Batch, table: str) -> None:
    assert batch.post({}, audience="https://management.azure.com/").status_code == 401
    refused = batch.post({}, principal="releaser")
    assert refused.status_code == 403
    assert "workspaces/batchEndpoints/jobs/write" in refused.json()["error"]["message"]
    address = f"{DATA_PLANE}{batch.jobs.azure_ml.workspace_id}/batchEndpoints/scoring/jobs"
    token = batch.jobs.emulator.token("releaser", audience="https://ml.azure.com")
    listed = batch.jobs.emulator.request(
        "GET",
        address,
        principal=None,
        api_version=LIST_VERSION,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert listed.status_code == 200, "a reader may look"


def test_a_deployment_of_a_model_is_not_modelled_and_says_so(batch: Batch, table: str) -> None:
    properties = {"model": {"referenceType": "Id", "assetId": "azureml:weights:1"}}
    made = batch.jobs.azure_ml.call(
        "PUT",
        "batchEndpoints/scoring/deployments/model",
        json={"location": "westeurope", "properties": properties},
    )
    assert made.status_code == 201, made.text
    with pytest.raises(HttpResponseError) as refused:
        batch.jobs.azure_ml.client().batch_endpoints.invoke("scoring", deployment_name="model")
    assert refused.value.status_code == 501
    assert "pipeline components only" in str(refused.value)


def test_a_deployment_made_from_a_job_runs_that_jobs_steps(batch: Batch) -> None:
    from azure.ai.ml.entities import PipelineComponentBatchDeployment

    jobs, client = batch.jobs, batch.jobs.azure_ml.client()
    say = jobs.step("echo ${{inputs.word}}", inputs={"word": {"type": "string"}}, bind={"word": "${{parent.inputs.word}}"}, is_deterministic=False)  # fmt: skip
    literal = {"jobInputType": "literal", "value": "again"}
    source, ended = jobs.run(jobs.pipeline({"say": say}, inputs={"word": literal}))
    assert ended["status"] == "Completed", jobs.why(source)
    made = PipelineComponentBatchDeployment(
        name="of-job", endpoint_name="scoring", job_definition=f"azureml:{source}",
        settings={"default_compute": "azureml:wide"},
    )  # fmt: skip
    client.batch_deployments.begin_create_or_update(made).result()
    name = client.batch_endpoints.invoke("scoring", deployment_name="of-job").name
    assert jobs.wait(name)["status"] == "Completed", jobs.why(name)
    assert batch.said(name) == "again"
    single, _ = jobs.run(jobs.command("echo alone"))
    for wrong, why in (("nosuch", "Job nosuch was not found"), (single, "expected a pipeline job")):
        other = PipelineComponentBatchDeployment(name="wrong", endpoint_name="scoring", job_definition=wrong)
        with pytest.raises(HttpResponseError, match=why):
            client.batch_deployments.begin_create_or_update(other)
