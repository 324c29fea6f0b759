"""A checkout in which a CI service's steps run in their order, within one rehearsal of the stacks that they work on."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.project_copy import REPOSITORY, ProjectCopy
from tests.workflow_steps import Step, github_steps

GITHUB, AZURE = REPOSITORY / ".github/workflows", REPOSITORY / ".azure-pipelines"
TENANT = "33333333-3333-4333-8333-333333333333"  # as Pulumi.dev.yaml pins it
SUBSCRIPTION = "44444444-4444-4444-8444-444444444444"  # the same, of every stack
ELSEWHERE = "55555555-5555-4555-8555-555555555555"
TRAIN = "pipelines/claims_release/components/train/src/train.py"
SECONDS = 500
OUTPUT = "output of a step: "
# The emulator's services that stand for the identities of two environments; the others are its deployer.
APPROVAL, PROMOTION = "pipeline", "releaser"
PRINCIPALS = {"owner": "owner", "approve": APPROVAL, "promote": PROMOTION, "restore": PROMOTION}


def make_checkout(root: Path) -> ProjectCopy:
    """A checkout with a remote, and stand-ins for the services that comments go to."""
    copy = ProjectCopy.make(root)
    for folder in (GITHUB.parent, AZURE):
        shutil.copytree(folder, copy.root / folder.name)
    programs = copy.root / ".git" / "programs"
    programs.mkdir()
    for name in ("gh", "curl"):
        words = shlex.join([sys.executable, str(REPOSITORY / "tests" / "comment_service.py"), name])
        script = f'#!/bin/sh\nexec {words} "$@"\n'
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    (copy.root / ".git/info/exclude").write_text("/.venv\n/plumbline\n")
    _name_the_workflows_identities(copy.root)
    move_stack(copy.root, "staging", ELSEWHERE)
    copy.commit("As it is checked out")
    copy.git("init", "--quiet", "--bare", f"{copy.root}.git")
    copy.git("remote", "add", "origin", f"{copy.root}.git")
    copy.git("push", "--quiet", "origin", "main")
    return copy


def move_stack(root: Path, stack: str, subscription: str) -> None:
    """Let a stack that runs releases live in a subscription of its own; the registry stays where it is."""
    file = root / f"Pulumi.{stack}.yaml"
    text, named = file.read_text(), "    stack: shared\n"
    assert text.count(SUBSCRIPTION) == 2
    assert text.count(named) == 1
    text = text.replace(SUBSCRIPTION, subscription)
    file.write_text(text.replace(named, f"{named}    subscriptionId: {SUBSCRIPTION}\n"))


def object_id(principal: str) -> str:
    """Of one of the emulator's people and services; it follows from the tenant."""
    space = uuid.uuid5(uuid.NAMESPACE_URL, f"plumbline-emulator/{TENANT}")
    return str(uuid.uuid5(space, f"{principal}/object"))


def _name_the_workflows_identities(root: Path) -> None:
    """What docs/guides/promotion.md has a team set up once, for the emulator's identities; and no change window."""
    reviewer, publisher = object_id(APPROVAL), object_id(PROMOTION)
    with (root / "Pulumi.dev.yaml").open("a") as file:
        file.write(f"  azure-ml-platform:reviewingWorkflows: [{reviewer}]\n")
    shared = root / "Pulumi.shared.yaml"
    named = "  azure-ml-platform:publishers:\n"
    entry = f"    - {{objectId: {publisher}, type: ServicePrincipal}}\n"
    shared.write_text(shared.read_text().replace(named, named + entry))
    terms = root / "pipelines/claims_release/release.yml"
    terms.write_text(
        re.sub(
            r"^change_window:.*?(?=^rollback:)", f"approval: {{approvers: [{reviewer}]}}\n", terms.read_text(),
            flags=re.DOTALL | re.MULTILINE,
        )
    )  # fmt: skip


def run_steps(checkout: ProjectCopy, steps: list[Step], *, store: str, also: tuple[str, ...] = ()) -> None:
    """Run steps one after the other within one rehearsal of dev and other stacks; each must end well.

    Each job of a workflow sets its machine up; there is one machine here, set up once.
    """
    first = {step.script: step for step in reversed(steps) if step.name == "Set up"}
    steps = [step for step in steps if step.name != "Set up" or step is first[step.script]]
    folder = temporary_folder(checkout)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    paths = {name: folder / name.lower() for name in ("GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    lines = [f'export PATH={checkout.root}/.git/programs:"$PATH" COMMENT_STORE={checkout.root}/.git/{store}']
    lines += [f"export {name}={path}; touch {path}" for name, path in paths.items()]
    lines.append(f"export RUNNER_TEMP={folder} AZURE_RUNS={azure_folder(checkout, '')}")
    lines.append('engine=$(dirname "$(command -v pulumi)")')
    ready = f"{checkout.root}/.plumbline/rehearsals/dev/emulator/ready.json"
    for at, step in enumerate(steps):
        script = folder / f"{at}.sh"
        script.write_text(step.script)
        words = " ".join(f"{name}={_word(value)}" for name, value in step.environ.items() if name in _OURS)
        # Before it stays the rehearsal's own `pulumi`, which finds the copy of each stack's file.
        lines.append(
            'while read -r folder; do PATH="$folder:$PATH"; done < "$GITHUB_PATH"; PATH="$engine:$PATH"'
        )
        # What sets up the tools belongs to this repository's environment, not to the copy's link to it.
        place = REPOSITORY if step.name == "Set up" else checkout.root
        who = PRINCIPALS.get(step.job)
        if who:
            # Each environment has a login of its own.
            login = f"$(jq -r .principals.{who}.identity_header {ready})"
            words += f' PLUMBLINE_PRINCIPAL={who} IDENTITY_HEADER="{login}"'
        run = f"env {words} bash --noprofile --norc -eo pipefail {script}"
        lines.append(f"(cd {shlex.quote(str(place))} && {run}); echo $? > {folder}/{at}.status")
    (folder / "all.sh").write_text("\n".join(lines))
    others = [word for name in also for word in ("--with", name)]
    answer = checkout.plumbline(
        "rehearse", "dev", *others, "--", "bash", str(folder / "all.sh"), check=False, seconds=SECONDS
    )
    statuses = [(step.name, (folder / f"{at}.status").read_text().strip()) for at, step in enumerate(steps)]
    assert {status for _, status in statuses} == {"0"}, f"{statuses}\n{answer.stdout}\n{answer.stderr}"


def _word(value: str) -> str:
    """A value as the shell gets it; what a step before put out is read when this one runs."""
    if value.startswith(OUTPUT):
        return f'"$(sed -n \'s/^{value.removeprefix(OUTPUT)}=//p\' "$GITHUB_OUTPUT")"'
    return shlex.quote(value)


def temporary_folder(checkout: ProjectCopy) -> Path:
    """The service's temporary folder, beside the checkout."""
    return checkout.root.parent / "temp"


# The login and the state of a real cloud are what a rehearsal replaces.
_OURS = (
    "BASE",
    "BEFORE",
    "TARGET",
    "PIPELINE",
    "STACK",
    "FROM",
    "TO",
    "JOB",
    "DIGEST",
    "RUN",
    "REVIEWS",
    "PROJECT",
    "WORK_ITEM",
    "GH_TOKEN",
    "COMMENTS",
    "COMMENT",
    "ISSUES",
    "TOKEN",
    "THREADS",
)
NO_CLOUD = {
    "vars.AZURE_CLIENT_ID": "-", "vars.AZURE_TENANT_ID": "-", "vars.AZURE_SUBSCRIPTION_ID": "-",
    "vars.PULUMI_BACKEND_URL": "-", "PULUMI_BACKEND_URL": "-",
}  # fmt: skip


def azure_run(
    name: str, *, commit: str = "origin/main", variables: Mapping[str, str] | None = None, **parameters: str
) -> Step:
    """A whole run of one of Azure's files; the values are words of a shell."""
    words = [f'--parameter {key}="{value}"' for key, value in parameters.items()]
    words += [f'--variable {key}="{value}"' for key, value in (variables or {}).items()]
    program = f"PYTHONPATH={shlex.quote(str(REPOSITORY))} {shlex.quote(sys.executable)} -m tests.azure_agent"
    script = (
        f'{program} .azure-pipelines/{name} --commit "{commit}" --out "$AZURE_RUNS/{name}" {" ".join(words)}'
    )
    return Step(name=f"Azure Pipelines: {name}", script=script, environ={})


def azure_folder(checkout: ProjectCopy, name: str) -> Path:
    """Where a run of one of Azure's files leaves its record and artifacts."""
    return checkout.root.parent / "azure-runs" / name


def azure_record(checkout: ProjectCopy, name: str) -> dict[str, Any]:
    """What the newest run of one of Azure's files came to: stages, steps, summaries."""
    found: dict[str, Any] = json.loads((azure_folder(checkout, name) / "record.json").read_text())
    return found


def github_workflow(name: str, **values: str) -> list[Step]:
    """A workflow's steps, as an event of pull request 7 has them run."""
    event = {
        "github.token": "a-token",
        "github.repository": "team/platform",
        "github.event.pull_request.number || inputs.number": "7",
        "github.server_url": "https://github.com",
        "github.run_id": "99",
        "matrix.stack": "dev",
        "needs.candidate.outputs.digest": f"{OUTPUT}digest",
    }
    return github_steps(GITHUB / name, NO_CLOUD | event | values)
