"""Protects what people have: shapes of definitions that public repositories write, each in our own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.assets import MLPipeline, Reading, read_ml_pipelines

BASE = "azureml://registries/azureml/environments/sklearn-1.5/versions/3"
HEAD = "type: pipeline\nsettings: {default_compute: azureml:cpu-cluster}\n"


def _reading(root: Path, files: dict[str, str]) -> Reading:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_ml_pipelines([root / "ml" / "train"], root=root)


def _loaded(root: Path, files: dict[str, str]) -> MLPipeline:
    reading = _reading(root, files)
    assert [str(problem) for problem in reading.errors] == []
    return reading.pipelines[0]


def test_code_and_data_beside_the_definitions_folder(tmp_path: Path) -> None:
    """Templates keep code in one folder of the repository and definitions in another."""
    job = (
        f"{HEAD}inputs:\n  table: {{type: uri_folder, path: azureml:taxi-table@latest}}\n  watched: 'false'\n"
        "outputs: {kept: }\njobs:\n  prepare:\n    name: prepare\n    display_name: prepare-data\n"
        "    code: ../../science/src\n    command: python a.py ${{inputs.table}} ${{inputs.watched}} ${{outputs.kept}}\n"
        "    environment: azureml:taxi-env@latest\n"
        "    inputs: {table: '${{parent.inputs.table}}', watched: '${{parent.inputs.watched}}'}\n"
        "    outputs: {kept: '${{parent.outputs.kept}}'}\n"
    )
    pipeline = _loaded(
        tmp_path,
        {
            "ml/train/pipeline.yml": job,
            "ml/train/data.yml": "name: taxi-table\ntype: uri_file\npath: ../../data/taxi.csv\n",
            "ml/train/train-env.yml": "name: taxi-env\nimage: mcr.example/base:1\nconda_file: ../../science/conda.yml\n",
            "science/src/a.py": "print(1)\n",
            "science/conda.yml": "dependencies: [python=3.11]\n",
            "data/taxi.csv": "a\n",
        },
    )
    assert [(asset.kind, asset.name) for asset in pipeline.assets] == [
        ("environment", "taxi-env"),
        ("data", "taxi-table"),
        ("component", "train_prepare"),
    ]


def test_the_jobs_name_within_a_datastores_path(tmp_path: Path) -> None:
    job = (
        f"{HEAD}outputs: {{out: {{path: 'azureml://datastores/d/paths/${{{{name}}}}'}}}}\njobs:\n  copy:\n"
        f"    command: cp -r ${{{{inputs.rows}}}} ${{{{outputs.out}}}}\n    environment: {BASE}\n"
        "    inputs: {rows: {type: uri_folder, path: 'azureml://datastores/d/paths/${{name}}/rows', mode: ro_mount}}\n"
        "    outputs: {out: '${{parent.outputs.out}}'}\n"
    )
    assert _loaded(tmp_path, {"ml/train/pipeline.yml": job}).job


def test_schedules_beside_one_job_with_settings_and_inputs_of_their_own(tmp_path: Path) -> None:
    job = (
        "type: pipeline\ncompute: azureml:cpu-cluster\ninputs: {word: hello}\njobs:\n  say:\n"
        f"    command: echo ${{{{inputs.word}}}}\n    environment: {BASE}\n    inputs: {{word: '${{{{parent.inputs.word}}}}'}}\n"
    )
    head = "trigger: {type: cron, expression: '0 * * * *', start_time: '2022-07-10T10:00:00', time_zone: Pacific Standard Time}\n"
    pipeline = _loaded(
        tmp_path,
        {
            "ml/train/simple-job.yml": job,
            "ml/train/hourly.yml": f"name: hourly\n{head}create_job: ./simple-job.yml\n",
            "ml/train/hourly-with-settings.yml": f"name: hourly_with_settings\n{head}create_job:\n  type: pipeline\n"
            "  job: ./simple-job.yml\n  settings: {continue_on_step_failure: true}\n  inputs: {word: '${{name}}'}\n",
        },
    )
    found = {schedule.name: schedule.fields["create_job"]["inputs"] for schedule in pipeline.schedules}
    assert found == {"hourly": {"word": "hello"}, "hourly_with_settings": {"word": "${{name}}"}}
    assert [asset.name for asset in pipeline.components] == ["train_simple_job_say"]


def test_a_compute_that_an_input_names(tmp_path: Path) -> None:
    inner = (
        "name: inner\ntype: pipeline\ninputs: {node: {type: string}}\njobs:\n  say:\n    command: echo\n"
        f"    environment: {BASE}\n    compute: ${{{{parent.inputs.node}}}}\n"
    )
    job = f"{HEAD}inputs: {{node: cpu-cluster}}\njobs:\n  inner: {{type: pipeline, component: ./inner.yml, inputs: {{node: '${{{{parent.inputs.node}}}}'}}}}\n"
    assert _loaded(tmp_path, {"ml/train/pipeline.yml": job, "ml/train/inner.yml": inner}).job


def test_a_sweep_over_a_component_file_with_defaults_of_its_own(tmp_path: Path) -> None:
    trial = (
        "name: fit\nversion: 1\ntype: command\ncommand: echo ${{inputs.rows}} ${{inputs.rate}} ${{inputs.tol}} ${{inputs.kind}}\n"
        f"environment: {BASE}\ninputs:\n  rows: {{type: uri_folder}}\n  rate: {{type: number, default: 1.0}}\n"
        "  tol: {type: number, default: 1e-3}\n  kind: {type: string, default: rbf}\n"
    )
    job = (
        f"{HEAD}jobs:\n  search:\n    type: sweep\n    trial: ./fit.yml\n    sampling_algorithm: random\n"
        "    inputs: {rows: {type: uri_file, path: 'wasbs://c@example.blob.core.windows.net/a.csv'}, tol: 0.01}\n"
        "    search_space: {rate: {type: uniform, min_value: 0.5, max_value: 0.9}, kind: {type: choice, values: [rbf, poly]}}\n"
        "    objective: {goal: minimize, primary_metric: loss}\n    limits: {max_total_trials: 5, timeout: 7200}\n"
    )
    pipeline = _loaded(tmp_path, {"ml/train/pipeline.yml": job, "ml/train/fit.yml": trial})
    assert pipeline.job is not None
    assert pipeline.job["jobs"]["search"]["trial"] == "azureml:fit:1"


def test_an_inline_environments_own_name_and_version_count_for_nothing(tmp_path: Path) -> None:
    job = (
        f"{HEAD}jobs:\n  say:\n    command: echo\n"
        "    environment: {name: shared, version: 1, image: 'mcr.example/base:1'}\n"
    )
    (environment, _) = _loaded(tmp_path, {"ml/train/pipeline.yml": job}).assets
    assert (environment.name, environment.declared_version) == ("train_say", None)


@pytest.mark.parametrize(
    ("file", "text", "field"),
    [
        (
            "pipeline.yml",
            f"{HEAD}jobs:\n  say: {{command: echo, environment: '{BASE}', services: {{a: {{type: ssh}}}}}}\n",
            "jobs.say.services",
        ),
        (
            "pipeline.yml",
            f"name: once\n{HEAD}jobs:\n  say: {{command: echo, environment: '{BASE}'}}\n",
            "name",
        ),
        (
            "fit.yml",
            f"name: fit\ncompute: azureml:gpu-cluster\ncommand: echo\nenvironment: {BASE}\n",
            "compute",
        ),
        (
            "pipeline.yml",
            (
                f"{HEAD}jobs:\n  score:\n    type: parallel\n    input_data: ${{{{inputs.rows}}}}\n"
                "    inputs: {rows: {type: uri_folder, path: 'azureml://datastores/d/paths/r'}}\n    mini_batch_size: 10kb\n"
                f"    task: {{type: function, entry_script: a.py, args: --quick, environment: '{BASE}'}}\n"
            ),
            "jobs.score.task.args",
        ),
    ],
)
def test_a_key_that_counts_for_nothing_is_a_warning(tmp_path: Path, file: str, text: str, field: str) -> None:
    reading = _reading(tmp_path, {f"ml/train/{file}": text})
    assert [problem.field for problem in reading.problems if "it left out" in problem.expected] == [field]
    assert reading.errors == ()


SCHEMA = "$schema: https://azuremlschemas.azureedge.net/latest/{}.schema.json\n"


@pytest.mark.parametrize(
    ("schema", "text", "kind"),
    [
        ("model", "name: fit\npath: ./kept\n", "model"),
        ("data", "name: rows\npath: ./kept\n", "data"),
        (
            "pipelineComponent",
            f"name: inner\njobs:\n  say: {{command: echo, environment: '{BASE}'}}\n",
            "component",
        ),
    ],
)
def test_the_schema_tells_what_the_content_does_not(
    tmp_path: Path, schema: str, text: str, kind: str
) -> None:
    files = {"ml/train/asset.yml": SCHEMA.format(schema) + text, "ml/train/kept/a.csv": "a\n"}
    assert _loaded(tmp_path, files).assets[-1].kind == kind


def test_a_job_with_a_name_is_told_from_a_component_by_its_schema(tmp_path: Path) -> None:
    job = f"name: once\njobs:\n  say: {{command: echo, environment: '{BASE}', compute: 'azureml:c1'}}\n"
    assert _loaded(tmp_path, {"ml/train/job.yml": SCHEMA.format("pipelineJob") + job}).job is not None
    (component,) = (
        asset
        for asset in _loaded(tmp_path, {"ml/train/job.yml": f"type: pipeline\n{job}"}).assets
        if asset.name == "once"
    )
    assert component.kind == "component"


def test_a_path_without_a_type_is_named(tmp_path: Path) -> None:
    pipeline = _loaded(
        tmp_path,
        {"ml/train/what.yml": "name: fit\npath: ./a\n", "ml/train/env.yml": "name: e\nimage: a/b:1\n"},
    )
    assert "add its type" in pipeline.left_out["what.yml"]


def test_what_only_a_step_of_another_kind_takes_is_not_called_unused(tmp_path: Path) -> None:
    job = (
        f"{HEAD}inputs:\n  rows: {{type: mltable, path: 'azureml://datastores/d/paths/r'}}\n"
        "outputs: {best: {type: mlflow_model}}\n"
        "jobs:\n  fit:\n    type: automl\n    task: regression\n    target_column_name: y\n"
        "    training_data: ${{parent.inputs.rows}}\n    outputs: {best_model: '${{parent.outputs.best}}'}\n"
    )
    reading = _reading(tmp_path, {"ml/train/pipeline.yml": job})
    assert [problem.field for problem in reading.problems] == ["jobs.fit.type"]


@pytest.mark.parametrize(
    ("held", "text"),
    [
        ("prompt flow", "inputs: {q: {type: string}}\noutputs: {a: {type: string}}\nnodes: []\n"),
        ("run of a prompt flow", "flow: ./flow\ncolumn_mapping: {q: q}\n"),
        ("no definition that Azure ML has", "colour: blue\n"),
    ],
)
def test_a_step_that_names_another_file_is_told_what_the_file_is(
    tmp_path: Path, held: str, text: str
) -> None:
    job = f"{HEAD}jobs:\n  ask:\n    type: command\n    component: ./other.yml\n"
    reading = _reading(tmp_path, {"ml/train/pipeline.yml": job, "ml/train/other.yml": text})
    (said,) = [problem for problem in reading.errors if problem.field == "jobs.ask.component"]
    assert held in str(said)
    assert "kind other" not in str(said)


def test_a_value_in_a_mapping_is_refused_by_name(tmp_path: Path) -> None:
    job = (
        f"{HEAD}inputs: {{rate: {{value: 0.00005}}}}\njobs:\n  say:\n    command: echo ${{{{inputs.rate}}}}\n"
        f"    environment: {BASE}\n    inputs: {{rate: '${{{{parent.inputs.rate}}}}'}}\n"
    )
    (said,) = _reading(tmp_path, {"ml/train/pipeline.yml": job}).errors
    assert said.field == "inputs.rate.value"
    assert "0.00005 becomes 0" in str(said)


def test_variables_of_a_parallel_component_reach_the_steps_that_run_it(tmp_path: Path) -> None:
    component = (
        "name: score\ntype: parallel\ninputs: {rows: {type: uri_folder}}\ninput_data: ${{inputs.rows}}\n"
        "mini_batch_size: '1'\nenvironment_variables: {LEVEL: debug, PLACE: here}\n"
        f"task: {{type: run_function, code: ./src, entry_script: a.py, environment: '{BASE}'}}\n"
    )
    job = (
        f"{HEAD}jobs:\n  say:\n    type: parallel\n    component: ./score.yml\n"
        "    environment_variables: {PLACE: there}\n"
        "    inputs: {rows: {type: uri_folder, path: 'azureml://datastores/d/paths/r'}}\n"
    )
    files = {"ml/train/pipeline.yml": job, "ml/train/score.yml": component, "ml/train/src/a.py": "\n"}
    pipeline = _loaded(tmp_path, files)
    assert pipeline.job is not None
    assert pipeline.job["jobs"]["say"]["environment_variables"] == {"LEVEL": "debug", "PLACE": "there"}
    (score,) = pipeline.assets
    assert "environment_variables" not in score.fields


def test_the_word_of_azure_ai_ml_for_a_jobs_own_token(tmp_path: Path) -> None:
    job = f"{HEAD}jobs:\n  say: {{command: echo, environment: '{BASE}', identity: {{type: %s}}}}\n"
    assert _reading(tmp_path, {"ml/train/pipeline.yml": job % "aml_token"}).errors == ()
    (said,) = _reading(tmp_path, {"ml/train/pipeline.yml": job % "amltoken"}).errors
    assert said.field == "jobs.say.identity.type"
    assert '"aml_token"' in str(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("amlModuleIdentifier: {moduleName: old}\ninputs: []\n", "a module of the SDK before version 2"),
        (
            f"command: echo\nenvironment: {BASE}\ncompute: azureml:c1\n",
            "a command job that no schedule starts",
        ),
    ],
)
def test_a_folder_with_a_conda_file_and_nothing_that_is_read_is_no_success(
    tmp_path: Path, text: str, said: str
) -> None:
    files = {"ml/train/what.yml": text, "ml/train/conda.yml": "dependencies: [python=3.11]\n"}
    (problem,) = _reading(tmp_path, files).errors
    assert problem.got.startswith("no definition in 2 YAML files")
    assert said in problem.got
    assert "conda.yml: a conda file" in problem.got


def test_a_parallel_component_may_take_every_node(tmp_path: Path) -> None:
    component = "name: score\ntype: {kind}\nresources: {{instance_count: -1}}\n{rest}"
    parallel = (
        "inputs: {rows: {type: uri_folder}}\ninput_data: ${{inputs.rows}}\nmini_batch_size: '1'\n"
        f"task: {{type: run_function, code: ./src, entry_script: a.py, environment: '{BASE}'}}\n"
    )
    files = {
        "ml/train/score.yml": component.format(kind="parallel", rest=parallel),
        "ml/train/src/a.py": "\n",
    }
    assert _reading(tmp_path, files).errors == ()
    command = component.format(kind="command", rest=f"command: echo\nenvironment: {BASE}\n")
    (said,) = _reading(tmp_path, {"ml/train/score.yml": command}).errors
    assert said.field == "resources.instance_count"
