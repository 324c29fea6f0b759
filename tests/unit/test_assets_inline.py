"""Protects what stands inside a job or component: it becomes a named, content-addressed asset of the pipeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plumbline.assets import AssetDefinition, DefinitionErrors, MLPipeline, load_ml_pipelines

JOB = """\
type: pipeline
settings: {default_compute: azureml:cpu-cluster}
inputs:
  rows: {type: uri_folder, path: ./rows}
  rate: 0.2
outputs:
  score: {type: uri_file}
jobs:
  clean:
    command: python clean.py --rows ${{inputs.rows}} --out ${{outputs.clean}} --mode ${{inputs.mode}}
    code: ./src
    environment: {image: "mcr.example/base:1", conda_file: ./conda.yml}
    inputs: {rows: "${{parent.inputs.rows}}", mode: quick}
    outputs: {clean: }
  score:
    type: command
    command: python score.py ${{inputs.clean}} ${{inputs.rate}} ${{inputs.more}} ${{outputs.score}}
    environment: {image: "mcr.example/base:1"}
    inputs:
      clean: ${{parent.jobs.clean.outputs.clean}}
      rate: ${{parent.inputs.rate}}
      more: {type: uri_file, path: ./more.csv}
    outputs: {score: "${{parent.outputs.score}}"}
    resources: {instance_count: 2}
"""
FILES = {
    "pipeline.yml": JOB,
    "conda.yml": "channels: [conda-forge]\ndependencies: [python=3.11]\n",
    "src/clean.py": "print(1)\n",
    "rows/a.csv": "a\n1\n",
    "more.csv": "b\n2\n",
}


def _write(tmp_path: Path, files: dict[str, str]) -> Path:
    folder = tmp_path / "pipelines" / "spend"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _load(tmp_path: Path, **changed: str) -> MLPipeline:
    (pipeline,) = load_ml_pipelines([_write(tmp_path, {**FILES, **changed})], root=tmp_path)
    return pipeline


def _named(pipeline: MLPipeline) -> dict[tuple[str, str], AssetDefinition]:
    return {(asset.kind, asset.name): asset for asset in pipeline.assets}


def test_steps_environments_and_local_data_become_assets_of_the_pipeline(tmp_path: Path) -> None:
    pipeline = _load(tmp_path)
    found = _named(pipeline)
    assert sorted(found) == [
        ("component", "spend_clean"),
        ("component", "spend_score"),
        ("data", "spend_rows"),
        ("data", "spend_score_more"),
        ("environment", "spend_clean"),
        ("environment", "spend_score"),
    ]
    assert found["component", "spend_clean"].inline == "jobs.clean"
    assert found["environment", "spend_clean"].inline == "jobs.clean.environment"
    assert found["data", "spend_rows"].inline == "inputs.rows"
    assert all(asset.version.startswith("h1") for asset in pipeline.assets)


def test_the_job_points_to_their_exact_versions(tmp_path: Path) -> None:
    pipeline = _load(tmp_path)
    found = _named(pipeline)
    assert pipeline.job is not None
    score = pipeline.job["jobs"]["score"]
    assert score == {
        "type": "command",
        "component": f"azureml:{found['component', 'spend_score'].reference}",
        "inputs": {
            "clean": "${{parent.jobs.clean.outputs.clean}}",
            "rate": "${{parent.inputs.rate}}",
            "more": {"type": "uri_file", "path": f"azureml:{found['data', 'spend_score_more'].reference}"},
        },
        "outputs": {"score": "${{parent.outputs.score}}"},
        "resources": {"instance_count": 2},
    }
    assert pipeline.job["inputs"]["rows"]["path"] == f"azureml:{found['data', 'spend_rows'].reference}"


def test_types_follow_from_values_and_bindings(tmp_path: Path) -> None:
    found = _named(_load(tmp_path))
    score = found["component", "spend_score"].fields
    assert score["inputs"] == {
        "clean": {"type": "uri_folder"},
        "more": {"type": "uri_file"},
        "rate": {"type": "number"},
    }
    assert score["outputs"] == {"score": {"type": "uri_file"}}
    clean = found["component", "spend_clean"].fields
    assert clean["inputs"] == {"mode": {"type": "string"}, "rows": {"type": "uri_folder"}}


def test_a_literal_of_an_inline_step_changes_no_version(tmp_path: Path) -> None:
    first = _named(_load(tmp_path))["component", "spend_clean"]
    second = _named(_load(tmp_path, **{"pipeline.yml": JOB.replace("mode: quick", "mode: slow")}))
    assert second["component", "spend_clean"].version == first.version


def test_a_job_of_another_file_has_the_files_name_in_its_parts(tmp_path: Path) -> None:
    other = JOB.replace("python clean.py", "python other.py")
    names = {asset.name for asset in _load(tmp_path, **{"pipeline-quick.yml": other}).components}
    assert names == {
        "spend_clean",
        "spend_score",
        "spend_pipeline_quick_clean",
        "spend_pipeline_quick_score",
    }


def test_problems_of_an_inline_step_name_the_jobs_own_line(tmp_path: Path) -> None:
    broken = JOB.replace("${{inputs.more}}", "${{inputs.moer}}").replace("./conda.yml", "./gone.yml")
    with pytest.raises(DefinitionErrors) as caught:
        _load(tmp_path, **{"pipeline.yml": broken})
    said = [str(problem).partition(", expected")[0] for problem in caught.value.problems]
    assert said == [
        'pipelines/spend/pipeline.yml:12: jobs.clean.environment.conda_file: got no file at "./gone.yml"',
        "pipelines/spend/pipeline.yml:17: jobs.score.command: got ${{inputs.moer}}",
    ]


def test_a_component_that_stands_in_the_job_is_registered(tmp_path: Path) -> None:
    component = {
        "name": "say",
        "command": "echo ${{inputs.word}}",
        "environment": "azureml://registries/azureml/environments/sklearn-1.5/versions/35",
        "inputs": {"word": {"type": "string"}},
    }
    job = (
        "type: pipeline\nsettings: {default_compute: serverless}\njobs:\n  say:\n    inputs: {word: hi}\n"
        f"    component: {json.dumps(component)}\n"
    )
    pipeline = _load(tmp_path, **{"pipeline.yml": job})
    assert [(asset.kind, asset.name, asset.inline) for asset in pipeline.assets] == [
        ("component", "say", "jobs.say.component")
    ]


def test_a_pipeline_inside_a_pipeline_is_a_component_over_its_steps(tmp_path: Path) -> None:
    job = """\
type: pipeline
settings: {default_compute: azureml:cpu-cluster}
inputs: {rows: {type: uri_folder, path: ./rows}}
jobs:
  outer:
    type: pipeline
    inputs: {rows: "${{parent.inputs.rows}}", rate: 3}
    outputs: {out: {type: uri_folder}}
    jobs:
      inner:
        command: cp -r ${{inputs.rows}} ${{outputs.out}} ${{inputs.rate}}
        environment: azureml://registries/azureml/environments/sklearn-1.5/versions/35
        inputs: {rows: "${{parent.inputs.rows}}", rate: "${{parent.inputs.rate}}"}
        outputs: {out: "${{parent.outputs.out}}"}
"""
    pipeline = _load(tmp_path, **{"pipeline.yml": job})
    assert [asset.name for asset in pipeline.components] == ["spend_outer_inner", "spend_outer"]
    outer: dict[str, Any] = pipeline.components[1].fields
    assert outer["inputs"]["rate"] == {"type": "integer"}
    assert outer["jobs"]["inner"]["component"] == f"azureml:{pipeline.components[0].reference}"


def test_an_environment_inside_a_component_has_the_components_name(tmp_path: Path) -> None:
    component = "name: say\ncommand: echo\nenvironment: {image: 'mcr.example/base:1'}\n"
    job = "type: pipeline\nsettings: {default_compute: azureml:c1}\njobs: {say: {component: ./say.yml}}\n"
    pipeline = _load(tmp_path, **{"pipeline.yml": job, "say.yml": component})
    assert [(asset.kind, asset.name) for asset in pipeline.assets] == [
        ("environment", "say"),
        ("component", "say"),
    ]


def test_a_components_environment_variables_go_to_each_step(tmp_path: Path) -> None:
    component = (
        "name: say\ncommand: echo\nenvironment: {image: 'mcr.example/base:1'}\n"
        "environment_variables: {LEVEL: info, MODE: a}\n"
    )
    job = (
        "type: pipeline\nsettings: {default_compute: azureml:c1}\n"
        "jobs: {say: {component: ./say.yml, environment_variables: {MODE: b}}}\n"
    )
    pipeline = _load(tmp_path, **{"pipeline.yml": job, "say.yml": component})
    assert pipeline.job is not None
    assert pipeline.job["jobs"]["say"]["environment_variables"] == {"LEVEL": "info", "MODE": "b"}
    assert "environment_variables" not in pipeline.components[0].fields


def test_an_inline_name_that_a_file_has_with_other_content_is_refused(tmp_path: Path) -> None:
    taken = "name: spend_clean\ncommand: echo\nenvironment: {image: 'mcr.example/base:1'}\n"
    with pytest.raises(DefinitionErrors, match=r'jobs.clean: got "spend_clean" with other content than'):
        _load(tmp_path, **{"taken.yml": taken})


@pytest.mark.parametrize(
    ("written", "taken"), [("on", "True"), ("NO", "False"), ("010", "8"), ("12:30:00", "45000")]
)
def test_a_literal_that_yaml_changes_is_refused_in_an_inline_step_too(
    written: str, taken: str, tmp_path: Path
) -> None:
    with pytest.raises(DefinitionErrors) as caught:
        _load(tmp_path, **{"pipeline.yml": JOB.replace("mode: quick", f"mode: {written}")})
    (problem,) = caught.value.problems
    assert f"jobs.clean.inputs.mode: got {written}, which YAML takes for {taken}" in str(problem)
