"""Protects endpoints as resources: kept and answered as the official client reads them, keys renewed, no scoring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.ai.ml.entities import BatchEndpoint, ManagedOnlineDeployment, ManagedOnlineEndpoint
from azure.core.exceptions import HttpResponseError

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform

ONLINE = "onlineEndpoints/online-one"


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as built:
        client = built.client()
        endpoint = ManagedOnlineEndpoint(name="online-one", auth_mode="key", description="One")
        client.online_endpoints.begin_create_or_update(endpoint).result()
        built.call("PUT", "environments/plain/versions/1", json={"properties": {"image": "python:3.11"}})
        deployment = ManagedOnlineDeployment(
            name="blue",
            endpoint_name="online-one",
            environment="azureml:plain:1",
            instance_type="Standard_DS3_v2",
            instance_count=1,
        )
        client.online_deployments.begin_create_or_update(deployment).result()
        yield built


def test_endpoint_and_deployment_come_back(platform: MachineLearningPlatform) -> None:
    client = platform.client()
    endpoint = client.online_endpoints.get("online-one")
    assert (endpoint.auth_mode, endpoint.description, endpoint.provisioning_state) == (
        "key",
        "One",
        "Succeeded",
    )
    deployment = client.online_deployments.get("blue", "online-one")
    assert deployment.environment.endswith("/environments/plain/versions/1")
    assert [one.name for one in client.online_deployments.list("online-one")] == ["blue"]


def test_a_renewed_key_is_another_and_the_other_key_stays(platform: MachineLearningPlatform) -> None:
    client = platform.client()
    before = client.online_endpoints.get_keys("online-one")
    client.online_endpoints.begin_regenerate_keys("online-one", key_type="primary").result()
    after = client.online_endpoints.get_keys("online-one")
    assert before.primary_key != after.primary_key
    assert before.secondary_key == after.secondary_key


def test_scoring_is_not_modelled_and_says_so(platform: MachineLearningPlatform, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text("{}")
    with pytest.raises(HttpResponseError) as refused:
        platform.client().online_endpoints.invoke("online-one", request_file=request)
    assert refused.value.status_code == 501
    assert "POST /endpoints/online/online-one/score" in str(refused.value)


def _traffic(platform: MachineLearningPlatform, traffic: object) -> object:
    endpoint = platform.get(ONLINE)
    body = {key: endpoint[key] for key in ("location", "identity") if key in endpoint}
    properties = {"authMode": "Key", "traffic": traffic}
    return platform.call("PUT", ONLINE, json={**body, "properties": properties})


@pytest.mark.parametrize(
    ("traffic", "code"),
    [
        ({"blue": 60}, "UserError"),
        ({"green": 100}, "UserError"),
        ({"blue": "all"}, "InvalidRequestContent"),
        ("blue", "InvalidRequestContent"),
    ],
)
def test_traffic_that_goes_nowhere_is_refused(
    platform: MachineLearningPlatform, traffic: object, code: str
) -> None:
    answer = _traffic(platform, traffic)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), answer.text


def test_a_deployment_with_traffic_cannot_be_deleted(platform: MachineLearningPlatform) -> None:
    assert _traffic(platform, {"blue": 100}).status_code == 200
    refused = platform.call("DELETE", f"{ONLINE}/deployments/blue")
    assert refused.status_code == 400
    assert _traffic(platform, {"blue": 0}).status_code == 200
    assert platform.client().online_endpoints.get("online-one").traffic == {"blue": 0}


def test_batch_endpoint_comes_and_goes(platform: MachineLearningPlatform) -> None:
    client = platform.client()
    client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="batch-one")).result()
    assert client.batch_endpoints.get("batch-one").provisioning_state == "Succeeded"
    client.batch_endpoints.begin_delete("batch-one").result()
    assert not list(client.batch_endpoints.list())
