"""Protects command jobs on schedules: read as azure-ai-ml reads them, one form with the REST body, refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plumbline.assets import MLPipeline, Reading, read_ml_pipelines, spec_from_rest

JOB = (
    "command: python clean.py --days ${{inputs.days}} --rows ${{inputs.rows}} --out ${{outputs.kept}}\n"
    "code: ./src\nenvironment: azureml:tools@latest\ncompute: azureml:cpu-cluster\nlimits: {timeout: 600}\n"
    "inputs:\n  days: 30\n  rows: {type: uri_folder, path: 'azureml://datastores/d/paths/rows'}\noutputs: {kept: }\n"
    "resources: {instance_count: 2, shm_size: 4g}\ndistribution: {type: pytorch, process_count_per_instance: 2}\n"
    "environment_variables: {LEVEL: debug}\nidentity: {type: managed}\n"
)
SCHEDULE = (
    "name: nightly\ntrigger: {type: cron, expression: '0 3 * * *', time_zone: UTC}\ncreate_job: ./clean.yml\n"
)
FILES = {
    "clean.yml": JOB,
    "schedule.yml": SCHEDULE,
    "environment.yml": "name: tools\nimage: mcr.example/base:1\n",
    "src/clean.py": "print(1)\n",
}


def _reading(root: Path, **changed: str | None) -> Reading:
    files = {**FILES, **{name.replace("__", "."): text for name, text in changed.items()}}
    for name, text in files.items():
        if text is not None:
            (root / "tidy" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "tidy" / name).write_text(text)
    return read_ml_pipelines([root / "tidy"], root=root)


def _loaded(root: Path, **changed: str | None) -> MLPipeline:
    reading = _reading(root, **changed)
    assert [str(problem) for problem in reading.errors] == []
    return reading.pipelines[0]


def _job(pipeline: MLPipeline) -> dict[str, Any]:
    assert pipeline.schedule is not None
    job: dict[str, Any] = pipeline.schedule.fields["create_job"]
    return job


def test_a_schedule_holds_the_job_whole_with_exact_versions_and_the_hash_of_its_code(tmp_path: Path) -> None:
    pipeline = _loaded(tmp_path)
    assert pipeline.schedule is not None
    assert pipeline.schedule.code_path == "tidy/src"
    assert [str(one) for one in pipeline.schedule.references] == [
        f"azureml:tools:{pipeline.environments[0].version}"
    ]
    job = _job(pipeline)
    assert job["code"].startswith("sha256:")
    assert (job["type"], job["experiment_name"], job["inputs"]["days"]) == ("command", "tidy", "30")
    assert pipeline.jobs == ()
    before = job["code"]
    assert _job(_loaded(tmp_path, **{"src/clean.py": "print(2)\n"}))["code"] != before


def test_the_rest_body_has_the_same_form(tmp_path: Path) -> None:
    """The form of the body: recorded, test_command_job_schedule 2023-10-30; words of resources and distribution: REST."""
    job = _job(_loaded(tmp_path))
    workspace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    body = {
        "jobType": "Command", "status": "NotStarted", "services": None, "componentId": None, "isArchived": False,
        "experimentName": "tidy", "computeId": f"{workspace}/computes/cpu-cluster", "command": job["command"],
        "codeId": f"{workspace}/codes/c/versions/1", "identity": {"identityType": "Managed"}, "tags": {},
        "environmentId": f"{workspace}/environments/tools/versions/{job['environment'].rpartition(':')[2]}",
        "environmentVariables": {"LEVEL": "debug"}, "limits": {"jobLimitsType": "Command", "timeout": "PT10M"},
        "inputs": {
            "days": {"jobInputType": "literal", "value": "30", "description": None},
            "rows": {"jobInputType": "uri_folder", "uri": "azureml://datastores/d/paths/rows", "description": None},
        },
        "outputs": {"kept": {"jobOutputType": "uri_folder", "uri": None, "assetName": None}},
        "resources": {"instanceCount": 2, "shmSize": "4g", "instanceType": None, "properties": None},
        "distribution": {"distributionType": "PyTorch", "processCountPerInstance": 2},
        "queueSettings": None, "parameters": None,
    }  # fmt: skip
    action = {"trigger": {}, "action": {"actionType": "CreateJob", "jobDefinition": body}}
    hashed = job["code"].removeprefix("sha256:")
    assert spec_from_rest("schedule", action, code_hash_of=lambda _: hashed)["create_job"] == job


def test_the_schedule_lays_its_own_values_over_the_job(tmp_path: Path) -> None:
    create = (
        "create_job:\n  type: command\n  job: ./clean.yml\n  inputs: {days: 7}\n  limits: {timeout: 60}\n"
    )
    job = _job(_loaded(tmp_path, schedule__yml=SCHEDULE.replace("create_job: ./clean.yml\n", create)))
    assert (job["inputs"]["days"], job["limits"]) == ("7", {"timeout": 60})


def test_a_job_that_no_schedule_starts_is_accounted_for(tmp_path: Path) -> None:
    pipeline = _loaded(tmp_path, schedule__yml=None)
    assert list(pipeline.left_out) == ["clean.yml"]
    assert "plumbline job create --file FILE --anonymous" in pipeline.left_out["clean.yml"]


def test_a_folder_with_nothing_but_such_a_job_is_not_called_fine(tmp_path: Path) -> None:
    reading = _reading(
        tmp_path,
        schedule__yml=None,
        environment__yml=None,
        clean__yml="command: echo\nenvironment: azureml:a:1\n",
    )
    assert ["no definition in 1 YAML file" in problem.got for problem in reading.errors] == [True]


def test_an_inline_environment_and_local_data_become_assets_of_the_job(tmp_path: Path) -> None:
    job = JOB.replace("azureml:tools@latest", "{image: 'mcr.example/base:2'}").replace(
        "'azureml://datastores/d/paths/rows'", "./src"
    )
    names = [(asset.kind, asset.name) for asset in _loaded(tmp_path, clean__yml=job).assets]
    assert ("environment", "tidy_clean") in names
    assert ("data", "tidy_clean_rows") in names


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("clean.yml", "days: 30", "days: ${{parent.inputs.days}}", "clean.yml:7: inputs.days"),
        ("clean.yml", "${{inputs.days}}", "${{inputs.dais}}", "clean.yml:1: command"),
        ("clean.yml", "./src", "./sources", "clean.yml:2: code"),
        ("clean.yml", "azureml:cpu-cluster", "local", "clean.yml:4: compute"),
        (
            "schedule.yml",
            "./clean.yml",
            "{type: pipeline, job: ./clean.yml}",
            "schedule.yml:3: create_job.type",
        ),
        (
            "schedule.yml",
            "./clean.yml",
            "{job: ./clean.yml, settings: {force_rerun: true}}",
            "create_job.settings",
        ),
        ("schedule.yml", "./clean.yml", "{job: ./clean.yml, inputs: {hours: 3}}", "create_job.inputs.hours"),
    ],
)
def test_what_cannot_be_is_refused_with_file_and_line(
    tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    changed = FILES[file].replace(old, new, 1)
    found = [str(problem) for problem in _reading(tmp_path, **{file: changed}).errors]
    assert len(found) == 1
    assert said in found[0]


def test_services_and_a_name_are_said_and_never_sent(tmp_path: Path) -> None:
    plain = _job(_loaded(tmp_path))
    job = f"$schema: x/commandJob.schema.json\nname: once\nservices: {{a: {{type: ssh}}}}\n{JOB}"
    pipeline = _loaded(tmp_path, clean__yml=job)
    assert _job(pipeline) == plain
    assert sorted(problem.field for problem in pipeline.warnings) == ["name", "services"]


def test_a_release_stays_a_pipelines(tmp_path: Path) -> None:
    """Its gate is a step; a command job has none."""
    release = "pipeline: tidy\nowner: team\n"
    found = [str(problem) for problem in _reading(tmp_path, release__yml=release).errors]
    assert any("create_job: got a command job in the folder of a release" in line for line in found)
