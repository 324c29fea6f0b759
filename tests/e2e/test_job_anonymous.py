"""Protects jobs outside of a release: they run, fail and end as told, and can never be taken for a release."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.project_copy import ProjectCopy, plain_environment

FOLDER = Path("pipelines/claims_release")
COMMAND = """
type: command
command: {command}
environment: azureml:claims_release@latest
compute: azureml:cpu-cluster
"""


@pytest.fixture(scope="module")
def broken(platform: ProjectCopy) -> Iterator[subprocess.CompletedProcess[str]]:
    """A pipeline whose training step fails, submitted as the file is and followed to its end."""
    script = platform.root / FOLDER / "components" / "train" / "src" / "train.py"
    kept = script.read_text()
    script.write_text('raise SystemExit("the matrix is singular")\n')
    try:
        yield platform.plumbline(
            "job", "create", "-f", str(FOLDER / "pipeline.yml"), "--anonymous", "--stream", "-s", "local", "-o", "json",
            check=False,
        )  # fmt: skip
    finally:
        script.write_text(kept)


def submitted(platform: ProjectCopy, command: str, *words: str) -> str:
    file = platform.root / "command.yml"
    file.write_text(COMMAND.format(command=json.dumps(command)))
    answer = platform.plumbline(
        "job",
        "create",
        "-f",
        "command.yml",
        "--anonymous",
        "-s",
        "local",
        "-o",
        "tsv",
        "--query",
        "name",
        *words,
    )
    return answer.stdout.strip()


def status_of(platform: ProjectCopy, name: str) -> str:
    answer = platform.plumbline("job", "show", name, "-s", "local", "-o", "tsv", "--query", "status")
    return answer.stdout.strip()


def wait_until(platform: ProjectCopy, name: str, *statuses: str) -> str:
    deadline = time.monotonic() + 120
    while (status := status_of(platform, name)) not in statuses:
        assert time.monotonic() < deadline, f"{name} is {status}"
        time.sleep(0.2)
    return status


def test_a_failing_step_ends_1_with_its_error_and_the_end_of_its_log(
    broken: subprocess.CompletedProcess[str],
) -> None:
    assert broken.returncode == 1
    assert json.loads(broken.stdout)["status"] == "Failed"
    assert re.search(r"^train: .*status code 1", broken.stderr, re.MULTILINE)
    assert "  | the matrix is singular" in broken.stderr
    assert re.search(r"gate +Canceled", broken.stderr)
    assert "Gate closed" not in broken.stderr
    assert "\x1b" not in broken.stderr


def test_what_depends_on_a_failed_step_is_run_again_by_a_rerun_and_the_rest_reused(
    platform: ProjectCopy, broken: subprocess.CompletedProcess[str]
) -> None:
    name = json.loads(broken.stdout)["name"]
    again = platform.plumbline("job", "rerun", name, "--stream", "-s", "local", "-o", "json", check=False)
    assert again.returncode == 1
    assert json.loads(again.stdout)["tags"]["plumbline.rerun_of"] == name
    assert "Reused: validate, features. Ran: train" in again.stderr


def test_an_anonymous_run_carries_no_digest_and_says_what_it_is(
    platform: ProjectCopy, broken: subprocess.CompletedProcess[str]
) -> None:
    tags = json.loads(broken.stdout)["tags"]
    assert tags["plumbline.anonymous"] == "true"
    assert "plumbline.digest" not in tags
    assert "plumbline.pipeline" not in tags
    listed = json.loads(platform.plumbline("component", "list", "-s", "local", "-o", "json").stdout)
    assert {row["name"] for row in listed} >= {"claims_train"}
    assert (
        len(
            json.loads(
                platform.plumbline(
                    "component", "list", "-n", "claims_train", "-s", "local", "-o", "json"
                ).stdout
            )
        )
        == 1
    )


def test_a_failing_command_job_shows_the_end_of_its_log(platform: ProjectCopy) -> None:
    name = submitted(platform, "echo some words; exit 7")
    answer = platform.plumbline("job", "stream", name, "-s", "local", check=False)
    assert answer.returncode == 1
    assert "status code 7" in answer.stdout
    assert "  | some words" in answer.stdout


def test_tags_of_a_release_in_the_file_are_not_believed(platform: ProjectCopy) -> None:
    file = platform.root / "forged.yml"
    file.write_text(COMMAND.format(command='"echo hello"') + 'tags: {plumbline.digest: "0", team: a}\n')
    answer = platform.plumbline(
        "job", "create", "-f", "forged.yml", "--anonymous", "--stream", "-s", "local", "-o", "json"
    )
    job = json.loads(answer.stdout)
    assert job["type"] == "command"
    assert job["status"] == "Completed"
    assert job["tags"]["team"] == "a"
    assert "plumbline.digest" not in job["tags"]


def test_cancel_ends_a_job_and_waits_for_it(platform: ProjectCopy) -> None:
    name = submitted(platform, "echo up; sleep 300")
    wait_until(platform, name, "Running")
    answer = platform.plumbline("job", "cancel", name, "-s", "local")
    assert answer.stdout == f"{name}: Canceled.\n"
    assert (
        platform.plumbline("job", "cancel", name, "-s", "local").stdout
        == f"{name} had ended already: Canceled.\n"
    )
    assert platform.plumbline("job", "stream", name, "-s", "local", check=False).returncode == 1


def test_logs_are_followed_while_they_grow(platform: ProjectCopy) -> None:
    name = submitted(platform, "for n in 1 2 3; do echo line $n; done; sleep 300")
    process = subprocess.Popen(
        [f"{sys.prefix}/bin/plumbline", "job", "logs", name, "--follow", "--stack", "local"], cwd=platform.root,
        env=plain_environment() | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    watchdog = threading.Timer(120, process.kill)
    watchdog.start()
    assert process.stdout is not None
    assert [process.stdout.readline().strip() for _ in range(3)] == ["line 1", "line 2", "line 3"]
    # The job goes on while its log is read; the log ends with it.
    assert status_of(platform, name) == "Running"
    platform.plumbline("job", "cancel", name, "-s", "local")
    process.stdout.read()
    process.wait()
    watchdog.cancel()
    assert process.returncode != -9


def test_a_running_job_cannot_be_rerun_or_fetched(platform: ProjectCopy) -> None:
    name = submitted(platform, "sleep 300")
    try:
        for verb, word in (("download", "expected an ended job"), ("rerun", "got a command job")):
            answer = platform.plumbline("job", verb, name, "-s", "local", check=False)
            assert answer.returncode == 1
            assert word in answer.stderr
    finally:
        platform.plumbline("job", "cancel", name, "-s", "local")


def test_a_name_that_is_taken_is_refused(platform: ProjectCopy) -> None:
    name = submitted(platform, "echo hello", "--name", "taken-name")
    assert name == "taken-name"
    again: Any = platform.plumbline(
        "job",
        "create",
        "-f",
        "command.yml",
        "--anonymous",
        "-s",
        "local",
        "--name",
        "taken-name",
        check=False,
    )
    assert again.returncode == 1
    assert "got a job of this name already" in again.stderr


def test_what_azure_ai_ml_finds_fault_with_is_one_message(platform: ProjectCopy) -> None:
    file = platform.root / "faulty.yml"
    file.write_text("type: pipeline\njobs: {a: {type: command, component: ./nowhere.yml}}\n")
    answer = platform.plumbline(
        "job", "create", "-f", "faulty.yml", "--anonymous", "-s", "local", check=False
    )
    assert answer.returncode == 1
    assert "jobs.a.component: " in answer.stderr
    assert "nowhere.yml" in answer.stderr
    assert "aka.ms" not in answer.stderr
    assert "bug" not in answer.stderr


def test_what_azure_refuses_reaches_the_user_as_one_message(platform: ProjectCopy) -> None:
    file = platform.root / "nowhere.yml"
    file.write_text(COMMAND.format(command='"echo hello"').replace("cpu-cluster", "no-such-cluster"))
    answer = platform.plumbline(
        "job", "create", "-f", "nowhere.yml", "--anonymous", "-s", "local", check=False
    )
    assert answer.returncode == 1
    assert "no-such-cluster" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "\x1b" not in answer.stderr
