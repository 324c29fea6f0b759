"""Protects how jobs are read as Azure shows them: names of steps, levels of nested pipelines, what a body leaves out."""

from typing import Any

import pytest

from plumbline.azure.error_answer import read_error
from plumbline.ops.job_body import (
    schedule_of,
    step_body,
    why_made_by_endpoint,
    why_undefined,
    with_definition,
)
from plumbline.ops.run_history import RunHistory, step_name
from plumbline.ops.target import Target

TARGET = Target(
    stack=None, endpoint="https://127.0.0.1:1", is_emulated=True, subscription_id="s", resource_group_name="g",
    workspace_name="w",
)  # fmt: skip
INLINE = {"azureml.moduleName": "azureml_anonymous", "azureml.moduleVersion": "1"}


def row(run: str, shown: str, name: str = "azureml_anonymous", **properties: str) -> dict[str, Any]:
    return {
        "runId": run, "runType": "azureml.StepRun", "name": name, "displayName": shown, "status": "Completed",
        "properties": properties,
    }  # fmt: skip


def node(component: str, version: str, **fields: str) -> dict[str, str]:
    return {"componentId": f"/subscriptions/s/components/{component}/versions/{version}", **fields}


@pytest.mark.parametrize(
    ("run", "nodes", "expected"),
    [
        (row("1", "first", **INLINE), {"first": node("azureml_anonymous", "g1"), "second": node("x", "1")}, "first"),
        (row("1", "train_1", "train"), {"train": node("train", "1"), "train_1": node("train", "1")}, "train_1"),
        (row("1", "train", "train"), {"train": node("train", "1"), "train_1": node("train", "1")}, "train"),
        # A component that is called like another step, and the other way round.
        (row("1", "a", "b", **{"azureml.moduleName": "b", "azureml.moduleVersion": "1"}),
         {"a": node("b", "1"), "b": node("a", "1")}, "a"),
        # Display names in the graph, one of them another step's name: what it ran decides.
        (row("1", "b", "x", **{"azureml.moduleName": "x", "azureml.moduleVersion": "1"}),
         {"a": node("x", "1", display_name="b"), "b": node("y", "1")}, "a"),
        # Renamed in the studio: the only step that runs its component.
        (row("1", "renamed", "x", **{"azureml.moduleName": "x", "azureml.moduleVersion": "1"}),
         {"a": node("x", "1"), "b": node("y", "1")}, "a"),
        (row("1", "renamed", **INLINE, **{"azureml.moduleid": "g2"}),
         {"a": node("azureml_anonymous", "g1"), "b": node("azureml_anonymous", "g2")}, "b"),
        (row("1", "renamed", "x", **{"azureml.moduleName": "x", "azureml.moduleVersion": "1"}),
         {"a": node("x", "1"), "b": node("x", "1")}, "renamed"),
        ({"runId": "1", "name": "old"}, {}, "old"),
    ],
)  # fmt: skip
def test_a_run_is_called_what_the_graph_calls_its_step(
    run: dict[str, Any], nodes: dict[str, Any], expected: str
) -> None:
    assert step_name(run, nodes) == expected


class Recorded:
    """A session that answers what was seen of Azure, by the end of the address."""

    target = TARGET

    def __init__(self, **answers: Any) -> None:
        self._answers = {
            "w": {"properties": {"discoveryUrl": "discovery"}},
            "discovery": {"api": "https://api"},
        }
        self._answers |= answers

    def require_workspace(self) -> None:
        assert "w" in self._answers

    def get(self, path: str, **_: str) -> Any:
        return self._answers.get(path.rpartition("/")[2])

    def pages(self, path: str, **_: str) -> Any:
        return self._answers.get(path.split("/")[-2], [])


def history(**answers: Any) -> RunHistory:
    return RunHistory(Recorded(**answers))  # type: ignore[arg-type]


def test_the_level_between_a_nested_pipeline_and_its_steps_is_no_step() -> None:
    group = row("g", "prepare", "prepare_pipeline", StepType="SubGraphCloudStep")
    inner = {"runId": "i", "runType": "azureml.PipelineRun", "properties": {"runSource": "SubGraphCloud"}}
    found = history(j=[group], g=[inner], i=[row("1", "clean", "cleaning"), row("2", "clean_1", "cleaning")])
    steps = found.steps({"name": "j", "properties": {"jobs": {"prepare": node("prepare_pipeline", "1")}}})
    assert [(step.step, step.is_group) for step in steps] == [
        ("prepare", True), ("prepare/clean", False), ("prepare/clean_1", False),
    ]  # fmt: skip


def test_a_step_without_properties_is_read_from_its_run() -> None:
    run = {**row("s", "gate", "claims_gate"), "parentRunId": "j", "target": "cpu"}
    found = step_body({"id": "/x/jobs/s", "name": "s", "systemData": {"createdBy": "Ann"}}, run)
    assert found["systemData"] == {"createdBy": "Ann"}
    assert found["properties"]["status"] == "Completed"
    assert found["properties"]["displayName"] == "gate"
    assert found["properties"]["parentJobName"] == "j"
    assert found["properties"]["jobType"] == "Command"
    assert found["properties"]["computeId"] == "cpu"


def scheduled(**properties: Any) -> dict[str, Any]:
    return {
        "name": "weekly-1",
        "properties": {
            "jobType": "Pipeline", "jobs": None, "inputs": None, "outputs": None, "settings": None, "computeId": None,
            "displayName": "weekly-20240219T000000Z", "experimentName": "claims", "tags": {},
            "properties": {"azureml.genericTriggerName": "weekly", "azureml.parameters": '{"rate": "0.1"}'},
            **properties,
        },
        "systemData": {"createdAt": "2024-02-19T00:00:03.1234567+00:00", "createdBy": "Ann"},
    }  # fmt: skip


def schedule(changed: str = "2024-02-18T23:59:59.1234567+00:00", rate: str = "0.1") -> dict[str, Any]:
    return {
        "name": "weekly",
        "properties": {
            "action": {
                "jobDefinition": {
                    "jobs": {"a": node("x", "1")},
                    "inputs": {"rate": {"jobInputType": "literal", "value": rate}},
                    "outputs": {"model": {"jobOutputType": "custom_model", "mode": "ReadWriteMount"}},
                    "settings": {"default_compute": "cpu"},
                    "displayName": "hello",
                    "tags": {"team": "claims"},
                }
            }
        },
        "systemData": {
            "createdAt": "2024-01-01T00:00:00+00:00",
            "lastModifiedAt": changed,
            "lastModifiedBy": "Bob",
        },
    }


def test_a_job_of_a_schedule_that_has_not_changed_since_gets_its_definition() -> None:
    body = scheduled()
    assert schedule_of(body) == "weekly"
    assert why_undefined(body, schedule()) is None
    found = with_definition(body, schedule())["properties"]
    assert found["jobs"] == {"a": node("x", "1")}
    assert found["outputs"]["model"]["jobOutputType"] == "custom_model"
    assert found["settings"] == {"default_compute": "cpu"}
    assert found["displayName"] == "weekly-20240219T000000Z"
    assert found["tags"] == {"team": "claims"}
    assert schedule_of({"properties": found}) is None


def test_what_azure_fills_in_when_a_schedule_fires_comes_from_the_jobs_own_record() -> None:
    assert why_undefined(scheduled(), schedule(rate="${{name}}")) is None
    found = with_definition(scheduled(), schedule(rate="${{name}}"))
    assert found["properties"]["inputs"]["rate"] == {"jobInputType": "literal", "value": "0.1"}


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (None, "the schedule is gone"),
        (
            schedule(changed="2024-02-19T00:00:04Z"),
            "Bob changed the schedule at 2024-02-19T00:00:04Z, after the job",
        ),
        ({**schedule(), "systemData": None}, "Azure does not say when the schedule changed last"),
        (schedule(rate="0.2"), "it ran with rate = '0.1' where the schedule says '0.2'"),
        (
            {**schedule(), "properties": {"action": {"jobDefinition": {"sourceJobId": "/x"}}}},
            "no pipeline of its own",
        ),
    ],
)
def test_a_schedule_that_may_say_something_else_now_is_not_believed(
    now: dict[str, Any] | None, why: str
) -> None:
    assert why in str(why_undefined(scheduled(), now))


def test_a_job_that_shows_its_graph_is_judged_by_it() -> None:
    assert schedule_of(scheduled(jobs={"a": node("x", "1")})) is None
    assert schedule_of({"properties": {"jobType": "Pipeline", "properties": {}, "jobs": None}}) is None


TERMINAL = {
    "error": {
        "code": "UserError", "message": "The pipeline run X is in terminal status, it can't be canceled.",
        "details": [],
        "additionalInfo": [
            {"type": "ComponentName", "info": {"value": "managementfrontend"}},
            {"type": "InnerError", "info": {"value": {"code": "BadArgument", "innerError": {
                "code": "ArgumentInvalid", "innerError": {"code": "CancelPipelineRunInTerminalStatus", "innerError": None}}}}},
        ],
    }
}  # fmt: skip


@pytest.mark.parametrize(
    ("document", "codes", "message"),
    [
        (TERMINAL, ("UserError", "BadArgument", "ArgumentInvalid", "CancelPipelineRunInTerminalStatus"),
         "The pipeline run X is in terminal status, it can't be canceled."),
        ({"code": "BadRequest", "message": "The start time cannot be more than 90 days in the past."}, ("BadRequest",),
         "The start time cannot be more than 90 days in the past."),
        ({"Code": "BadRequest", "Message": "Too old."}, ("BadRequest",), "Too old."),
        ({"error": {"code": "UserError", "message": "Not found.", "details": [
            {"code": "ModelNotFound", "message": "Model container with name: X not found."}]}},
         ("UserError", "ModelNotFound"), "Not found. Model container with name: X not found."),
        (None, (), ""),
        ("null", (), ""),
    ],
)  # fmt: skip
def test_a_refusal_is_read_in_every_form_that_azure_writes(
    document: Any, codes: tuple[str, ...], message: str
) -> None:
    found = read_error(document)
    assert (found.codes, found.message) == (codes, message)


def test_a_job_of_a_batch_endpoint_has_no_definition_and_says_whose_it_is() -> None:
    stamps = {"azureml.endpointname": "scoring", "azureml.deploymentname": "current"}
    body = {"properties": {"jobs": None, "componentId": None, "properties": stamps}}
    assert "here deployment current of scoring" in str(why_made_by_endpoint(body))
    shown = {"properties": {**body["properties"], "componentId": "/x/components/whole/versions/1"}}
    assert why_made_by_endpoint(shown) is None
    assert why_made_by_endpoint({"properties": {"properties": {}}}) is None
