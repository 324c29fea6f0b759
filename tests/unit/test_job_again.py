"""Protects the body of a rerun: what azure-ai-ml sent of the job the first time, and nothing of what the run made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plumbline.assets import load_ml_pipelines
from plumbline.ops.job.again import again
from plumbline.provider.entities import load_azure_ai_ml, loaded_job

REPOSITORY = Path(__file__).resolve().parents[2]
PIPELINES = sorted(path.parent.name for path in (REPOSITORY / "pipelines").glob("*/pipeline.yml"))


@pytest.mark.parametrize("name", PIPELINES)
def test_a_rerun_sends_what_the_official_client_sent(name: str) -> None:
    (pipeline,) = load_ml_pipelines([REPOSITORY / "pipelines" / name], root=REPOSITORY)
    assert pipeline.job is not None
    load_azure_ai_ml()
    sent: dict[str, Any] = json.loads(
        json.dumps(loaded_job(pipeline.job, REPOSITORY)._to_rest_object().as_dict())
    )["properties"]
    answered = {
        **sent,
        "status": "Completed",
        "services": {"Studio": {"endpoint": "https://ml.azure.com/x"}},
        "parentJobName": None,
        "tags": {**sent.get("tags", {}), "plumbline.digest": "old"},
        "properties": {"azureml.runsource": "azureml.PipelineRun", "mlflow.source.git.commit": "0" * 40},
        "settings": {**sent.get("settings", {}), "force_rerun": True},
        "outputs": {
            key: {**value, "uri": "azureml://datastores/x/paths/y"}
            for key, value in sent.get("outputs", {}).items()
        },
    }
    body = again(answered, tags={"plumbline.rerun_of": "old"})
    expected = {**sent, "tags": {"plumbline.rerun_of": "old"}, "properties": {}}
    for made in (body, expected):
        made["settings"] = {key: value for key, value in made["settings"].items() if key != "force_rerun"}
    assert body == _without_nulls(expected)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return value
