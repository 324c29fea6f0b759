"""Protects the CI workflows: GitHub's run here as they stand, in their order, in a rehearsal of dev; Azure's run the same commands."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.project_copy import REPOSITORY, ProjectCopy, plain_environment
from tests.workflow_steps import Step, azure_steps, github_steps

GITHUB, AZURE = REPOSITORY / ".github/workflows", REPOSITORY / ".azure-pipelines"
TRAIN = "pipelines/claims_release/components/train/src/train.py"
SECONDS = 500


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """A checkout, and stand-ins for the services that comments go to."""
    copy = ProjectCopy.make(tmp_path_factory.mktemp("workflows") / "project")
    shutil.copytree(REPOSITORY / ".github", copy.root / ".github")
    programs = copy.root / ".git" / "programs"
    programs.mkdir()
    for name in ("gh", "curl"):
        script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {REPOSITORY}/tests/comment_service.py {name} "$@"\n'
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    (copy.root / ".git/info/exclude").write_text("/.venv\n/plumbline\n")
    copy.commit("As it is checked out")
    return copy


def _run(checkout: ProjectCopy, steps: list[Step], *, store: str) -> None:
    """Run steps one after the other within one rehearsal of dev; each must end well."""
    folder = _folder(checkout)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    paths = {name: folder / name.lower() for name in ("GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
    lines = [f'export PATH={checkout.root}/.git/programs:"$PATH" COMMENT_STORE={checkout.root}/.git/{store}']
    lines += [f"export {name}={path}; touch {path}" for name, path in paths.items()]
    lines.append(f"export RUNNER_TEMP={folder} AGENT_TEMPDIRECTORY={folder}")
    for at, step in enumerate(steps):
        script = folder / f"{at}.sh"
        script.write_text(step.script)
        words = " ".join(
            f"{name}={shlex.quote(value)}" for name, value in step.environ.items() if name in _OURS
        )
        lines.append('while read -r folder; do PATH="$folder:$PATH"; done < "$GITHUB_PATH"')
        # What sets up the tools belongs to this repository's environment, not to the copy's link to it.
        place = REPOSITORY if step.name == "Set up" else checkout.root
        run = f"env {words} bash --noprofile --norc -eo pipefail {script}"
        lines.append(f"(cd {place} && {run}); echo $? > {folder}/{at}.status")
    (folder / "all.sh").write_text("\n".join(lines))
    answer = checkout.plumbline(
        "rehearse", "dev", "--", "bash", str(folder / "all.sh"), check=False, seconds=SECONDS
    )
    statuses = [(step.name, (folder / f"{at}.status").read_text().strip()) for at, step in enumerate(steps)]
    assert {status for _, status in statuses} == {"0"}, f"{statuses}\n{answer.stdout}\n{answer.stderr}"


def _folder(checkout: ProjectCopy) -> Path:
    """The service's temporary folder, beside the checkout."""
    return checkout.root.parent / "temp"


# The login and the state of a real cloud are what a rehearsal replaces.
_OURS = (
    "BASE",
    "BEFORE",
    "TARGET",
    "PIPELINE",
    "GH_TOKEN",
    "COMMENTS",
    "COMMENT",
    "ISSUES",
    "TOKEN",
    "THREADS",
)
_CLOUD = {
    "vars.AZURE_CLIENT_ID": "-", "vars.AZURE_TENANT_ID": "-", "vars.AZURE_SUBSCRIPTION_ID": "-",
    "vars.PULUMI_BACKEND_URL": "-", "PULUMI_BACKEND_URL": "-",
}  # fmt: skip


def _github(name: str, **values: str) -> list[Step]:
    event = {
        "github.token": "a-token",
        "github.repository": "team/platform",
        "github.event.pull_request.number": "7",
    }
    return github_steps(GITHUB / name, _CLOUD | event | values)


def _comments(checkout: ProjectCopy, store: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((checkout.root / ".git" / store).read_text())
    return found


@pytest.fixture(scope="module")
def merged(checkout: ProjectCopy) -> str:
    """Main as GitHub brings it to dev; answers the commit."""
    head = checkout.git("rev-parse", "HEAD").strip()
    _run(checkout, _github("main.yml", **{"github.event.before": head}), store="unused")
    evidence = json.loads((_folder(checkout) / "evidence/evidence.json").read_text())
    assert evidence["verdict"]["outcome"] == "passed"
    # The workflow leaves nothing in the checkout: a run of a dirty one could never be released.
    assert evidence["record"]["commit"] == head
    assert "## Plumbline review: stack `dev`" in (_folder(checkout) / "github_step_summary").read_text()
    return head


def _changed(checkout: ProjectCopy, branch: str, line: str) -> None:
    """A branch of main with one more line in the training script."""
    checkout.git("switch", "--quiet", "--create", branch, "main")
    with (checkout.root / TRAIN).open("a") as script:
        script.write(f"{line}\n")
    checkout.commit("Train otherwise")


def test_github_reviews_a_pull_request_in_one_comment(checkout: ProjectCopy, merged: str) -> None:
    _changed(checkout, "a-change", "# changed in a pull request")
    steps = _github("pull-request.yml", **{"github.event.pull_request.base.sha": merged})
    comment = [step for step in steps if step.name == "Comment"]
    # Pushed twice, so that the second comment updates the first; somebody else's with the same marker stays as it is.
    marker = "<!-- plumbline-review stack=dev -->"
    forged = {"kind": "comment", "id": 1, "user": {"login": "mallory"}, "body": marker, "edits": 0}
    (checkout.root / ".git/github.json").write_text(json.dumps([forged]))
    why = "status=0; plumbline explain promotion claims_release --from dev --to staging || status=$?; [ $status -eq 3 ]"
    asked = Step(name="Why not promote it?", script=f'({why}) > "$RUNNER_TEMP/why.txt"', environ={})
    _run(checkout, [*steps, *comment, asked], store="github.json")
    assert "no-run: stack dev: got no green run" in (_folder(checkout) / "why.txt").read_text()
    mallory, own = _comments(checkout, "github.json")
    assert mallory == forged
    assert own["edits"] == 1
    assert own["body"].startswith(f"{marker}\n")
    assert "+# changed in a pull request" in own["body"]


_VARIABLES = _CLOUD | {
    "System.PullRequest.TargetBranchName": "main",
    "System.AccessToken": "a-token",
    "System.CollectionUri": "https://dev.azure.example/team/",
    "System.TeamProject": "platform",
    "Build.Repository.ID": "1",
    "System.PullRequest.PullRequestId": "7",
}


def _commands(steps: list[Step]) -> list[str]:
    """The `plumbline` commands of a workflow in their order, without what only names the service."""
    text = "\n".join(step.script for step in steps).replace("\\\n", " ")
    for name, plain in (
        ("$AGENT_TEMPDIRECTORY", "$RUNNER_TEMP"), ("--annotations azure-devops", "--annotations github"),
        ('"origin/$TARGET"', "COMMIT"), ('"$BASE"', "COMMIT"), ("HEAD~1", "COMMIT"), ('"$BEFORE"', "COMMIT"),
        ("--output markdown", "--output json"), ("drift.md", "drift.json"), (" || status=$?", ""),
    ):  # fmt: skip
        text = text.replace(name, plain)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip().startswith("plumbline ")]


@pytest.mark.parametrize("name", ["pull-request.yml", "main.yml", "drift.yml"])
def test_azure_pipelines_run_the_commands_that_github_runs(name: str) -> None:
    values = {"github.event.before": "-", "github.event.pull_request.base.sha": "-"}
    ours = _commands(_github(name, **values))
    assert len(ours) >= 1
    assert _commands(azure_steps(AZURE / name, _VARIABLES)) == ours


def test_azure_pipelines_keep_one_comment_too(checkout: ProjectCopy) -> None:
    folder = checkout.root.parent / "azure"
    folder.mkdir()
    (folder / "review.md").write_text('<!-- plumbline-review stack=dev -->\n`a` "b"\n')
    (step,) = [one for one in azure_steps(AZURE / "pull-request.yml", _VARIABLES) if one.name == "Comment"]
    programs = {
        "PATH": f"{checkout.root}/.git/programs:{os.environ['PATH']}",
        "COMMENT_STORE": f"{folder}/store.json",
    }
    environ = plain_environment() | programs | dict(step.environ) | {"AGENT_TEMPDIRECTORY": str(folder)}
    for _ in range(2):
        checkout.run(["bash", "--noprofile", "--norc", "-c", step.script], check=True, environ=environ)
    (own,) = json.loads((folder / "store.json").read_text())
    assert own["body"] == (folder / "review.md").read_text()
    assert own["edits"] == 1


def test_every_night_a_cause_of_drift_has_one_issue_until_it_is_gone(
    checkout: ProjectCopy, merged: str
) -> None:
    checkout.git("switch", "--quiet", "main")
    update = "pulumi up --yes --skip-preview --suppress-outputs > /dev/null"
    names = ("AZURE_RESOURCE_GROUP", "resource_group_name"), ("AZUREML_WORKSPACE_NAME", "workspace_name")
    script = "\n".join(
        [
            *(f"export {variable}=$(pulumi stack output {output})" for variable, output in names),
            f"{sys.executable} {REPOSITORY}/tests/official_client.py raise 9",
        ]
    )
    nightly = _github("drift.yml")
    _run(
        checkout,
        [
            Step(name="Main is what dev runs", script=update, environ={}),
            Step(name="Somebody raises a cluster", script=script, environ={}),
            *nightly,
        ],
        store="issues.json",
    )
    (found,) = _comments(checkout, "issues.json")
    assert (found["state"], found["edits"], found["labels"]) == ("open", 0, ["plumbline-drift"])
    assert "cpu-cluster" in found["title"]
    assert "maxNodeCount" in found["body"]
    assert "plumbline drift fix" in found["body"]
    azure = azure_steps(AZURE / "drift.yml", _CLOUD)
    _run(
        checkout, [Step(name="Put it back", script=update, environ={}), *nightly, *azure], store="issues.json"
    )
    (closed,) = _comments(checkout, "issues.json")
    assert (closed["number"], closed["state"]) == (found["number"], "closed")


@pytest.mark.parametrize("path", sorted(GITHUB.glob("*.yml")), ids=lambda path: path.name)
def test_no_workflow_is_left_out(path: Path) -> None:
    assert path.name in Path(__file__).read_text()
