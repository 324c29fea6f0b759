"""Protects: schedules: made, changed, disabled, deleted through the official client; nonsense is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.machine_learning_assets import register_component, register_environment, write_component
from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform

_SCHEDULE = """
$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
name: weekly
display_name: Every Monday
trigger: {type: cron, expression: "0 6 * * 1", time_zone: UTC}
create_job: ./pipeline.yml
"""
_PIPELINE = """
type: pipeline
experiment_name: claims
settings: {default_compute: azureml:cpu-cluster}
jobs:
  train:
    type: command
    component: azureml:train:1
    inputs:
      rows: {type: uri_folder, path: azureml://datastores/workspaceblobstore/paths/rows}
"""


@pytest.fixture(scope="module")
def azure_ml(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        register_environment(platform.client())
        register_component(platform.client(), write_component(tmp_path_factory.mktemp("train")))
        cluster = {"computeType": "AmlCompute", "properties": {"vmSize": "Standard_DS3_v2"}}
        platform.call("PUT", "computes/cpu-cluster", json={"location": "westeurope", "properties": cluster})
        yield platform


def _load(folder: Path, text: str = _SCHEDULE) -> Any:
    from azure.ai.ml.entities._load_functions import load_schedule

    path = folder / "schedule.yml"
    path.write_text(text)
    (folder / "pipeline.yml").write_text(_PIPELINE)
    return load_schedule(path)


def test_schedule_lives_from_creation_to_deletion(azure_ml: MachineLearningPlatform, tmp_path: Path) -> None:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    schedules = azure_ml.client().schedules
    made = schedules.begin_create_or_update(_load(tmp_path)).result()
    assert (made.is_enabled, made.display_name) == (True, "Every Monday")
    assert [entry.name for entry in schedules.list()] == ["weekly"]
    with pytest.raises(HttpResponseError, match="Cannot delete an active trigger weekly"):
        schedules.begin_delete("weekly").result()
    assert schedules.begin_disable("weekly").result().is_enabled is False
    assert list(schedules.list()) == []
    assert [entry.name for entry in azure_ml.client().schedules.list(list_view_type="All")] == ["weekly"]
    assert schedules.begin_enable("weekly").result().is_enabled is True
    schedules.begin_disable("weekly").result()
    schedules.begin_delete("weekly").result()
    with pytest.raises(ResourceNotFoundError):
        schedules.get("weekly")


def test_change_keeps_the_schedule_and_says_who(azure_ml: MachineLearningPlatform, tmp_path: Path) -> None:
    azure_ml.client().schedules.begin_create_or_update(_load(tmp_path)).result()
    with azure_ml.environment("alice"):
        later = _load(tmp_path, _SCHEDULE.replace("0 6 * * 1", "30 7 * * mon-fri"))
        azure_ml.client().schedules.begin_create_or_update(later).result()
    answer = azure_ml.get("schedules/weekly")
    assert answer["properties"]["trigger"]["expression"] == "30 7 * * mon-fri"
    assert answer["systemData"]["createdByType"] == "Application"
    assert answer["systemData"]["lastModifiedBy"] == "alice@plumbline.example"


def test_pin_to_a_component_that_does_not_exist_is_refused(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    azure_ml.client().schedules.begin_create_or_update(_load(tmp_path)).result()
    body = azure_ml.get("schedules/weekly")
    job = body["properties"]["action"]["jobDefinition"]["jobs"]["train"]
    job["componentId"] = job["componentId"].rpartition("/")[0] + "/missing"
    response = azure_ml.call("PUT", "schedules/pinned", json=body)
    assert response.status_code == 400
    assert "action.jobDefinition.jobs.train.componentId" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "trigger",
    [
        {"triggerType": "Cron", "expression": "0 6 * *"},
        {"triggerType": "Cron", "expression": "0 24 * * *"},
        {"triggerType": "Cron", "expression": "*/0 * * * *"},
        {"triggerType": "Cron", "expression": "0 6 * * funday"},
        {"triggerType": "Cron", "expression": "0 6 * * 1", "startTime": "soon"},
        {"triggerType": "Recurrence", "frequency": "Yearly", "interval": 1},
        {"triggerType": "Recurrence", "frequency": "Day", "interval": 0},
        {
            "triggerType": "Recurrence",
            "frequency": "Day",
            "interval": 1,
            "schedule": {"hours": [25], "minutes": [0]},
        },
        {"triggerType": "Sometimes"},
    ],
)
def test_trigger_that_could_never_fire_is_refused(
    azure_ml: MachineLearningPlatform, trigger: dict[str, Any]
) -> None:
    body = _raw(trigger)
    response = azure_ml.call("PUT", "schedules/odd", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "UserError")
    assert azure_ml.call("GET", "schedules/odd").status_code == 404


@pytest.mark.parametrize(
    "trigger",
    [
        {"triggerType": "Cron", "expression": "*/15 8-18 * jan,feb mon-fri"},
        {"triggerType": "Cron", "expression": "0 6 1 1 0", "startTime": "2026-01-01 00:00:00", "timeZone": "UTC"},
        {"triggerType": "Recurrence", "frequency": "Week", "interval": 2,
         "schedule": {"hours": [4, 5], "minutes": [0, 30], "weekDays": ["Monday"]}},
    ],
)  # fmt: skip
def test_documented_triggers_are_taken(azure_ml: MachineLearningPlatform, trigger: dict[str, Any]) -> None:
    assert azure_ml.call("PUT", "schedules/fine", json=_raw(trigger)).status_code in {200, 201}


def test_monitors_are_not_emulated(azure_ml: MachineLearningPlatform) -> None:
    body = _raw({"triggerType": "Cron", "expression": "0 6 * * 1"})
    body["properties"]["action"] = {"actionType": "CreateMonitor", "monitorDefinition": {}}
    assert azure_ml.call("PUT", "schedules/monitor", json=body).status_code == 501


def test_triggered_schedule_submits_its_job_once(azure_ml: MachineLearningPlatform, tmp_path: Path) -> None:
    client = azure_ml.client()
    client.schedules.begin_create_or_update(_load(tmp_path)).result()
    result = client.schedules.trigger("weekly")
    assert result.job_name.startswith("weekly-")
    assert client.jobs.get(result.job_name).experiment_name == "claims"
    assert [entry["name"] for entry in azure_ml.get("jobs")["value"]] == [result.job_name]


def _raw(trigger: dict[str, Any]) -> dict[str, Any]:
    job = {"jobType": "Pipeline", "jobs": {}, "settings": {}}
    return {"properties": {"trigger": trigger, "action": {"actionType": "CreateJob", "jobDefinition": job}}}
