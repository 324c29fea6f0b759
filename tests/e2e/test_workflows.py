"""Protects the CI workflows: GitHub's and Azure's files run here as they stand, in their order, in rehearsals."""

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
    azure_folder,
    azure_record,
    azure_run,
    github_workflow,
    make_checkout,
    object_id,
    run_steps,
    temporary_folder,
)
from tests.workflow_steps import Step, azure_steps

pytestmark = pytest.mark.long


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
    base = checkout.git("rev-parse", "main").strip()
    steps = github_workflow("pull-request.yml", **{"github.event.pull_request.base.sha || inputs.base": base})
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


_VARIABLES = NO_CLOUD | {
    "System.PullRequest.TargetBranchName": "main",
    "System.AccessToken": "a-token",
    "System.CollectionUri": "https://dev.azure.example/team/",
    "System.TeamProject": "platform",
    "Build.Repository.ID": "1",
    "System.PullRequest.PullRequestId": "7",
    "Build.BuildId": "99",
    "digest": "-",
    "Pipeline.Workspace": "-",
}


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
    # GitHub runs a job for each stack, where Azure's file has a stage for each.
    stacks = 3 if name == "release.yml" else 1
    assert _commands(azure_steps(AZURE / name, _VARIABLES)) == ours * stacks


def test_azure_pipelines_keep_one_comment_too(checkout: ProjectCopy) -> None:
    folder = checkout.root.parent / "azure"
    folder.mkdir()
    marker = "<!-- plumbline-review stack=dev -->"
    (folder / "review-dev.md").write_text(f'{marker}\n`a` "b"\n')
    forged = {"kind": "thread", "id": 1, "author": "mallory", "body": marker, "edits": 0}
    (folder / "store.json").write_text(json.dumps([forged]))
    (step,) = [one for one in azure_steps(AZURE / "pull-request.yml", _VARIABLES) if one.name == "Comment"]
    programs = {
        "PATH": f"{checkout.root}/.git/programs:{os.environ['PATH']}",
        "COMMENT_STORE": f"{folder}/store.json",
    }
    environ = plain_environment() | programs | dict(step.environ) | {"AGENT_TEMPDIRECTORY": str(folder)}
    for _ in range(2):
        checkout.run(["bash", "--noprofile", "--norc", "-c", step.script], check=True, environ=environ)
    mallory, own = json.loads((folder / "store.json").read_text())
    assert mallory == forged
    assert own["body"] == (folder / "review-dev.md").read_text()
    assert own["edits"] == 1


@pytest.mark.parametrize("service", [".github", ".azure-pipelines"])
def test_a_lock_is_asked_for_once_however_often_the_workflow_runs(
    checkout: ProjectCopy, tmp_path: Path, service: str
) -> None:
    (tmp_path / "lock.yaml").write_text(f"a lock of: {service}\n")
    (tmp_path / "body.md").write_text("Why\n")
    asks = (
        f"{service}/lock-pull-request.sh",
        "staging",
        str(tmp_path / "lock.yaml"),
        "Take it",
        str(tmp_path / "body.md"),
    )
    environ = plain_environment() | {
        "PATH": f"{checkout.root}/.git/programs:{os.environ['PATH']}",
        "COMMENT_STORE": f"{tmp_path}/store.json", "GH_TOKEN": "a-token", "TOKEN": "a-token",
        "PULL_REQUESTS": "https://dev.azure.example/team/platform/_apis/git/repositories/1/pullrequests",
    }  # fmt: skip
    said = []
    for at in ("first", "again"):
        clone = str(tmp_path / at)
        checkout.git("clone", "--quiet", "--branch", "main", f"{checkout.root}.git", clone)
        said.append(checkout.run(["env", "-C", clone, "bash", *asks], check=True, environ=environ).stdout)
    rows = json.loads((tmp_path / "store.json").read_text())
    assert [row["kind"] for row in rows].count("pull request") == 1
    assert "asks for it already" in said[1]
    branch = rows[0].get("--head") or rows[0]["sourceRefName"].removeprefix("refs/heads/")
    held = checkout.git("-C", f"{checkout.root}.git", "show", f"{branch}:stacks/locks/staging.yaml")
    assert held == f"a lock of: {service}\n"


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
    file_items = Step(
        name="File work items",
        script='bash .azure-pipelines/drift-work-items.sh "$RUNNER_TEMP/drift-dev.json"',
        environ=azure_steps(AZURE / "drift.yml", _VARIABLES)[-1].environ,
    )
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
        also=("shared", "staging"),
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
    put_back = Step(name="Put it back", script=update, environ={})
    run_steps(
        checkout,
        [put_back, *nightly, azure_run("drift.yml")],
        store="issues.json",
        also=("shared", "staging"),
    )
    assert azure_record(checkout, "drift.yml")["stages"] == {"__default": "Succeeded"}
    closed, done = _comments(checkout, "issues.json")
    assert (closed["number"], closed["state"]) == (found["number"], "closed")
    assert (done["id"], done["fields"]["System.State"]) == (item["id"], "Closed")


def test_a_cause_with_hundreds_of_findings_fits_into_one_issue(checkout: ProjectCopy, tmp_path: Path) -> None:
    finding = {
        "field": "tags.owner", "live": "x" * 400, "desired": "ü" * 400, "severity": "low", "who": "policy",
        "when": "2026-11-27T10:00:00Z", "by": "Azure Policy tags", "accepted": None, "declaredAt": None,
        "remedies": {"revert": "pulumi up -s dev", "accept": "plumbline drift fix"},
    }  # fmt: skip
    found = [{**finding, "resource": f"r{at}", "resourceId": f"/r{at}"} for at in range(300)]
    report = tmp_path / "drift-dev.json"
    report.write_text(json.dumps({"stack": "dev", "findings": found, "notes": []}))
    programs = f"{checkout.root}/.git/programs:{os.environ['PATH']}"
    environ = plain_environment() | {
        "PATH": programs, "COMMENT_STORE": f"{tmp_path}/store.json", "GH_TOKEN": "a-token",
        "ISSUES": "repos/team/platform/issues",
    }  # fmt: skip
    script = str(GITHUB.parent / "drift-issues.sh")
    checkout.run(["bash", script, str(report)], check=True, environ=environ)
    (issue,) = json.loads((tmp_path / "store.json").read_text())
    shown = issue["body"].count("put back:")
    assert 0 < shown < 300
    assert f"{300 - shown} more: `plumbline drift --stack dev`" in issue["body"]


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


GATE = "pipelines/claims_release/components/gate/src/gate.py"
NEWEST = (
    '$(jq -r \'[.[] | select(.kind == "pull request")] | last | .sourceRefName | sub("refs/heads/"; "origin/")\' '
    '"$COMMENT_STORE")'
)
MERGE = "git switch --quiet main && git merge --quiet --ff-only - && git push --quiet origin main"


@pytest.fixture(scope="module")
def promoted(checkout: ProjectCopy, merged: str) -> Path:
    """Staging as GitHub brought a release to it; answers the folder of what its steps wrote."""
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
    release = github_workflow("release.yml", **{"github.event.before": merged, "matrix.stack": "staging"})
    nightly = [
        step
        for one in ("shared", "staging")
        for step in github_workflow("drift.yml", **{"matrix.stack": one})
    ]
    look = [step for step in nightly if step.name == "Look for drift"]
    run_steps(
        checkout,
        [*once, *promote, Step(name="Merge", script=MERGE, environ={}), *release, *look],
        store="promotion.json",
        also=("shared", "staging"),
    )
    kept = checkout.root.parent / "promoted"
    temporary_folder(checkout).rename(kept)
    return kept


def test_a_release_goes_to_staging_by_pull_request(checkout: ProjectCopy, promoted: Path) -> None:
    asked, started = _comments(checkout, "promotion.json")
    assert asked["--title"] == "Promote claims_release to staging"
    assert "| component | `claims_train:" in asked["body"]
    assert started["name"] == "pull-request.yml"
    assert ["--ref", asked["--head"]] in started["options"]
    # The next release of another test may have replaced it since.
    lock = yaml.safe_load((promoted / "promotion/lock.yaml").read_text())
    approval = lock["releases"][0]["approval"]
    assert approval["object_id"] == object_id(APPROVAL)
    summary = (promoted / "github_step_summary").read_text()
    assert "no-approval" in summary  # before anybody was asked
    assert "| schedule | claims_release_weekly |" in summary
    assert 'stacks=["staging"]' in (promoted / "github_output").read_text()
    for stack in ("shared", "staging"):
        assert json.loads((promoted / f"drift-{stack}.json").read_text())["findings"] == [], stack
    evidence = json.loads((promoted / "promotion/evidence/evidence.json").read_text())
    assert evidence["approval"]["note"] == "carol in https://github.com/team/platform/actions/runs/99"


ARCHIVE = """
from plumbline.assets.lock import read_lock
from plumbline.kinds import KINDS
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.promotion.registry import registry_named
from plumbline.ops.stack_file import project_root
from plumbline.ops.target import enter_target
session = AzureSession(enter_target("staging"))
lock = read_lock(project_root(), "staging")
pin = next(one for one in lock.releases[0].pins if one.name == "claims_gate")
registry, kind = registry_named(session, lock.registry), KINDS[pin.kind]
path = registry.version(kind.collection, pin.name, pin.version)
body = session.get(path, api_version=registry.asked_with(kind))
properties = {**body["properties"], "isArchived": True}
session.send("PUT", path, api_version=registry.asked_with(kind), body={"properties": properties})
print(pin.reference)
"""


def test_drift_of_a_stack_lists_what_the_registry_no_longer_holds_of_its_lock(
    checkout: ProjectCopy, promoted: Path
) -> None:
    checkout.git("switch", "--quiet", "main")
    (checkout.root / ".git/archive.py").write_text(ARCHIVE)
    archive = shlex.join([sys.executable, ".git/archive.py"])
    show = "plumbline drift --stack staging --output json"
    lines = [
        f'{archive} > "$RUNNER_TEMP/archived.txt"',
        f'status=0; {show} > "$RUNNER_TEMP/found.json" || status=$?; [ "$status" -eq 3 ]',
        'found=$(jq -r ".findings[0].id" "$RUNNER_TEMP/found.json")',
        'plumbline drift fix "$found" --revert --yes --stack staging > "$RUNNER_TEMP/settled.txt"',
    ]
    run_steps(
        checkout,
        [Step(name="Somebody archives a pinned version", script="\n".join(lines), environ={})],
        store="unused",
        also=("shared", "staging"),
    )
    folder = temporary_folder(checkout)
    (finding,) = json.loads((folder / "found.json").read_text())["findings"]
    reference = (folder / "archived.txt").read_text().strip()
    assert finding["resource"] == reference
    assert (finding["change"], finding["field"], finding["live"]) == ("not as pinned", "archived", True)
    place = finding["declaredAt"]
    lock = (checkout.root / "stacks/locks/staging.yaml").read_text().splitlines()
    assert place["file"] == "stacks/locks/staging.yaml"
    assert lock[place["line"] - 1 : place["line"] + 1] == [
        "      - kind: component",
        "        name: claims_gate",
    ]
    assert f"{reference} is restored in registry" in (folder / "settled.txt").read_text()


def test_azure_devops_takes_the_next_release_the_same_way_and_both_take_it_back(
    checkout: ProjectCopy, promoted: Path
) -> None:
    checkout.git("switch", "--quiet", "main")
    with (checkout.root / GATE).open("a") as script:
        script.write("# the gate says why\n")
    checkout.commit("Let the gate say why")
    checkout.git("push", "--quiet", "origin", "main")
    before = checkout.git("show", "main:stacks/locks/staging.yaml")
    job = f"$(jq -r .job.name {azure_folder(checkout, 'main.yml')}/evidence/evidence.json)"
    review = {"System.PullRequest.TargetBranchName": "main", "System.PullRequest.PullRequestId": "7"}
    merge = (
        f'git switch --quiet main && git merge --quiet --ff-only "{NEWEST}" && git push --quiet origin main'
    )
    back = {"inputs.stack": "staging", "inputs.pipeline": "claims_release"}
    run_steps(
        checkout,
        [
            azure_run("main.yml"),
            azure_run("promote.yml", job=job),
            azure_run("pull-request.yml", commit=NEWEST, variables=review),
            Step(name="Merge", script=merge, environ={}),
            azure_run("release.yml"),
            azure_run("rollback.yml"),
            *github_workflow("rollback.yml", **back),
        ],
        store="azure.json",
        also=("shared", "staging"),
    )
    ran = {name: azure_record(checkout, name) for name in ("main.yml", "promote.yml", "pull-request.yml")}
    ran |= {name: azure_record(checkout, name) for name in ("release.yml", "rollback.yml")}
    # No condition passes over a step.
    for name, record in ran.items():
        assert [one for one in record["steps"] if one[2] != "Succeeded"] == [], name
    assert ran["promote.yml"]["stages"] == dict.fromkeys(
        ("candidate", "approve", "promote", "pull_request"), "Succeeded"
    )
    assert ran["release.yml"]["stages"] == {
        "reached": "Succeeded", "shared": "Skipped", "staging": "Succeeded", "prod": "Skipped",
    }  # fmt: skip
    assert any("no-approval" in text for text in ran["promote.yml"]["summaries"])
    assert "| schedule | claims_release_weekly |" in ran["release.yml"]["summaries"][-1]
    asked, thread, back_by_azure, back_by_github, _ = _comments(checkout, "azure.json")
    assert asked["title"] == "Promote claims_release to staging"
    assert "| component | `claims_gate:" in asked["description"]
    assert thread["body"].startswith("<!-- plumbline-review stack=staging -->")
    assert "claims_release_weekly" in thread["body"]
    approval = json.loads(
        (azure_folder(checkout, "promote.yml") / "promotion/evidence/evidence.json").read_text()
    )["approval"]
    assert approval["note"] == "Carol in https://dev.azure.example/team/platform/_build/results?buildId=99"
    now = checkout.git("show", "main:stacks/locks/staging.yaml")
    assert now != before
    assert yaml.safe_load(now)["releases"][0]["approval"]["object_id"] == object_id(APPROVAL)
    # Each service asks for the lock that was there before.
    branches = back_by_azure["sourceRefName"].removeprefix("refs/heads/"), back_by_github["--head"]
    for branch, title in zip(branches, (back_by_azure["title"], back_by_github["--title"]), strict=True):
        assert title == "Roll claims_release back in staging"
        shown = checkout.git("-C", f"{checkout.root}.git", "show", f"{branch}:stacks/locks/staging.yaml")
        assert shown == before


@pytest.mark.parametrize("path", sorted(GITHUB.glob("*.yml")), ids=lambda path: path.name)
def test_no_workflow_is_left_out(path: Path) -> None:
    assert path.name in Path(__file__).read_text()
