"""Protects people from files that nobody read: every YAML file of a folder is read, or named with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.assets import DefinitionErrors, load_ml_pipelines, read_ml_pipelines

ENVIRONMENT = "name: plain\nimage: mcr.example/base:1\n"
COMPONENT = "name: {name}\ntype: command\ncommand: 'true'\nenvironment: azureml:plain@latest\n"


def _folder(tmp_path: Path, files: dict[str, str]) -> Path:
    folder = tmp_path / "pipelines" / "case"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _errors(tmp_path: Path, files: dict[str, str]) -> list[str]:
    with pytest.raises(DefinitionErrors) as caught:
        load_ml_pipelines([_folder(tmp_path, files)], root=tmp_path)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("place", ["steps/clean.yml", "components/score/score.yml", "deep/er/still/one.yaml"])
def test_a_component_is_registered_wherever_it_lies(tmp_path: Path, place: str) -> None:
    folder = _folder(tmp_path, {"environment.yml": ENVIRONMENT, place: COMPONENT.format(name="clean")})
    (pipeline,) = load_ml_pipelines([folder], root=tmp_path)
    assert [one.name for one in pipeline.components] == ["clean"]


def test_a_broken_definition_outside_the_known_folders_is_named(tmp_path: Path) -> None:
    broken = COMPONENT.format(name="clean").replace("command: 'true'", "comand: 'true'")
    said = _errors(tmp_path, {"environment.yml": ENVIRONMENT, "steps/clean.yml": broken})
    assert any(
        line.startswith('pipelines/case/steps/clean.yml:3: comand: got the unknown key "comand"')
        for line in said
    )


def test_yaml_in_code_and_data_is_content(tmp_path: Path) -> None:
    component = COMPONENT.format(name="clean") + "code: ./src\n"
    folder = _folder(
        tmp_path,
        {
            "environment.yml": ENVIRONMENT,
            "components/clean/component.yml": component,
            "components/clean/src/config.yml": "command: not a component\nx: [",
            "data/rows.yml": "name: rows\ntype: uri_folder\npath: ../rows\n",
            "rows/table.yml": "jobs: {}\n",
        },
    )
    (pipeline,) = load_ml_pipelines([folder], root=tmp_path)
    assert (len(pipeline.assets), pipeline.left_out) == (3, {})


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("on: push\njobs: {build: {}}\n", "a GitHub Actions workflow"),
        ("trigger: none\npool: {vmImage: x}\nsteps: []\n", "an Azure DevOps pipeline"),
        ("artifact_path: model\nflavors: {}\n", "an MLflow model's description"),
        ("services: {web: {}}\n", "a Docker Compose file"),
        ("anything: else\n", "no definition that Azure ML has"),
        ("name: c\ntype: amlcompute\n", "a compute: the platform's program makes those"),
        ("name: d\ntype: azure_blob\n", "a datastore: the platform's program makes those"),
        (
            "name: b\nendpoint_name: e\ntype: pipeline\ncomponent: azureml:c:1\n",
            "a deployment of an endpoint",
        ),
        (
            "name: m\ntrigger: {type: cron}\ncreate_monitor: {compute: {}}\n",
            "a model monitor, which is not carried: make it with az ml schedule create --file FILE",
        ),
        (
            "type: sweep\ntrial: {command: 'true'}\n",
            "a sweep job, which no schedule starts: submit it with az ml job create --file FILE",
        ),
        (
            "type: spark\ncode: ./src\nentry: {file: a.py}\n",
            "a Spark job, which no schedule starts: submit it with az ml job create --file FILE",
        ),
    ],
)
def test_what_another_tool_reads_is_named(tmp_path: Path, text: str, what: str) -> None:
    folder = _folder(tmp_path, {"environment.yml": ENVIRONMENT, "other/file.yml": text})
    (pipeline,) = load_ml_pipelines([folder], root=tmp_path)
    assert pipeline.left_out == {"other/file.yml": what}


def test_the_output_called_artifacts_needs_no_mention_in_the_command(tmp_path: Path) -> None:
    component = (
        COMPONENT.format(name="write")
        + "outputs: {artifacts: {type: uri_folder}, other: {type: uri_folder}}\n"
    )
    folder = _folder(tmp_path, {"environment.yml": ENVIRONMENT, "components/write/component.yml": component})
    warnings = [str(one) for one in read_ml_pipelines([folder], root=tmp_path).problems]
    assert [line for line in warnings if "never names" in line and "outputs.artifacts" in line] == []
    assert any("outputs.other" in line for line in warnings)


def test_a_folder_of_which_nothing_was_read_is_not_called_fine(tmp_path: Path) -> None:
    said = _errors(tmp_path, {"ci.yml": "anything: else\n"})
    assert said[0].startswith(
        "pipelines/case: got no definition in 1 YAML file (ci.yml: no definition that Azure ML has)"
    )


def test_a_pipeline_job_without_jobs_is_read_as_one(tmp_path: Path) -> None:
    said = _errors(
        tmp_path,
        {"environment.yml": ENVIRONMENT, "whole.yml": "type: pipeline\ncomponent: azureml:whole:1\n"},
    )
    assert any(line.startswith("pipelines/case/whole.yml:") and "component" in line for line in said)


def test_two_steps_that_write_one_output_are_refused(tmp_path: Path) -> None:
    component = COMPONENT.format(name="write") + "outputs: {out: {type: uri_folder}}\n"
    step = "{{component: ./components/write/component.yml, outputs: {{out: '${{{{parent.outputs.both}}}}'}}}}"
    job = f"type: pipeline\nsettings: {{default_compute: azureml:cpu-cluster}}\noutputs: {{both: {{type: uri_folder}}}}\njobs:\n  first: {step.format()}\n  second: {step.format()}\n"
    said = _errors(
        tmp_path,
        {"environment.yml": ENVIRONMENT, "components/write/component.yml": component, "pipeline.yml": job},
    )
    assert said[0].startswith(
        "pipelines/case/pipeline.yml:6: jobs.second.outputs.out: got a binding to parent.outputs.both, which first writes too"
    )


def _job(component: str = "./clean.yml") -> str:
    return (
        "type: pipeline\nsettings: {default_compute: azureml:cpu-cluster}\n"
        f"jobs: {{clean: {{component: {component}}}}}\n"
    )


def _schedule(name: str, job: str) -> str:
    return (
        f'name: {name}\ntrigger: {{type: cron, expression: "0 6 * * 1", time_zone: UTC}}\ncreate_job: {job}\n'
    )


SEVERAL = {
    "environment.yml": ENVIRONMENT,
    "clean.yml": COMPONENT.format(name="clean"),
    "pipeline-nightly.yml": _job(),
    "pipeline.yml": _job(),
    "nightly.yml": _schedule("nightly", "./pipeline-nightly.yml"),
    "schedule.yml": _schedule("weekly", "./pipeline.yml"),
}


def test_several_pipelines_and_schedules_of_a_folder_are_all_there(tmp_path: Path) -> None:
    (pipeline,) = load_ml_pipelines([_folder(tmp_path, SEVERAL)], root=tmp_path)
    assert [job.source.rpartition("/")[2] for job in pipeline.jobs] == [
        "pipeline.yml",
        "pipeline-nightly.yml",
    ]
    assert [schedule.name for schedule in pipeline.schedules] == ["weekly", "nightly"]
    led = pipeline.led_by("pipelines/case/pipeline-nightly.yml")
    assert led is not None
    assert led.job_source == "pipelines/case/pipeline-nightly.yml"
    assert pipeline.led_by("pipelines/case/clean.yml") is None


def test_two_schedules_of_one_name_in_a_folder_are_refused(tmp_path: Path) -> None:
    said = _errors(tmp_path, {**SEVERAL, "nightly.yml": _schedule("weekly", "./pipeline-nightly.yml")})
    (line,) = said
    assert line.startswith(
        'pipelines/case/schedule.yml:1: name: got "weekly", the name of pipelines/case/nightly.yml'
    )


def test_one_bad_file_does_not_hide_what_the_others_hold(tmp_path: Path) -> None:
    folder = _folder(tmp_path, {**SEVERAL, "pipeline-nightly.yml": _job("./gone.yml")})
    reading = read_ml_pipelines([folder], root=tmp_path)
    assert [problem.file for problem in reading.errors] == ["pipelines/case/pipeline-nightly.yml"]
    (pipeline,) = reading.pipelines
    assert [job.source for job in pipeline.jobs] == ["pipelines/case/pipeline.yml"]
    assert [asset.name for asset in pipeline.assets] == ["plain", "clean"]
