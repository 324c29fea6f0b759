"""Protects the way of a release from dev to prod and back: refused for every reason, proven live, and nobody's to destroy."""

from __future__ import annotations

import fcntl
import json
import re
import shlex
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.project_copy import REPOSITORY
from tests.rehearsed import Rehearsal, rehearsed
from tests.transcript import Transcript
from tests.workflow_checkout import ELSEWHERE, move_stack
from tests.workflow_steps import github_steps

PIPELINE = Path("pipelines/claims_release")
TERMS = PIPELINE / "release.yml"
STAGING, PROD = Path("stacks/locks/staging.yaml"), Path("stacks/locks/prod.yaml")
TO_STAGING = ("promote", "claims_release", "--from", "dev", "--to", "staging")
TO_PROD = ("promote", "claims_release", "--from", "staging", "--to", "prod")
WORKFLOWS = REPOSITORY / ".github/workflows"
RUN_SECONDS = 240
ENDED = {"completed", "failed", "canceled"}
REHEARSE = "rehearse dev --with shared --with staging --with prod --keep -- pulumi up -s shared"
PAGES = (Path("docs/guides/promotion.md"), Path("docs/runbooks/rollback.md"))
CLOSED = """change_window:
  days: [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday]
  hours: 00:00-24:00
  time_zone: Etc/UTC
  exclusions:
    - {from: "2020-01-01", to: "2099-12-31", reason: frozen}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Four stacks on one emulator; alice and bob may read what runs of dev write."""
    folder = tmp_path_factory.mktemp("promotion") / "project"
    with rehearsed(folder, "dev", "shared", "staging", "prod") as world:
        world.shell("deployer")
        people = [world.ready["principals"][who]["object_id"] for who in ("alice", "bob")]
        with (folder / "Pulumi.dev.yaml").open("a") as file:
            file.write("  azure-ml-platform:reviewers:\n" + "".join(f"    - {one}\n" for one in people))
            file.write("  azure-ml-platform:protected: false\n")
        _rewrite(world, TERMS, re.compile(r"^change_window:.*?(?=^rollback:)", re.DOTALL | re.MULTILINE), "")
        move_stack(folder, "prod", ELSEWHERE)
        world.project.commit("Reviewers, no change window, and prod in a subscription of its own")
        world.read_files_again()
        # As the guide has it, for the first of them.
        world.project.plumbline(*shlex.split(REHEARSE), "--yes", "--skip-preview", "--non-interactive")
        world.ran |= {_plain(f"plumbline {REHEARSE}"), _plain(REHEARSE.partition(" -- ")[2])}
        world.shell("deployer")
        with ThreadPoolExecutor() as pool:
            list(pool.map(world.up, ("dev", "staging", "prod")))
        yield world


def _rewrite(world: Rehearsal, path: Path, old: re.Pattern[str] | str, new: str) -> None:
    file = world.project.root / path
    text = file.read_text()
    changed = old.sub(new, text) if isinstance(old, re.Pattern) else text.replace(old, new)
    assert changed != text, path
    file.write_text(changed)


class _Story:
    """Runs commands and keeps them in a transcript."""

    def __init__(self, world: Rehearsal) -> None:
        self.world, self.transcript = world, Transcript("promotion")

    def plumbline(
        self, *words: str, who: str = "deployer", code: int = 0, shown: bool = True
    ) -> subprocess.CompletedProcess[str]:
        answer = self.world.run("plumbline", *words, who=who, check=False)
        assert answer.returncode == code, f"{words}: {answer.returncode}\n{answer.stdout}\n{answer.stderr}"
        root = str(self.world.project.root)
        printed = [text.replace(root, ".") if shown else "" for text in (answer.stdout, answer.stderr)]
        self.transcript.add(
            f"plumbline {' '.join(words)}", subprocess.CompletedProcess(words, code, *printed)
        )
        return answer


@pytest.mark.soak
def test_a_release_goes_from_dev_to_prod_and_back(world: Rehearsal) -> None:
    story = _Story(world)
    story.transcript.say("a training script is changed, merged, and brought up in dev")
    with (world.project.root / PIPELINE / "components/train/src/train.py").open("a") as file:
        file.write("# The tail of the distribution is looked at next quarter.\n")
    world.project.commit("Change the training script")
    world.up("dev")
    assert _codes(story.plumbline(*TO_STAGING, code=3)) == {"no-run"}
    job = _ran(world)
    _refusals_before_approval(story, job)
    story.plumbline("releases", "list")

    story.transcript.say("promoted to staging, and from there to prod")
    story.plumbline(*TO_STAGING, "--despite-drift", "cpu-cluster")
    world.project.commit("Promote to staging")
    assert "2 created" in world.up("staging")
    story.plumbline("releases", "show", "--stack", "staging", "--live")
    _goes_on_from_staging_by_the_workflow(world)
    with _out_of_reach(world, "dev"):
        story.plumbline(*TO_PROD)
    first = (world.project.root / PROD).read_text()
    world.project.commit("Promote to prod")
    world.up("prod")
    story.plumbline("releases", "show", "--stack", "prod", "--live")

    _tampering_is_refused_by_the_update(world, first)

    story.transcript.say("somebody pauses the schedule of prod; drift finds it; it is repaired")
    world.client("disable", place="prod")
    assert world.run("plumbline", "drift", "--stack", "prod", check=False).returncode == 3
    review = world.run("plumbline", "review", "--stack", "prod", "--base", "main").stdout
    assert "claims_release_weekly" in review
    assert "enabled" in review
    story.plumbline(
        "releases", "show", "--stack", "prod", "--live", "--query", "[?!holds].problem", "-o", "tsv", code=3
    )
    world.up("prod")
    story.plumbline("releases", "show", "--stack", "prod", "--live")

    story.transcript.say("a bad release goes to prod past its change window, and is taken back")
    _rewrite(world, PIPELINE / "schedule.yml", "hours: 6", "hours: 3")
    _rewrite(world, TERMS, re.compile("^rollback:", re.MULTILINE), f"{CLOSED}rollback:")
    world.project.commit("Run it at night")
    straight = ("promote", "claims_release", "--from", "dev", "--to", "prod")
    story.plumbline(*straight, "--override", "the meeting is moved", "--owner", "claims-analytics")
    world.project.commit("Promote the night run")
    world.up("prod")
    story.plumbline("releases", "diff", "claims_release", "--stack", "prod")
    story.plumbline("releases", "list", "--stack", "prod", "--history")
    _rolls_back_by_pull_request(world, first)
    story.plumbline("rollback", "--stack", "prod", "--up", shown=False)
    assert (world.project.root / PROD).read_text() == first
    world.project.commit("Roll back")
    story.plumbline("releases", "show", "--stack", "prod", "--live")
    story.plumbline("releases", "diff", "claims_release", "--stack", "staging", "--with", "prod")
    story.plumbline("rollback", "--stack", "prod", code=1)
    story.transcript.require_unchanged()
    _prod_outlives_dev_and_staging(world)
    for page in PAGES:
        missing = [line for line in _commands_of(page) if _plain(line.replace("JOB", job)) not in world.ran]
        assert not missing, f"{page}: this test runs every command but these"


def _by_workflow(world: Rehearsal, name: str, step_name: str, **inputs: str) -> Path:
    """Run a step of a GitHub workflow as the release identity; answers the runner's temporary folder."""
    values = defaultdict(str, {f"inputs.{key.strip('_')}": value for key, value in inputs.items()})
    (step,) = [one for one in github_steps(WORKFLOWS / name, values) if one.name == step_name]
    folder = world.project.root.parent / name
    folder.mkdir()
    words = [f"{key}={value}" for key, value in step.environ.items() if value in inputs.values()]
    script = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.script)
    world.run("env", f"RUNNER_TEMP={folder}", *words, *script, who="releaser")
    return folder


def _goes_on_from_staging_by_the_workflow(world: Rehearsal) -> None:
    """The run is the one that staging's lock names; what is in the registry already is not published again."""
    inputs = {"pipeline": "claims_release", "from_": "staging", "to": "prod"}
    folder = _by_workflow(world, "promote.yml", "Register the model, write the evidence, promote", **inputs)
    answer = json.loads((folder / "promotion/promotion.json").read_text())
    assert (answer["changed"], answer["published"]) == (True, [])
    assert (folder / "promotion/lock.yaml").read_bytes() == (world.project.root / PROD).read_bytes()
    (world.project.root / PROD).unlink()


def _rolls_back_by_pull_request(world: Rehearsal, first: str) -> None:
    """The workflow's own commands restore the lock, as the release identity; nothing is live of it yet."""
    folder = _by_workflow(
        world, "rollback.yml", "Restore the lock before", stack="prod", pipeline="claims_release"
    )
    assert (folder / "rollback/lock.yaml").read_text() == first
    assert "| schedule | claims_release_weekly |" in (folder / "rollback/body.md").read_text()
    world.project.git("checkout", "--", str(PROD))


@contextmanager
def _out_of_reach(world: Rehearsal, stack: str) -> Iterator[None]:
    """Whoever promotes from staging to prod has the stacks' files, and not dev's state."""
    state = world.project.root / ".plumbline" / "rehearsals" / "dev"
    (file,) = (one for one in state.rglob(f"{stack}.json") if one.parent.parent.name == "stacks")
    away = file.with_suffix(".away")
    file.rename(away)
    try:
        yield
    finally:
        away.rename(file)


def _ran(world: Rehearsal) -> str:
    """A green run that alice submitted."""
    file = str(PIPELINE / "pipeline.yml")
    words = ("job", "create", "--file", file, "--stream", "--stack", "dev", "--output", "json")
    return str(json.loads(world.run("plumbline", *words, who="alice").stdout)["name"])


def _plain(command: str) -> str:
    """A command without what only a machine says, and with its long options."""
    words = shlex.split(command)
    asked = ("--yes", "--skip-preview", "--non-interactive")
    return " ".join("--stack" if word == "-s" else word for word in words if word not in asked)


def _commands_of(page: Path) -> list[str]:
    """The commands of a page's shell blocks; git's are the reader's own."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", (REPOSITORY / page).read_text(), re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("git ")]


def _codes(answer: subprocess.CompletedProcess[str]) -> set[str]:
    return {line.partition(":")[0].strip() for line in answer.stderr.splitlines() if line.startswith("  ")}


def _refusals_before_approval(story: _Story, job: str) -> None:
    """Everything that refuses, all of it at once where it can be; then nothing of it."""
    world, root = story.world, story.world.project.root
    world.run("plumbline", "evidence", "write", job, "--stack", "dev")
    evidence = root / ".plumbline" / "evidence" / job / "evidence.json"
    honest = evidence.read_bytes()
    evidence.write_bytes(honest.replace(b'"passed"', b'"failed"', 1))
    train = _version(world, "claims_train")
    world.client("archive", "claims_train", train, place="dev")
    world.client("raise", "9", place="staging")
    (root / PIPELINE / "NOTES.md").write_text("not committed\n")
    assert _codes(story.plumbline(*TO_STAGING, "--branch", "release", code=3, shown=False)) == {
        "evidence-tampered", "no-approval", "archived", "drifted", "dirty", "not-on-branch",
    }  # fmt: skip
    evidence.write_bytes(honest)
    world.run("plumbline", "model", "approve", job, "--yes", "--stack", "dev", who="bob")
    world.client("restore", "claims_train", train, place="dev")
    (root / PIPELINE / "NOTES.md").unlink()
    with (root / ".plumbline/promotions/staging.lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.truncate(0)
        held.write(
            '{"what": "promotion", "by": "carol", "host": "laptop", "pid": 7, "since": "2026-11-27T10:00:00Z"}'
        )
        held.flush()
        refused = story.plumbline(*TO_STAGING, code=1)
        assert "held by promotion of carol@laptop (pid 7)" in refused.stderr


def _tampering_is_refused_by_the_update(world: Rehearsal, lock: str) -> None:
    """A lock that somebody edited, and a registry that does not hold it any more, stop an update before it begins."""
    path = world.project.root / PROD
    preview = ("pulumi", "preview", "--stack", "prod", "--non-interactive")
    path.write_text(lock.replace("hours:\n", "hours:\n              - 5\n", 1))
    assert path.read_text() != lock
    refused = world.run(*preview, check=False)
    assert refused.returncode != 0
    assert "releases.0.schedules.0.content_hash: got" in refused.stdout + refused.stderr
    path.write_text(lock)
    registry = re.search(r"^registry: (\S+)$", lock, re.MULTILINE)
    version = re.search(r"name: claims_train\n +version: (\S+)", lock)
    assert registry is not None
    assert version is not None
    world.client("retire", registry[1], "claims_train", version[1], place="prod")
    refused = world.run(*preview, check=False)
    assert refused.returncode != 0
    assert f"got it archived in registry {registry[1]}" in refused.stdout + refused.stderr
    world.client("unretire", registry[1], "claims_train", version[1], place="prod")


def _version(world: Rehearsal, component: str) -> str:
    found: list[dict[str, Any]] = world.answer("component", "list", "--stack", "dev", "--name", component)
    return str(found[0]["version"])


def _prod_outlives_dev_and_staging(world: Rehearsal) -> None:
    """Nothing that prod runs belongs to another stack: they go, its schedule fires, and its job ends well."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(world.destroy, ("staging", "dev")))
    assert world.run("plumbline", "releases", "show", "--stack", "prod", "--live").returncode == 0
    job = world.client("trigger", place="prod")
    deadline = time.monotonic() + RUN_SECONDS
    # An enumeration's name while it is one of azure-ai-ml's, else its value.
    while (status := world.client("status", job, place="prod").rpartition(".")[2].lower()) not in ENDED:
        assert time.monotonic() < deadline, status
    assert status == "completed"
