"""Protects the CI workflows' form, here and in the template: linted, nothing unsafe, actions pinned to commits, few rights."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from check_jsonschema.transforms.azure_pipelines import azure_main

from distribution.template.build import FROM_THE_WHEEL, build_template
from tests.actionlint import actionlint
from tests.azure_conditions import stage_is_due
from tests.azure_pipelines import read_pipeline
from tests.project_copy import REPOSITORY
from tests.workflow_steps import steps_of

BIN = Path(sys.executable).parent
WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
PIPELINES = sorted((REPOSITORY / ".azure-pipelines").glob("*.yml"))
SCRIPTS = sorted(
    [
        *REPOSITORY.glob(".github/*.sh"),
        *REPOSITORY.glob(".azure-pipelines/*.sh"),
        *REPOSITORY.glob("stacks/*.sh"),
    ]
)
PINNED = re.compile(r"^\s*-? ?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def _jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return found


@pytest.fixture(scope="module", params=["repository", "template"])
def workflows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """This repository's workflows, and those that a project from the template gets."""
    if request.param == "repository":
        return WORKFLOWS
    folder = build_template(tmp_path_factory.mktemp("template") / "template")
    return sorted((folder / ".github/workflows").glob("*.yml"))


def test_actionlint_finds_nothing(workflows: list[Path]) -> None:
    program = actionlint()
    if program is None:
        pytest.skip("no actionlint on PATH, and no go to build it with")
    answer = subprocess.run(
        [program, f"-shellcheck={BIN / 'shellcheck'}", "-color=false", *workflows],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout


def test_zizmor_finds_nothing(workflows: list[Path]) -> None:
    answer = subprocess.run(
        [BIN / "zizmor", "--offline", "--no-progress", "--quiet", *workflows],
        check=False,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_rights_are_given_job_by_job(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert "uses:" not in line or PINNED.match(line), line
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    # Else a pipe whose first part fails goes on.
    assert workflow["defaults"]["run"]["shell"] == "bash"
    for name, job in _jobs(path).items():
        assert job["permissions"], name
        assert job["timeout-minutes"], name
        # Who logs in to Azure runs in an environment, which says who may let it.
        if "id-token" in job["permissions"]:
            assert job["environment"], name
            assert "concurrency" in {**workflow, **job}, name
            assert "write" not in {
                right for scope, right in job["permissions"].items() if scope != "id-token"
            }, name
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False, name


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_azure_pipelines_keep_no_login_in_the_checkout(path: Path) -> None:
    text = path.read_text()
    assert yaml.safe_load(text)["pool"]["vmImage"]
    assert text.count("- checkout: self") == text.count("persistCredentials: false") > 0


def _schema_problems(text: str) -> Iterator[str]:
    """What Microsoft's schema of Azure Pipelines says of a pipeline; it takes every value for text."""
    schema = json.loads(
        (files("check_jsonschema") / "builtin_schemas/vendor/azure-pipelines.json").read_text(
            encoding="utf-8"
        )
    )
    pipeline = azure_main(yaml.load(text, Loader=yaml.BaseLoader))
    truths = jsonschema.Draft7Validator.TYPE_CHECKER.redefine(
        "boolean", lambda _, value: value in {"true", "false"} if isinstance(value, str) else False
    )
    validator = jsonschema.validators.extend(jsonschema.Draft7Validator, type_checker=truths)
    for error in validator(schema).iter_errors(pipeline):
        found = jsonschema.exceptions.best_match([error])
        yield f"{found.json_path}: {found.message[:300]}"


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_azure_pipelines_are_what_their_schema_allows(path: Path) -> None:
    text = path.read_text()
    assert list(_schema_problems(text)) == []
    assert list(_schema_problems(text.replace("displayName:", "displayname:"))) != []


ALL_REACHED = {f"reached.{stack}": "true" for stack in ("shared", "staging", "prod")}


@pytest.mark.parametrize(
    ("results", "prod_is_due"),
    [
        ({"shared": "Skipped", "staging": "Succeeded"}, True),
        ({"shared": "Skipped", "staging": "Skipped"}, True),
        ({"shared": "Succeeded", "staging": "Failed"}, False),
        ({"shared": "Failed", "staging": "Skipped"}, False),
    ],
)
def test_what_fails_in_a_stack_before_does_not_go_to_prod(results: dict[str, str], prod_is_due: bool) -> None:
    pipeline = read_pipeline(REPOSITORY / ".azure-pipelines/release.yml", {})
    prod = next(stage for stage in pipeline.stages if stage.name == "prod")
    outputs = {"reached": {"reached": ALL_REACHED}}
    assert stage_is_due(prod, pipeline, {"reached": "Succeeded", **results}, outputs) is prod_is_due
    assert not stage_is_due(prod, pipeline, {"reached": "Succeeded", **results}, {})


@pytest.mark.parametrize(
    ("stack", "approve", "is_due"),
    [
        ("dev", "Succeeded", True),
        # Rejected, and not answered in time.
        ("dev", "Failed", False),
        ("dev", "Skipped", False),
        ("staging", "Skipped", True),
    ],
)
def test_nothing_is_promoted_from_dev_without_the_stage_that_approves(
    stack: str, approve: str, is_due: bool
) -> None:
    pipeline = read_pipeline(REPOSITORY / ".azure-pipelines/promote.yml", {"from": stack})
    stages = {stage.name: stage for stage in pipeline.stages}
    results = {"candidate": "Succeeded", "approve": approve}
    assert stage_is_due(stages["promote"], pipeline, results, {}) is is_due
    assert stage_is_due(stages["approve"], pipeline, {"candidate": "Succeeded"}, {}) is (stack == "dev")


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_inline_scripts_of_azure_pipelines_have_nothing_that_shellcheck_finds(path: Path) -> None:
    for step in steps_of(yaml.safe_load(path.read_text())):
        script = step.get("script") or (step.get("inputs") or {}).get("inlineScript")
        if script:
            assert "${{" not in script, (
                f"{step['displayName']}: an expression in a script may be code of others"
            )
            answer = subprocess.run(
                # Variables are the step's `env`, assigned nowhere in the script.
                [BIN / "shellcheck", "--shell=bash", "--exclude=SC2153", "-"],
                input=script,
                check=False,
                capture_output=True,
                text=True,
            )
            assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing_in_the_scripts_of_workflows(path: Path) -> None:
    answer = subprocess.run([BIN / "shellcheck", path], check=False, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout


def test_the_template_has_these_workflows_but_for_what_the_wheel_brings(tmp_path: Path) -> None:
    folder = build_template(tmp_path / "template")
    for path in (*WORKFLOWS, *PIPELINES, *SCRIPTS):
        wanted = path.read_text()
        for here, there in FROM_THE_WHEEL.items():
            wanted = wanted.replace(here, there)
        made = (folder / path.relative_to(REPOSITORY)).read_text()
        assert made == wanted, path
        # `pulumi new` fills these in, wherever they stand.
        assert "${" + "PROJECT}" not in made
        assert "${" + "DESCRIPTION}" not in made
        # Nothing of this repository alone is left.
        assert "bootstrap.sh" not in made
        assert "claims_release" not in made
    setups = [
        path for path in WORKFLOWS if "pip install" in (folder / path.relative_to(REPOSITORY)).read_text()
    ]
    assert setups == WORKFLOWS
