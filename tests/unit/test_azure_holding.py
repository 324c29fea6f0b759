"""Protects the answer to "does what is live hold this definition?": Azure's own forms count as sent, everything else is named."""

from __future__ import annotations

from typing import Any

import pytest

from plumbline.assets import content_hash, spec_from_rest, version_from_hash
from plumbline.assets.component.normal_form import normal_component
from plumbline.azure.holding import Holding, holding
from plumbline.azure.live_version import LiveVersion, live_version

COMMAND: dict[str, Any] = {
    "type": "command",
    "command": "python train.py --rate ${{inputs.rate}}",
    "environment": "azureml:AzureML-X:33",
    "code": "sha256:" + "a" * 64,
    "inputs": {
        "rate": {"type": "number", "default": 0.5, "min": 0, "max": 1},
        "strict": {"type": "boolean", "default": True, "optional": True},
        "table": {"type": "uri_folder", "mode": "ro_mount"},
    },
    "outputs": {"model": {"type": "uri_folder", "mode": "mount"}},
    "distribution": {"type": "mpi", "process_count_per_instance": 2},
    "resources": {"instance_count": 2, "properties": {"priority": 3}},
}
ANSWER: dict[str, Any] = {
    "type": "command",
    "version": "1",
    "command": "python train.py --rate ${{inputs.rate}}",
    "environment": "azureml://registries/azureml/environments/AzureML-X/versions/33",
    "code": "azureml:/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    "/codes/c/versions/1",
    "inputs": {
        "table": {"type": "uri_folder", "optional": "False"},
        "rate": {"type": "number", "default": "0.5", "min": "0.0", "max": "1.0", "optional": "False"},
        "strict": {"type": "boolean", "default": "True", "optional": "True"},
    },
    "outputs": {"model": {"type": "uri_folder"}},
    "distribution": {"type": "Mpi", "process_count_per_instance": "2"},
    "resources": {"instance_count": "2", "properties": {"priority": "3"}},
    "is_deterministic": "True",
    "description": "Trains.",
}
PIPELINE: dict[str, Any] = {
    "type": "pipeline",
    "inputs": {"table": {"type": "uri_folder"}},
    "jobs": {"one": {"type": "command", "component": "azureml:one:1"}},
}
PIPELINE_ANSWER: dict[str, Any] = {
    "type": "pipeline",
    "inputs": {"table": {"type": "uri_folder", "optional": "False"}},
    "is_deterministic": "False",
}


def component(spec: dict[str, Any], **properties: str) -> LiveVersion:
    body = {"properties": {"description": None, "componentSpec": spec, "properties": properties}}
    return live_version("component", body, code_hash="a" * 64 if "code" in spec else None)


def held(sent: dict[str, Any], live: LiveVersion, **options: Any) -> Holding:
    spec = normal_component(sent)
    hashed = content_hash("component", spec)
    version = version_from_hash(hashed)
    return holding("component", spec, live, **{"content_hash": hashed, "version": version, **options})


def test_a_command_component_as_it_was_recorded_is_the_one_that_was_sent() -> None:
    found = held(COMMAND, component(ANSWER))
    assert found.differences == ()
    assert found.holds
    assert found.normalised == {
        "environment": "component-curated-environment-is-resolved",
        "inputs.table.mode": "component-mode-is-dropped",
        "outputs.model.mode": "component-mode-is-dropped",
        "resources.properties.priority": "component-scalars-are-text",
    }


def test_a_component_without_resources_comes_back_with_one_instance() -> None:
    sent = {name: value for name, value in COMMAND.items() if name != "resources"}
    assert held(sent, component({**ANSWER, "resources": {"instance_count": "1"}})).holds


def test_its_description_is_that_of_the_spec() -> None:
    live = component(ANSWER)
    assert live.values["description"] == ("Trains.",)
    assert component({**ANSWER, "description": "Edited."}).differing("description", "Trains.") == "Edited."
    without = {name: value for name, value in ANSWER.items() if name != "description"}
    assert component(without).differing("description", "Trains.") is None


@pytest.mark.parametrize(
    ("changed", "paths"),
    [
        ({"command": "python other.py"}, ["command"]),
        ({"environment": "azureml://registries/azureml/environments/AzureML-X/versions/34"}, ["environment"]),
        ({"environment": "azureml://registries/other/environments/AzureML-X/versions/33"}, ["environment"]),
        (
            {"resources": {"instance_count": "3", "properties": {"priority": "3"}}},
            ["resources.instance_count"],
        ),
        ({"outputs": {}}, ["outputs"]),
        ({"inputs": {**ANSWER["inputs"], "table": {"type": "uri_file"}}}, ["inputs.table.type"]),
    ],
)
def test_what_azure_was_not_seen_to_do_is_a_difference(changed: dict[str, Any], paths: list[str]) -> None:
    found = held(COMMAND, component({**ANSWER, **changed}))
    assert [change.path for change in found.lost] == paths
    assert not found.holds


def test_a_pipeline_component_is_vouched_for_by_its_version_or_by_our_mark() -> None:
    hashed = content_hash("component", normal_component(PIPELINE))
    assert held(PIPELINE, component(PIPELINE_ANSWER)).holds
    assert held(PIPELINE, component(PIPELINE_ANSWER), version="3").hidden == ("jobs",)
    marked = component(PIPELINE_ANSWER, **{"plumbline.content_hash": hashed})
    assert held(PIPELINE, marked, version="3").holds
    other = component(PIPELINE_ANSWER, **{"plumbline.content_hash": "0" * 64})
    assert not held(PIPELINE, other).holds
    assert not held(PIPELINE, other, version="3").holds


def test_what_a_pipeline_component_shows_is_compared_whatever_vouches() -> None:
    other = {**PIPELINE_ANSWER, "inputs": {"table": {"type": "uri_file"}}}
    found = held(PIPELINE, component(other))
    assert [change.path for change in found.differences] == ["inputs.table.type"]


def test_a_folder_comes_back_with_a_slash_and_a_file_does_not() -> None:
    path = "azureml://datastores/store/paths/folder"
    for kind, answered, holds in (
        ("uri_folder", f"{path}/", True),
        ("mltable", f"{path}/", True),
        ("uri_folder", f"{path}/deeper/", False),
        ("uri_file", f"{path}/", False),
    ):
        body = {"properties": {"dataType": kind, "dataUri": answered}}
        found = holding("data", {"type": kind, "path": path}, live_version("data", body))
        assert found.holds is holds, (kind, answered)


@pytest.mark.parametrize("kept", [True, False])
def test_uploaded_data_holds_whether_or_not_azure_keeps_our_properties(kept: bool) -> None:
    spec = {"type": "uri_folder", "path": "sha256:" + "b" * 64}
    hashed = content_hash("data", spec)
    marks = {"plumbline.content_hash": hashed, "plumbline.code_hash": "b" * 64} if kept else {}
    uri = "azureml://datastores/workspaceblobstore/paths/LocalUpload/0123/rows/"
    live = live_version(
        "data", {"properties": {"dataType": "uri_folder", "dataUri": uri, "properties": marks}}
    )
    version = version_from_hash(hashed)
    assert holding("data", spec, live, content_hash=hashed, version=version).holds
    declared = holding("data", spec, live, content_hash=hashed, version="3")
    assert declared.holds is kept
    assert declared.hidden == (() if kept else ("path",))
    remembered = holding(
        "data", spec, live, content_hash=hashed, version="3", acknowledged={"path": live.spec["path"]}
    )
    assert remembered.holds


def _schedule(job: dict[str, Any]) -> dict[str, Any]:
    trigger = {"triggerType": "Recurrence", "frequency": "Week", "interval": 1, "timeZone": "UTC",
               "startTime": "2026-01-05 06:00:00", "endTime": None,
               "schedule": {"hours": [6], "minutes": [0], "weekDays": ["Monday"], "monthDays": None}}  # fmt: skip
    return {"properties": {"trigger": trigger, "action": {"actionType": "CreateJob", "jobDefinition": job}}}


SENT_JOB: dict[str, Any] = {
    "jobType": "Pipeline",
    "inputs": {"table": {"jobInputType": "uri_folder", "uri": "azureml:table:1"}, "rate": {"value": "1"}},
    "outputs": {"model": {"jobOutputType": "uri_folder"}, "kept": {"jobOutputType": "uri_folder", "mode": "Upload"}},
    "settings": {"default_compute": "azureml:cpu", "continue_on_step_failure": False},
    "jobs": {"one": {"type": "command", "componentId": "azureml:one:1"}},
}  # fmt: skip
GOT_JOB: dict[str, Any] = {
    **SENT_JOB,
    "experimentName": "Default",
    "status": "NotStarted",
    "description": None,
    "services": None,
    "inputs": {
        "table": {"jobInputType": "uri_folder", "uri": "azureml:table:1", "mode": "ReadOnlyMount"},
        "rate": {"jobInputType": "literal", "value": "1", "description": None},
    },
    "outputs": {
        "model": {"jobOutputType": "uri_folder", "mode": "ReadWriteMount", "uri": None, "assetName": None},
        "kept": {"jobOutputType": "uri_folder", "mode": "Upload", "uri": None},
    },
    "properties": {"runSource": "MFE", "runType": "HTTP", "azureml.DevPlatv2": "true"},
}


def test_a_schedule_as_it_was_recorded_is_the_one_that_was_sent() -> None:
    sent = spec_from_rest("schedule", _schedule(SENT_JOB), code_hash_of=lambda _: None)
    assert sent["create_job"]["settings"]["continue_on_step_failure"] is False
    assert holding("schedule", sent, live_version("schedule", _schedule(GOT_JOB))).holds


@pytest.mark.parametrize(
    ("side", "value", "path"),
    [
        ("inputs", {**GOT_JOB["inputs"], "table": {**GOT_JOB["inputs"]["table"], "mode": "Download"}}, "inputs.table.mode"),
        ("inputs", {"table": GOT_JOB["inputs"]["table"]}, "inputs.rate"),
        ("settings", {"default_compute": "azureml:cpu"}, "settings.continue_on_step_failure"),
        ("experimentName", "other", "experiment_name"),
    ],
)  # fmt: skip
def test_a_schedule_that_lost_or_got_something_is_another(side: str, value: Any, path: str) -> None:
    sent = spec_from_rest("schedule", _schedule(SENT_JOB), code_hash_of=lambda _: None)
    found = holding("schedule", sent, live_version("schedule", _schedule({**GOT_JOB, side: value})))
    assert [change.path for change in found.differences] == [f"create_job.{path}"]


def test_what_azure_fills_in_unseen_holds_for_a_job_where_our_mark_vouches() -> None:
    filled = {**ANSWER, "queue_settings": {"job_tier": "null"}, "additional": "x"}
    assert held(COMMAND, component(filled)).holds, "what the canonical form does not know is no content"
    output = {**ANSWER, "outputs": {**ANSWER["outputs"], "new": {"type": "uri_folder"}}}
    found = held(COMMAND, component(output))
    assert [change.path for change in found.added] == ["outputs.new"]
    assert not found.holds_as_marked
    hashed = content_hash("component", normal_component(COMMAND))
    marked = held(COMMAND, component(output, **{"plumbline.content_hash": hashed}))
    assert not marked.holds
    assert marked.holds_as_marked
