"""Protects: clusters, sizes and quotas of the emulator, through the official client and raw requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform


@pytest.fixture(scope="module")
def azure_ml() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        yield platform


def _cluster(**changed: Any) -> dict[str, Any]:
    inner = {"vmSize": "Standard_DS3_v2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 2}} | changed
    return {"location": "westeurope", "properties": {"computeType": "AmlCompute", "properties": inner}}


def test_client_creates_updates_lists_and_deletes_a_cluster(azure_ml: MachineLearningPlatform) -> None:
    from azure.ai.ml.entities import AmlCompute
    from azure.core.exceptions import ResourceNotFoundError

    client = azure_ml.client()
    made = client.compute.begin_create_or_update(
        AmlCompute(name="cpu-cluster", size="Standard_DS3_v2", min_instances=0, max_instances=2)
    ).result()
    assert (made.provisioning_state, made.size, made.max_instances) == ("Succeeded", "Standard_DS3_v2", 2)
    made.max_instances = 4
    made.idle_time_before_scale_down = 300
    client.compute.begin_update(made).result()
    again = client.compute.get("cpu-cluster")
    assert (again.max_instances, again.idle_time_before_scale_down) == (4, 300)
    assert [entry.name for entry in client.compute.list()] == ["cpu-cluster"]
    assert list(client.compute.list_nodes("cpu-cluster")) == []
    client.compute.begin_delete("cpu-cluster").result()
    with pytest.raises(ResourceNotFoundError):
        client.compute.get("cpu-cluster")


def test_cluster_that_was_read_can_be_sent_back(azure_ml: MachineLearningPlatform) -> None:
    azure_ml.call("PUT", "computes/read-back", json=_cluster())
    client = azure_ml.client()
    cluster = client.compute.get("read-back")
    cluster.max_instances = 8
    client.compute.begin_create_or_update(cluster).result()
    assert (
        azure_ml.get("computes/read-back")["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 8
    )


def test_cluster_has_no_system_data_but_the_activity_log_knows_who_changed_it(
    azure_ml: MachineLearningPlatform,
) -> None:
    assert azure_ml.call("PUT", "computes/logged", json=_cluster()).status_code == 201
    patch = {"properties": {"properties": {"scaleSettings": {"maxNodeCount": 7}}}}
    assert azure_ml.call("PATCH", "computes/logged", principal="alice", json=patch).status_code == 200
    answer = azure_ml.get("computes/logged")
    assert "systemData" not in answer
    scale = answer["properties"]["properties"]["scaleSettings"]
    assert (scale["maxNodeCount"], scale["minNodeCount"]) == (7, 0)
    day = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    events = azure_ml.emulator.request(
        "GET",
        f"{azure_ml.emulator.scope}/providers/Microsoft.Insights/eventtypes/management/values",
        api_version="2015-04-01",
        params={"$filter": f"eventTimestamp ge '{day}' and resourceUri eq '{answer['id']}'"},
    ).json()["value"]
    assert "alice@plumbline.example" in {event.get("caller") for event in events}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"vmSize": "Standard_DS4_v2"}, "properties.vmSize"),
        ({"vmPriority": "LowPriority"}, "properties.vmPriority"),
    ],
)
def test_what_needs_a_new_cluster_is_refused(
    azure_ml: MachineLearningPlatform, changed: dict[str, Any], field: str
) -> None:
    azure_ml.call("PUT", "computes/fixed", json=_cluster())
    response = azure_ml.call("PUT", "computes/fixed", json=_cluster(**changed))
    assert (response.status_code, f"property {field} cannot" in response.json()["error"]["message"]) == (
        400,
        True,
    )


@pytest.mark.parametrize(
    "scale",
    [
        {"minNodeCount": 3, "maxNodeCount": 2},
        {"minNodeCount": -1, "maxNodeCount": 2},
        {"maxNodeCount": 2, "nodeIdleTimeBeforeScaleDown": "120"},
    ],
)
def test_impossible_scale_is_refused(azure_ml: MachineLearningPlatform, scale: dict[str, Any]) -> None:
    response = azure_ml.call("PUT", "computes/scaled", json=_cluster(scaleSettings=scale))
    assert (response.status_code, response.json()["error"]["code"]) == (400, "UserError")
    assert azure_ml.call("GET", "computes/scaled").status_code == 404


def test_unknown_size_and_other_types_are_refused(azure_ml: MachineLearningPlatform) -> None:
    assert azure_ml.call("PUT", "computes/odd", json=_cluster(vmSize="Standard_Z9")).status_code == 400
    other = {"location": "westeurope", "properties": {"computeType": "Databricks"}}
    assert azure_ml.call("PUT", "computes/odd", json=other).status_code == 501


def test_client_creates_stops_starts_restarts_and_deletes_an_instance(
    azure_ml: MachineLearningPlatform,
) -> None:
    from azure.ai.ml.entities import ComputeInstance

    computes = azure_ml.client().compute
    made = computes.begin_create_or_update(ComputeInstance(name="desk-one", size="Standard_DS3_v2")).result()
    assert (made.type, made.state, made.last_operation["operationName"]) == (
        "computeinstance",
        "Running",
        "Create",
    )
    computes.begin_stop("desk-one").result()
    assert computes.get("desk-one").state == "Stopped"
    computes.begin_start("desk-one").result()
    computes.begin_restart("desk-one").result()
    assert computes.get("desk-one").state == "Running"
    computes.begin_delete("desk-one").result()
    assert "desk-one" not in [compute.name for compute in computes.list()]


def test_sizes_and_usages_are_listed_through_the_client(azure_ml: MachineLearningPlatform) -> None:
    client = azure_ml.client()
    sizes = {size.name: size for size in client.compute.list_sizes(location="westeurope")}
    assert sizes["Standard_NC6s_v3"].gpus == 1
    usages = {usage.name["value"]: usage for usage in client.compute.list_usage(location="westeurope")}
    assert usages["standardDSv2Family"].limit == 24
    # azure-ai-ml 1.35.2 leaves current_value empty and keeps the answer's own spelling beside it.
    assert vars(usages["standardDSv2Family"])["currentValue"] == 0


def test_reader_may_not_change_a_cluster(azure_ml: MachineLearningPlatform) -> None:
    azure_ml.call("PUT", "computes/guarded", json=_cluster())
    denied = azure_ml.call("PUT", "computes/guarded", principal="pipeline", json=_cluster())
    assert (denied.status_code, denied.json()["error"]["code"]) == (403, "AuthorizationFailed")
