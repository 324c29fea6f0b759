"""Protects the CI workflows: GitHub's run here as they stand, in their order, in rehearsals; Azure's run the same commands."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project_copy import REPOSITORY, ProjectCopy, plain_environment
from tests.workflow_checkout import (
    APPROVAL,
    AZURE,
    GITHUB,
    NO_CLOUD,
    TRAIN,
    github_workflow,
    make_checkout,
    object_id,
    run_steps,
    temporary_folder,
)
from tests.workflow_steps import Step, azure_steps


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """A checkout of this project."""
    return make_checkout(tmp_path_factory.mktemp("workflows") / "project")


def _comments(checkout: ProjectCopy, store: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((checkout.root / ".git" / store).read_text())
    return found


@pytest.fixture(scope="module")
def merged(checkout: ProjectCopy) -> str:
    """Main as GitHub brings it to dev; answers the commit."""
    head = checkout.git("rev-parse", "HEAD").strip()
    run_steps(checkout, github_workflow("main.yml", **{"github.event.before": head}), store="unused")
    evidence = json.loads((temporary_folder(checkout) / "evidence/evidence.json").read_text())
    assert evidence["verdict"]["outcome"] == "passed"
    shutil.copy(temporary_folder(checkout) / "job.json", checkout.root / ".git/main-job.json")
    # The workflow leaves nothing in the checkout: a run of a dirty one could never be released.
    assert evidence["record"]["commit"] == head
    assert (
        "## Plumbline review: stack `dev`" in (temporary_folder(checkout) / "github_step_summary").read_text()
    )
    return head


def _changed(checkout: ProjectCopy, branch: str, line: str) -> None:
    """A branch of main with one more line in the training script."""
    checkout.git("switch", "--quiet", "--create", branch, "main")
    with (checkout.root / TRAIN).open("a") as script:
        script.write(f"{line}\n")
    checkout.commit("Train otherwise")


def test_github_reviews_a_pull_request_in_one_comment(checkout: ProjectCopy, merged: str) -> None:
    _changed(checkout, "a-change", "# changed in a pull request")
    steps = github_workflow(
        "pull-request.yml", **{"github.event.pull_request.base.sha || inputs.base": merged}
    )
    comment = [step for step in steps if step.name == "Comment"]
    # Pushed twice, so that the second comment updates the first; somebody else's with the same marker stays as it is.
    marker = "<!-- plumbline-review stack=dev -->"
    forged = {"kind": "comment", "id": 1, "user": {"login": "mallory"}, "body": marker, "edits": 0}
    (checkout.root / ".git/github.json").write_text(json.dumps([forged]))
    why = "status=0; plumbline explain promotion claims_release --from dev --to staging || status=$?; [ $status -eq 3 ]"
    asked = Step(name="Why not promote it?", script=f'({why}) > "$RUNNER_TEMP/why.txt"', environ={})
    run_steps(checkout, [*steps, *comment, asked], store="github.json")
    assert "no-run: stack dev: got no green run" in (temporary_folder(checkout) / "why.txt").read_text()
    assert set((temporary_folder(checkout) / "github_output").read_text().splitlines()) == {'stacks=["dev"]'}
    mallory, own = _comments(checkout, "github.json")
    assert mallory == forged
    assert own["edits"] == 1
    assert own["body"].startswith(f"{marker}\n")
    assert "+# changed in a pull request" in own["body"]


_VARIABLES = (
    NO_CLOUD
    | {
        "System.PullRequest.TargetBranchName": "main",
        "System.AccessToken": "a-token",
        "System.CollectionUri": "https://dev.azure.example/team/",
        "System.TeamProject": "platform",
        "Build.Repository.ID": "1",
        "System.PullRequest.PullRequestId": "7",
        "Build.BuildId": "99",
        "digest": "-",
        "Pipeline.Workspace": "-",
        "stack": "-",
    }
    | {f"parameters.{name}": "-" for name in ("pipeline", "from", "to", "job", "stack")}
)


def _commands(steps: list[Step]) -> list[str]:
    """The `plumbline` commands of a workflow in their order, without what only names the service."""
    text = "\n".join(step.script for step in steps).replace("\\\n", " ")
    for name, plain in (
        ("$AGENT_TEMPDIRECTORY", "$RUNNER_TEMP"), ("--annotations azure-devops", "--annotations github"),
        ('"origin/$TARGET"', "COMMIT"), ('"$BASE"', "COMMIT"), ("HEAD~1", "COMMIT"), ('"$BEFORE"', "COMMIT"),
        (" || status=$?", ""), (" || failed=1", ""), ('>> "$GITHUB_STEP_SUMMARY"', '> "$RUNNER_TEMP/proof.md"'),
    ):  # fmt: skip
        text = text.replace(name, plain)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip().startswith("plumbline ")]


@pytest.mark.parametrize(
    "name", ["pull-request.yml", "main.yml", "drift.yml", "promote.yml", "release.yml", "rollback.yml"]
)
def test_azure_pipelines_run_the_commands_that_github_runs(name: str) -> None:
    values = {"github.event.before": "-", "github.event.pull_request.base.sha || inputs.base": "-"}
    values |= {f"inputs.{one}": "-" for one in ("pipeline", "from", "to", "job", "stack")}
    ours = _commands(github_workflow(name, **values))
    assert len(ours) >= 1
    assert _commands(azure_steps(AZURE / name, _VARIABLES)) == ours


def test_azure_pipelines_keep_one_comment_too(checkout: ProjectCopy) -> None:
    folder = checkout.root.parent / "azure"
    folder.mkdir()
    (folder / "review-dev.md").write_text('<!-- plumbline-review stack=dev -->\n`a` "b"\n')
    (step,) = [one for one in azure_steps(AZURE / "pull-request.yml", _VARIABLES) if one.name == "Comment"]
    programs = {
        "PATH": f"{checkout.root}/.git/programs:{os.environ['PATH']}",
        "COMMENT_STORE": f"{folder}/store.json",
    }
    environ = plain_environment() | programs | dict(step.environ) | {"AGENT_TEMPDIRECTORY": str(folder)}
    for _ in range(2):
        checkout.run(["bash", "--noprofile", "--norc", "-c", step.script], check=True, environ=environ)
    (own,) = json.loads((folder / "store.json").read_text())
    assert own["body"] == (folder / "review-dev.md").read_text()
    assert own["edits"] == 1


def test_azure_pipelines_ask_for_the_lock_by_pull_request(checkout: ProjectCopy, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    checkout.git("clone", "--quiet", "--branch", "main", f"{checkout.root}.git", str(clone))
    promotion = tmp_path / "promotion"
    promotion.mkdir()
    (promotion / "lock.yaml").write_text("a: lock\n")
    pins = [{"kind": "component", "reference": "a:h1", "content_hash": "f00"}]
    answer = {"pipeline": "claims_release", "release": "r1", "before": None, "pins": pins}
    (promotion / "promotion.json").write_text(json.dumps(answer))
    values = {"Pipeline.Workspace": str(tmp_path), "parameters.to": "staging"}
    (ask,) = [
        one for one in azure_steps(AZURE / "promote.yml", _VARIABLES | values) if "pull request" in one.name
    ]
    programs = {
        "PATH": f"{checkout.root}/.git/programs:{os.environ['PATH']}",
        "COMMENT_STORE": f"{tmp_path}/store.json", "AGENT_TEMPDIRECTORY": str(tmp_path),
    }  # fmt: skip
    environ = plain_environment() | programs | dict(ask.environ)
    for script in (ask.script, "bash .azure-pipelines/reviewers.sh"):
        run = ["env", "-C", str(clone), "bash", "--noprofile", "--norc", "-c", script]
        said = checkout.run(
            run, check=True, environ=environ | {"PROJECT": "https://dev.azure.example/t/p", "BUILD": "99"}
        )
    assert said.stdout == "Carol\n"
    (asked,) = json.loads((tmp_path / "store.json").read_text())
    assert asked["title"] == "Promote claims_release to staging"
    assert "| component | `a:h1` | `f00` |" in asked["description"]
    branch = asked["sourceRefName"].removeprefix("refs/heads/")
    assert (
        checkout.git("-C", f"{checkout.root}.git", "show", f"{branch}:stacks/locks/staging.yaml")
        == "a: lock\n"
    )


def test_every_night_a_cause_of_drift_has_one_issue_until_it_is_gone(
    checkout: ProjectCopy, merged: str
) -> None:
    checkout.git("switch", "--quiet", "main")
    update = "pulumi up --yes --skip-preview --suppress-outputs > /dev/null"
    names = ("AZURE_RESOURCE_GROUP", "resource_group_name"), ("AZUREML_WORKSPACE_NAME", "workspace_name")
    script = "\n".join(
        [
            *(f"export {variable}=$(pulumi stack output {output})" for variable, output in names),
            shlex.join([sys.executable, str(REPOSITORY / "tests" / "official_client.py"), "raise", "9"]),
        ]
    )
    azure = azure_steps(AZURE / "drift.yml", _VARIABLES)
    file_items = azure[-1]
    nightly = github_workflow("drift.yml", **{"matrix.stack": "prod"}) + github_workflow("drift.yml")
    run_steps(
        checkout,
        [
            Step(name="Main is what dev runs", script=update, environ={}),
            Step(name="Somebody raises a cluster", script=script, environ={}),
            *nightly,
            file_items,
            file_items,
        ],
        store="issues.json",
    )
    found, item = _comments(checkout, "issues.json")
    assert (found["state"], found["edits"], found["labels"]) == ("open", 0, ["plumbline-drift"])
    assert found["title"].startswith("Drift in dev: ")
    assert "cpu-cluster" in found["title"]
    assert "maxNodeCount" in found["body"]
    assert "plumbline drift fix" in found["body"]
    # Azure DevOps has the same as a work item: one a cause, updated while it lasts.
    assert item["edits"] == 1
    assert item["fields"]["System.Title"] == found["title"]
    assert item["fields"]["System.State"] == "New"
    assert "maxNodeCount" in item["fields"]["System.Description"]
    run_steps(
        checkout, [Step(name="Put it back", script=update, environ={}), *nightly, *azure], store="issues.json"
    )
    closed, done = _comments(checkout, "issues.json")
    assert (closed["number"], closed["state"]) == (found["number"], "closed")
    assert (done["id"], done["fields"]["System.State"]) == (item["id"], "Closed")


READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
GRANT = """
import sys, uuid
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.target import enter_target
session = AzureSession(enter_target("dev"))
place = f"/subscriptions/{session.target.subscription_id}/providers/Microsoft.Authorization"
session.send("PUT", f"{place}/roleAssignments/{uuid.uuid4()}", api_version="2022-04-01", body={"properties": {
    "principalId": sys.argv[1], "principalType": "ServicePrincipal",
    "roleDefinitionId": f"{place}/roleDefinitions/{sys.argv[2]}"}})
"""


def test_a_release_goes_to_staging_by_pull_request(checkout: ProjectCopy, merged: str) -> None:
    checkout.git("switch", "--quiet", "main")
    job = json.loads((checkout.root / ".git/main-job.json").read_text())["name"]
    (checkout.root / ".git/grant.py").write_text(GRANT)
    up = "pulumi up --yes --skip-preview --suppress-outputs --stack"
    grant = shlex.join([sys.executable, ".git/grant.py", object_id(APPROVAL), READER])
    once = [
        Step(name="Bring up shared", script=f"{up} shared > /dev/null", environ={}),
        Step(name="Bring up staging", script=f"{up} staging > /dev/null", environ={}),
        # Who approves reads the activity log; an owner gives that once.
        Step(name="Let the approval read the log", script=grant, environ={}, job="owner"),
    ]
    inputs = {"pipeline": "claims_release", "from": "dev", "to": "staging", "job": job}
    promote = github_workflow("promote.yml", **{f"inputs.{name}": value for name, value in inputs.items()})
    base = {"github.event.pull_request.base.sha || inputs.base": merged, "matrix.stack": "staging"}
    review = [
        step for step in github_workflow("pull-request.yml", **base) if step.name in {"Review", "Comment"}
    ]
    merge = "git switch --quiet main && git merge --quiet --ff-only - && git push --quiet origin main"
    release = github_workflow("release.yml", **{"github.event.before": merged, "matrix.stack": "staging"})
    nightly = [
        step
        for one in ("shared", "staging")
        for step in github_workflow("drift.yml", **{"matrix.stack": one})
    ]
    look = [step for step in nightly if step.name == "Look for drift"]
    run_steps(
        checkout,
        [*once, *promote, *review, Step(name="Merge", script=merge, environ={}), *release, *look],
        store="promotion.json",
        also=("shared", "staging"),
    )
    folder = temporary_folder(checkout)
    asked, started, comment = _comments(checkout, "promotion.json")
    assert asked["--title"] == "Promote claims_release to staging"
    assert "| component | `claims_train:" in asked["body"]
    assert started["name"] == "pull-request.yml"
    assert ["--ref", asked["--head"]] in started["options"]
    assert comment["body"].startswith("<!-- plumbline-review stack=staging -->")
    assert "claims_release_weekly" in comment["body"]
    lock = yaml.safe_load((checkout.root / "stacks/locks/staging.yaml").read_text())
    approval = lock["releases"][0]["approval"]
    assert approval["object_id"] == object_id(APPROVAL)
    summary = (folder / "github_step_summary").read_text()
    assert "no-approval" in summary  # before anybody was asked
    assert "| schedule | claims_release_weekly |" in summary
    assert 'stacks=["staging"]' in (folder / "github_output").read_text()
    for stack in ("shared", "staging"):
        assert json.loads((folder / f"drift-{stack}.json").read_text())["findings"] == [], stack
    evidence = json.loads((folder / "promotion/evidence/evidence.json").read_text())
    assert evidence["approval"]["note"] == "carol in https://github.com/team/platform/actions/runs/99"


@pytest.mark.parametrize("path", sorted(GITHUB.glob("*.yml")), ids=lambda path: path.name)
def test_no_workflow_is_left_out(path: Path) -> None:
    assert path.name in Path(__file__).read_text()
