"""Protects what `job create` runs: what is written here and registered, or nothing is submitted and all reasons are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project_copy import ProjectCopy

FOLDER = Path("pipelines/claims_release")
FILE = str(FOLDER / "pipeline.yml")


@pytest.fixture
def edited(platform: ProjectCopy) -> Iterator[ProjectCopy]:
    """The platform's project, to be edited; every definition is put back afterwards."""
    kept = {path: path.read_bytes() for path in (platform.root / FOLDER).rglob("*") if path.is_file()}
    platform.control("DELETE", "requests")
    yield platform
    for path in (platform.root / FOLDER).rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)


def refused(project: ProjectCopy, *words: str, code: int = 1) -> str:
    """What a command that is refused says; nothing may have been written, and nothing printed as an answer."""
    answer = project.plumbline("job", *words, check=False)
    assert answer.returncode == code, answer.stdout + answer.stderr
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr
    assert project.writes() == []
    return answer.stderr


def create(project: ProjectCopy, *words: str, code: int = 1) -> str:
    return refused(project, "create", "--file", FILE, "--stack", "local", *words, code=code)


def test_code_that_is_not_registered_is_refused_with_every_asset_that_misses(edited: ProjectCopy) -> None:
    for step in ("train", "evaluate"):
        script = edited.root / FOLDER / "components" / step / "src" / f"{step}.py"
        script.write_text(script.read_text() + "# one line more\n")
    said = create(edited)
    lines = said.splitlines()
    assert len(lines) == 3
    assert all("not registered" in line for line in lines[:2])
    assert "component claims_train:h1" in said
    assert "component claims_evaluate:h1" in said
    assert "Register them: pulumi up -s local" in lines[2]


def test_a_new_environment_misses_even_where_no_step_names_it(edited: ProjectCopy) -> None:
    conda = edited.root / FOLDER / "conda.yml"
    conda.write_text(conda.read_text().replace("name:", "# another line\nname:", 1) + "\n")
    text = conda.read_text()
    assert "scikit-learn" in text
    conda.write_text(text.replace("scikit-learn", "tabulate==0.9.0\n      - scikit-learn", 1))
    said = create(edited)
    assert "environment claims_release:h1" in said
    # Components name their environment, so each of them is another one too.
    assert said.count(": not registered") == 6


def test_every_problem_of_the_definitions_is_told_before_a_login_is_asked_for(edited: ProjectCopy) -> None:
    train = edited.root / FOLDER / "components" / "train" / "component.yml"
    train.write_text(train.read_text().replace("type: number", "type: flaot"))
    pipeline = edited.root / FILE
    pipeline.write_text(
        pipeline.read_text().replace("jobs.features.outputs.training", "jobs.feature.outputs.training")
    )
    said = create(edited, code=1)
    assert "components/train/component.yml:" in said
    assert "pipeline.yml:" in said
    requests = edited.control("GET", "requests")
    entries = requests["value"] if isinstance(requests, dict) else requests
    assert [entry for entry in entries if "/_control/" not in entry["path"]] == []


def test_a_value_out_of_range_is_a_usage_error_and_costs_no_request(edited: ProjectCopy) -> None:
    said = create(edited, "--set", "inputs.alpha=1e6", "--set", "settings.force=true", code=2)
    assert "--set inputs.alpha: got '1e6', expected at most 10" in said
    assert "--set settings.force: got 'true', expected one of settings.force_rerun" in said


def test_a_version_with_other_content_is_told_with_the_field_that_differs(edited: ProjectCopy) -> None:
    """Somebody may have written other content under the version that ours would have."""
    component = edited.root / FOLDER / "components" / "gate" / "component.yml"
    component.write_text(
        component.read_text().replace("name: claims_gate\n", 'name: other_gate\nversion: "77"\n', 1)
    )
    asked = edited.plumbline("validate", "--output", "json")
    read = json.loads(asked.stdout)["pipelines"][0]["assets"]
    assert ("component", "other_gate", "77") in [(one["kind"], one["name"], one["version"]) for one in read]
    ready = edited.ready()
    names = json.loads(
        edited.plumbline("component", "show", "claims_gate", "-s", "local", "-o", "json").stdout
    )
    body = {
        "properties": {
            "componentSpec": {
                "type": "command", "name": "other_gate", "version": "77", "command": "echo pass",
                "environment": names["environment"], "inputs": {}, "outputs": {},
            }
        }
    }  # fmt: skip
    put_component(edited, ready["base_url"], names["id"], body)
    edited.control("DELETE", "requests")
    said = create(edited)
    assert "component other_gate:77: registered with other content (" in said


def put_component(project: ProjectCopy, base: str, id: str, body: dict[str, object]) -> None:
    """A PUT by alice, as anybody with the right could send it."""
    path = id.removeprefix("azureml:").partition("/components/")[0] + "/components/other_gate/versions/77"
    program = (
        "import json, os, sys, requests\n"
        "from azure.identity import DefaultAzureCredential\n"
        "url, body = sys.argv[1], json.loads(sys.argv[2])\n"
        "token = DefaultAzureCredential().get_token(sys.argv[3] + '/.default').token\n"
        "requests.put(url, params={'api-version': '2024-01-01-preview'}, json=body,\n"
        "             headers={'Authorization': 'Bearer ' + token}).raise_for_status()\n"
    )
    import sys

    project.run(
        [sys.executable, "-c", program, f"{base}{path}", json.dumps(body), base], check=True,
        environ=project.client_environment("alice"),
    )  # fmt: skip


def test_a_command_job_goes_only_anonymously(edited: ProjectCopy) -> None:
    file = edited.root / "hello.yml"
    file.write_text(
        "type: command\ncommand: echo hello\nenvironment: azureml:claims_release@latest\ncompute: azureml:cpu-cluster\n"
    )
    said = refused(edited, "create", "--file", "hello.yml", "--stack", "local")
    assert "--anonymous" in said


def test_a_file_that_is_not_there_is_said_to_be_missing(edited: ProjectCopy) -> None:
    assert "which is no file" in refused(
        edited, "create", "--file", "pipelines/nowhere.yml", "--stack", "local"
    )


def test_a_job_that_is_not_there_is_named(edited: ProjectCopy) -> None:
    for verb in ("show", "stream", "logs", "cancel", "rerun", "download"):
        said = refused(edited, verb, "no-such-job", "--stack", "local")
        assert "job no-such-job: got nothing in workspace mlw-plumbline-local" in said


def test_a_job_is_named_once(edited: ProjectCopy) -> None:
    assert "got no name or two" in refused(edited, "show", "--stack", "local", code=2)
    assert "got no name or two" in refused(edited, "show", "a", "--name", "b", "--stack", "local", code=2)


def test_a_login_without_rights_is_told_which_one_it_lacks(edited: ProjectCopy) -> None:
    environ = edited.client_environment("pipeline")
    answer = edited.plumbline("job", "list", "--output", "json", check=False, environ=environ)
    assert answer.returncode == 1
    assert "403" in answer.stderr
    assert "AuthorizationFailed" in answer.stderr
    assert answer.stdout == ""


def test_the_help_of_each_verb_ends_with_an_example(edited: ProjectCopy) -> None:
    for verb in ("create", "show", "list", "stream", "logs", "download", "cancel", "rerun"):
        answer = edited.plumbline("job", verb, "--help")
        assert f"Example: plumbline job {verb}" in answer.stdout
