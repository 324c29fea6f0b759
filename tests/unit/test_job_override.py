"""Protects `job create --set`: values get their declared type, and what does not fit is refused by name."""

from pathlib import Path
from typing import Any

import pytest

from plumbline.assets import load_ml_pipelines, resolved_job
from plumbline.assets.definition import AssetDefinition
from plumbline.ops.errors import UsageError
from plumbline.ops.job.override import override_job, parse_overrides, set_raw

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def claims() -> tuple[dict[str, Any], tuple[AssetDefinition, ...]]:
    pipeline = load_ml_pipelines([ROOT / "pipelines" / "claims_release"], root=ROOT)[0]
    return resolved_job(pipeline), pipeline.components


def overridden(claims: Any, *words: str) -> dict[str, Any]:
    job, components = claims
    return override_job(job, parse_overrides(words), components)


def test_a_number_is_sent_in_the_form_of_its_type(claims: Any) -> None:
    assert overridden(claims, "inputs.alpha=1e-1")["inputs"]["alpha"] == "0.1"


def test_settings_are_typed(claims: Any) -> None:
    settings = overridden(claims, "settings.force_rerun=true", "settings.default_compute=gpu-cluster")[
        "settings"
    ]
    assert settings == {
        "force_rerun": True,
        "continue_on_step_failure": False,
        "default_compute": "azureml:gpu-cluster",
    }


def test_data_takes_an_exact_version(claims: Any) -> None:
    claims_input = overridden(claims, "inputs.claims=azureml:other_claims:3")["inputs"]["claims"]
    assert claims_input == {"type": "uri_folder", "path": "azureml:other_claims:3"}


def test_texts_tags_and_steps_can_be_set(claims: Any) -> None:
    job = overridden(
        claims, "display_name=Trial", "tags.team.name=a", "jobs.train.compute=gpu-cluster",
        "jobs.train.resources.instance_count=1", "jobs.train.inputs.alpha=2",
    )  # fmt: skip
    assert job["display_name"] == "Trial"
    assert job["tags"]["team.name"] == "a"
    assert job["jobs"]["train"]["compute"] == "azureml:gpu-cluster"
    assert job["jobs"]["train"]["resources"] == {"instance_count": 1}
    assert job["jobs"]["train"]["inputs"]["alpha"] == "2.0"


def test_the_definition_itself_stays_as_it_was(claims: Any) -> None:
    before = str(claims[0])
    overridden(claims, "inputs.alpha=1")
    assert str(claims[0]) == before


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("inputs.alpha=much", "a finite number"),
        ("inputs.alpha=1e6", "at most 10"),
        ("inputs.alpha=-1", "at least 0"),
        (
            "inputs.alpa=1",
            "one of the job's inputs: claims, thresholds, holdout_share, large_loss_cap, alpha",
        ),
        ("inputs.claims=azureml:claims_medical_expenditures@latest", "an exact version"),
        ("settings.force_rerun=perhaps", "true or false"),
        ("settings.default_datestore=x", "one of settings.force_rerun"),
        ("jobs.trian.compute=x", "one of the job's steps: validate, features, train, evaluate, gate"),
        ("jobs.train.component=azureml:other:1", "a component is changed in its file"),
        ("jobs.train.inputs.alhpa=1", "one of the step's inputs"),
        ("kind=x", "a field of the job"),
        ("inputs=x", "a name below it"),
    ],
)
def test_what_does_not_fit_is_refused(claims: Any, word: str, expected: str) -> None:
    with pytest.raises(UsageError, match="--set") as caught:
        overridden(claims, word)
    assert expected in str(caught.value)


def test_everything_that_does_not_fit_is_named_at_once(claims: Any) -> None:
    with pytest.raises(UsageError) as caught:
        overridden(claims, "inputs.alpha=x", "inputs.holdout_share=y", "tags=z")
    assert len(str(caught.value).splitlines()) == 3


def test_a_word_without_a_value_is_refused() -> None:
    with pytest.raises(UsageError, match=r"inputs\.alpha"):
        parse_overrides(["inputs.alpha"])


def test_an_anonymous_job_is_set_as_az_does() -> None:
    mapping: dict[str, Any] = {"inputs": {"a": 1}}
    set_raw(mapping, parse_overrides(["inputs.a=2", "settings.force_rerun=true", "display_name=Some words"]))
    assert mapping == {"inputs": {"a": 2}, "settings": {"force_rerun": True}, "display_name": "Some words"}
