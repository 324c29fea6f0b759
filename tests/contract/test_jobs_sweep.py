"""Protects: a sweep really runs its trials, as many at once as it says, and is its best trial in the end."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.job_platform import ENDED, JobPlatform, job_platform

# What `mlflow.log_metric` sends, without mlflow: the environment has no packages.
LOG = """import json, os, ssl, sys, time, urllib.request
at = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric"
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": float(sys.argv[1]), "timestamp": int(time.time() * 1000)}
context = ssl.create_default_context(cafile=os.environ["MLFLOW_TRACKING_SERVER_CERT_PATH"])
request = urllib.request.Request(at, json.dumps(body).encode(), {"Content-Type": "application/json",
    "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]})
urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)).open(request).read()
"""


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


def _sweep(jobs: JobPlatform, **rest: Any) -> dict[str, Any]:
    workspace = jobs.azure_ml.workspace_id
    return {
        "jobType": "Sweep",
        "displayName": "sweep",
        "experimentName": "tests",
        "computeId": f"{workspace}/computes/wide",
        "trial": {
            "command": f"cat > log.py <<'E'\n{LOG}E\necho ${{{{inputs.who}}}} ${{{{search_space.loss}}}} > "
            "${{outputs.model}}/loss; python log.py ${{search_space.loss}}",
            "environmentId": f"{workspace}/environments/bare/versions/1",
        },
        "inputs": {"who": {"jobInputType": "literal", "value": "trial"}},
        "outputs": {"model": {"jobOutputType": "custom_model"}},
        "objective": {"goal": "minimize", "primaryMetric": "loss"},
        "samplingAlgorithm": {"samplingAlgorithmType": "Grid"},
        "searchSpace": {"loss": ["choice", [[3, 1, 2]]]},
        "limits": {"jobLimitsType": "Sweep", "maxTotalTrials": 10, "maxConcurrentTrials": 2},
        **rest,
    }


def test_every_trial_runs_and_the_best_is_the_sweep(jobs: JobPlatform) -> None:
    name, properties = jobs.run(_sweep(jobs))
    trials = jobs.history(f"runs/{name}/children")["value"]
    assert properties["status"] == "Completed", [jobs.error(one["runId"]) for one in trials]
    assert [one["runId"] for one in trials] == [f"{name}_{index}" for index in range(3)]
    assert {one["status"] for one in trials} == {"Completed"}
    assert properties["properties"]["best_child_run_id"] == f"{name}_1"
    assert float(properties["properties"]["score"]) == 1.0
    model = {"model": {"jobInputType": "custom_model", "uri": f"azureml://jobs/{name}/outputs/model/paths/"}}
    reader, _ = jobs.run(jobs.command("cat ${{inputs.model}}/loss", inputs=model))
    assert jobs.log(reader).strip() == "trial 1"


def test_no_more_trials_run_at_once_than_the_sweep_says(jobs: JobPlatform) -> None:
    body = _sweep(jobs, limits={"maxTotalTrials": 3, "maxConcurrentTrials": 1})
    body["trial"]["command"] = "sleep 0.3; echo ${{search_space.loss}} > ${{outputs.model}}/x"
    name, properties = jobs.run(body)
    assert properties["status"] == "Completed"
    trials = sorted(jobs.history(f"runs/{name}/children")["value"], key=lambda one: one["startTimeUtc"])
    for before, after in itertools.pairwise(trials):
        assert after["startTimeUtc"] >= before["endTimeUtc"]
    assert "best_child_run_id" not in properties["properties"], "no trial logged the metric"


def test_a_failed_trial_does_not_fail_the_sweep_and_what_is_not_emulated_is_said(jobs: JobPlatform) -> None:
    body = _sweep(
        jobs,
        samplingAlgorithm={"samplingAlgorithmType": "Bayesian"},
        searchSpace={"loss": ["choice", [["1", "x"]]]},
        earlyTermination={"policyType": "Bandit", "slackFactor": 0.1},
        limits={"maxTotalTrials": 12, "maxConcurrentTrials": 4},
    )
    body["trial"]["command"] = "test ${{search_space.loss}} = 1"
    name, properties = jobs.run(body)
    assert properties["status"] == "Completed"
    states = {one["status"] for one in jobs.history(f"runs/{name}/children")["value"]}
    assert states == {"Completed", "Failed"}
    said = [warning["message"] for warning in jobs.details(name)["warnings"]]
    assert any("bayesian sampling is not emulated" in one for one in said)
    assert any("early termination is not emulated" in one for one in said)


def test_a_sweep_can_be_cancelled_and_listed(jobs: JobPlatform) -> None:
    body = _sweep(jobs)
    body["trial"]["command"] = "sleep 60"
    name = jobs.submit(body)
    jobs.wait(name, until=("Running",))
    answer = jobs.emulator.request(
        "POST", f"{jobs.azure_ml.workspace_id}/jobs/{name}/cancel", api_version="2024-01-01-preview"
    )
    assert answer.status_code == 202
    assert jobs.wait(name, until=ENDED)["status"] == "Canceled"
    assert name in [job["name"] for job in jobs.azure_ml.get("jobs", jobType="Sweep")["value"]]


def test_a_command_may_refer_to_what_the_search_space_does_not_have(jobs: JobPlatform) -> None:
    body = _sweep(jobs)
    body["trial"]["command"] = "echo ${{search_space.other}}"
    answer = jobs.send(body)
    assert answer.status_code == 201
    environment = answer.json()["properties"]["trial"]["environmentId"]
    assert environment.endswith("/environments/bare/versions/1")


def test_what_a_sweep_cannot_be_is_refused_at_once(jobs: JobPlatform) -> None:
    body = _sweep(
        jobs,
        searchSpace={"loss": ["uniform", [0, 1]]},
        objective={"goal": "minimize"},
        computeId=f"{jobs.azure_ml.workspace_id}/computes/nosuch",
    )
    body["trial"]["command"] = "echo ${{inputs.nothing}}"
    answer = jobs.send(body)
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    for why in (
        "loss, expected choices only",
        "the sweep has no metric",
        "refers to an input 'nothing'",
    ):
        assert why in message
