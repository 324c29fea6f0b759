"""Protects a release run from submission to its reader: submit, watch, read, fetch, rerun, and the gate that closes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import Any

import pytest
import requests

from tests.project_copy import ProjectCopy

FILE = "pipelines/claims_release/pipeline.yml"
STEPS = ["validate", "features", "train", "evaluate", "gate"]
LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  ")


def asked(platform: ProjectCopy, *words: str) -> Any:
    """The JSON that a command answers."""
    return json.loads(platform.plumbline(*words, "--stack", "local", "--output", "json").stdout)


def answered_by_client(platform: ProjectCopy, question: str) -> Any:
    """What the unmodified MLClient answers, in a process with the environment that `plumbline local env` prints."""
    program = (
        "import json, os, logging; logging.disable(logging.CRITICAL)\n"
        "from azure.ai.ml import MLClient; from azure.identity import DefaultAzureCredential\n"
        "client = MLClient(DefaultAzureCredential(), os.environ['AZURE_SUBSCRIPTION_ID'],"
        " os.environ['AZURE_RESOURCE_GROUP'], os.environ['AZUREML_WORKSPACE_NAME'])\n"
        f"{question}\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], env=platform.client_environment(), cwd=platform.root, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def released(platform: ProjectCopy) -> subprocess.CompletedProcess[str]:
    """The claims release, submitted and followed as a CI script would, its answer as JSON; every step of it runs."""
    return platform.plumbline(
        "job", "create", "--file", FILE, "--set", "settings.force_rerun=true", "--stream", "--stack", "local",
        "--output", "json",
    )  # fmt: skip


@pytest.fixture(scope="module")
def job(released: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(released.stdout)
    return found


def test_a_green_run_ends_0_with_one_json_document_on_stdout(
    platform: ProjectCopy, job: dict[str, Any]
) -> None:
    assert job["type"] == "pipeline"
    assert job["status"] == "Completed"
    assert job["display_name"] == "Claims release"
    assert job["services"]["Studio"]["endpoint"].startswith("https://127.0.0.1:")
    assert sorted(job["jobs"]) == sorted(STEPS)
    assert job["tags"]["plumbline.pipeline"] == "claims_release"
    assert re.fullmatch(r"[0-9a-f]{64}", job["tags"]["plumbline.digest"])
    assert job["tags"]["plumbline.commit"].startswith(platform.git("rev-parse", "HEAD").strip())


def test_the_signed_address_of_the_studio_is_in_no_output_but_of_the_command_that_opens_it(
    platform: ProjectCopy, released: subprocess.CompletedProcess[str], job: dict[str, Any]
) -> None:
    name = job["name"]
    said = [released.stdout + released.stderr]
    for words in (
        ("show", name), ("show", name, "--output", "json"), ("show", name, "--output", "markdown"),
        ("stream", name), ("list",), ("list", "--output", "json"), ("list", "--parent-job-name", name, "--output", "json"),
        ("logs", name), ("rerun", name, "--stream"), ("rerun", name, "--stream", "--output", "json"),
    ):  # fmt: skip
        answer = platform.plumbline("job", *words, "--stack", "local")
        said.append(answer.stdout + answer.stderr)
    assert not [text for text in said if "sig=" in text]
    assert f"Studio: plumbline job open {name} --stack local" in said[0]
    address = platform.plumbline("job", "open", name, "--print", "--stack", "local").stdout.strip()
    assert "sig=" in address
    ca = platform.ready()["ca_path"]
    assert requests.get(address, verify=ca, timeout=120).status_code == 200
    assert requests.get(address.partition("?")[0], verify=ca, timeout=120).status_code in (401, 403)


def test_without_a_terminal_each_status_change_is_a_line_and_the_end_tells_times_and_verdict(
    released: subprocess.CompletedProcess[str],
) -> None:
    lines = released.stderr.splitlines()
    stamped = [line for line in lines if LINE.match(line)]
    for step in STEPS:
        assert any(f"  {step}" in line and "  Completed" in line for line in stamped), released.stderr
    assert any(
        re.match(r"Step +Outcome +Queued +Preparing +Running +Uploading +Seconds", line) for line in lines
    )
    assert "Verdict: pass, 7 of 7 thresholds reached." in lines
    assert "reused" not in released.stderr
    assert "\x1b" not in released.stderr
    assert "experimental" not in released.stderr


def test_show_and_list_agree_with_the_official_client(platform: ProjectCopy, job: dict[str, Any]) -> None:
    ours = asked(platform, "job", "show", job["name"])
    theirs = answered_by_client(
        platform,
        f"found = client.jobs.get({job['name']!r})._to_dict(); found['status'] = client.jobs.get({job['name']!r}).status\n"
        "print(json.dumps(found, default=str))",
    )
    for name in ("name", "id", "type", "status", "display_name", "experiment_name", "description", "tags",
                 "properties", "inputs", "outputs", "settings"):  # fmt: skip
        assert ours.get(name) == theirs.get(name), name
    for name in ("created_at", "created_by"):
        assert ours["creation_context"][name] == theirs["creation_context"][name]
    assert {name: service["type"] for name, service in ours["services"].items()} == {
        name: service["type"] for name, service in theirs["services"].items()
    }
    assert ours["jobs"] == theirs["jobs"]
    listed = answered_by_client(platform, "print(json.dumps([job.name for job in client.jobs.list()]))")
    assert [row["name"] for row in asked(platform, "job", "list")] == listed


def test_the_steps_of_a_job_agree_with_the_official_client(
    platform: ProjectCopy, job: dict[str, Any]
) -> None:
    ours = asked(platform, "job", "list", "--parent-job-name", job["name"])
    theirs = answered_by_client(
        platform,
        f"print(json.dumps([[one.name, one.display_name, one.status] for one in client.jobs.list(parent_job_name="
        f"{job['name']!r})]))",
    )
    assert [[row["name"], row["display_name"], row["status"]] for row in ours] == theirs
    assert {row["parent_job_name"] for row in ours} == {job["name"]}


def test_scripts_read_a_name_and_an_endpoint_as_plain_text(
    platform: ProjectCopy, job: dict[str, Any]
) -> None:
    words = ("--stack", "local", "--output", "tsv", "--query")
    assert platform.plumbline("job", "show", "-n", job["name"], *words, "status").stdout == "Completed\n"
    listed = platform.plumbline("job", "list", "--max-results", "1", *words, "[].status").stdout
    assert listed in {"Completed\n", "Failed\n"}


def test_show_for_people_has_the_steps_and_markdown_the_graph(
    platform: ProjectCopy, job: dict[str, Any]
) -> None:
    table = platform.plumbline("job", "show", job["name"], "--stack", "local").stdout
    assert [line.split()[0] for line in table.splitlines()[-5:]] == STEPS
    markdown = platform.plumbline(
        "job", "show", job["name"], "--stack", "local", "--output", "markdown"
    ).stdout
    assert "```mermaid\ngraph LR" in markdown
    assert "features -->|training| train" in markdown


def test_a_step_is_a_job_too(platform: ProjectCopy, job: dict[str, Any]) -> None:
    step = asked(platform, "job", "list", "-p", job["name"])[2]
    shown = asked(platform, "job", "show", step["name"])
    assert shown["type"] == "command"
    assert shown["parent_job_name"] == job["name"]
    assert shown["status"] == "Completed"


def test_a_finished_job_streams_to_its_end_again(platform: ProjectCopy, job: dict[str, Any]) -> None:
    answer = platform.plumbline("job", "stream", job["name"], "--stack", "local")
    assert "Verdict: pass, 7 of 7 thresholds reached." in answer.stdout


def test_logs_of_one_step_are_its_lines_and_of_all_steps_say_whose_they_are(
    platform: ProjectCopy, job: dict[str, Any]
) -> None:
    gate = platform.plumbline("job", "logs", job["name"], "--step", "gate", "--stack", "local").stdout
    assert gate.splitlines()[0] == "gate open: 7 of 7 thresholds reached"
    every = platform.plumbline("job", "logs", job["name"], "--stack", "local").stdout
    assert "[gate] gate open: 7 of 7 thresholds reached" in every.splitlines()
    wrong = platform.plumbline("job", "logs", job["name"], "--step", "gates", "--stack", "local", check=False)
    assert wrong.returncode == 1
    assert "expected one of validate, features, train, evaluate, gate" in wrong.stderr


def test_one_output_or_everything_is_fetched(platform: ProjectCopy, job: dict[str, Any]) -> None:
    platform.plumbline(
        "job", "download", job["name"], "--output-name", "evaluation", "-p", "one", "--stack", "local"
    )
    fetched = platform.root / "one" / "named-outputs" / "evaluation"
    metrics = json.loads((fetched / "metrics.json").read_text())["metrics"]
    assert metrics["gini"] > 0.24
    assert (fetched / "lift.png").read_bytes().startswith(b"\x89PNG")
    assert not (platform.root / "one" / "artifacts").exists()
    platform.plumbline("job", "download", job["name"], "--all", "-p", "every", "--stack", "local")
    every = platform.root / "every"
    assert {path.name for path in (every / "named-outputs").iterdir()} == set(job["outputs"])
    assert (every / "artifacts" / "train" / "user_logs" / "std_log.txt").is_file()
    wrong = platform.plumbline(
        "job", "download", job["name"], "--output-name", "evaluations", "--stack", "local", check=False
    )
    assert wrong.returncode == 1
    assert "expected one of the job's outputs: evaluation, features" in wrong.stderr


def test_a_rerun_is_an_ordinary_job_that_reuses_everything_and_says_so(
    platform: ProjectCopy, job: dict[str, Any]
) -> None:
    platform.control("DELETE", "requests")
    began = time.monotonic()
    answer = platform.plumbline("job", "rerun", job["name"], "--stream", "--stack", "local", "-o", "json")
    seconds = time.monotonic() - began
    again = json.loads(answer.stdout)
    assert again["status"] == "Completed"
    assert again["name"] != job["name"]
    assert again["tags"]["plumbline.rerun_of"] == job["name"]
    assert again["tags"]["plumbline.digest"] == job["tags"]["plumbline.digest"]
    assert again["inputs"] == job["inputs"]
    assert job["settings"]["force_rerun"] is True
    assert not again["settings"].get("force_rerun")
    assert f"{again['name']} is a rerun of {job['name']}." in answer.stderr
    for step in STEPS:
        assert f"Completed, reused from {job['name']}" in answer.stderr
        assert again["jobs"][step]["component"] == job["jobs"][step]["component"]
    saved = re.search(r"Reused: (.*)\. Ran: none\. Reuse saved (\d+\.\d) s\.", answer.stderr)
    assert saved is not None
    assert saved.group(1).split(", ") == STEPS
    assert float(saved.group(2)) > 1
    assert seconds < 60
    # Nothing was written but the job itself.
    assert [entry for entry in platform.writes() if "/jobs/" not in entry] == []


def test_logs_of_a_reused_step_are_those_of_the_run_that_was_reused(
    platform: ProjectCopy, job: dict[str, Any]
) -> None:
    again = platform.plumbline(
        "job", "rerun", job["name"], "--stack", "local", "-o", "tsv", "--query", "name"
    )
    name = again.stdout.strip()
    platform.plumbline("job", "stream", name, "--stack", "local")
    gate = platform.plumbline("job", "logs", name, "--step", "gate", "--stack", "local").stdout
    assert gate.splitlines()[0] == "gate open: 7 of 7 thresholds reached"


def test_the_green_run_of_a_digest_is_found_and_no_other(platform: ProjectCopy, job: dict[str, Any]) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from plumbline.ops.azure_session import AzureSession\n"
        "from plumbline.ops.job.digest import job_digest\n"
        "from plumbline.ops.job.release_run import find_green_run, folder_definition, release_job\n"
        "from plumbline.ops.target import enter_target\n"
        "digest = job_digest(release_job(folder_definition(Path('pipelines/claims_release'))))\n"
        "session = AzureSession(enter_target('local'))\n"
        "found = find_green_run(session, digest)\n"
        "print(digest, found['properties']['status'], find_green_run(session, '0' * 64))\n"
    )
    answer = platform.run([sys.executable, "-c", program], check=True, environ=platform.client_environment())
    assert answer.stdout.split() == [job["tags"]["plumbline.digest"], "Completed", "None"]


def test_a_tag_that_somebody_wrote_by_hand_finds_no_green_run(
    platform: ProjectCopy, job: dict[str, Any]
) -> None:
    answered_by_client(
        platform,
        f"forged = client.jobs.get({job['name']!r}); forged.tags = {{**forged.tags, 'plumbline.digest': 'f' * 64}}\n"
        "client.jobs.create_or_update(forged); print('null')",
    )
    assert asked(platform, "job", "show", job["name"])["tags"]["plumbline.digest"] == "f" * 64
    program = (
        "from plumbline.ops.azure_session import AzureSession\n"
        "from plumbline.ops.job.release_run import find_green_run\n"
        "from plumbline.ops.target import enter_target\n"
        "print(find_green_run(AzureSession(enter_target('local')), 'f' * 64))\n"
    )
    answer = platform.run([sys.executable, "-c", program], check=True, environ=platform.client_environment())
    assert answer.stdout == "None\n"


def test_a_weak_model_closes_the_gate_with_exit_3_and_the_reasons(
    platform: ProjectCopy, job: dict[str, Any]
) -> None:
    words = ("job", "create", "-f", FILE, "--set", "inputs.alpha=10", "--stack", "local")
    answer = platform.plumbline(*words, "--stream", "-o", "json", check=False)
    assert answer.returncode == 3, answer.stderr
    weak = json.loads(answer.stdout)
    assert weak["status"] == "Failed"
    assert weak["inputs"]["alpha"] == "10.0"
    assert weak["tags"]["plumbline.digest"] != job["tags"]["plumbline.digest"]
    assert re.search(r"Gate closed: \d of 7 thresholds missed\.", answer.stderr)
    assert re.search(r"d2_gamma +0\.\d+, threshold at least 0\.08", answer.stderr)
    assert "gate closed: d2_gamma" in answer.stderr
    # What the weak model did not touch is reused, and said so.
    assert "Reused: validate, features." in answer.stderr
    streamed = platform.plumbline("job", "stream", weak["name"], "--stack", "local", check=False)
    assert streamed.returncode == 3
    why = {one["subject"]: one for one in asked(platform, "explain", "step", weak["name"])["answers"]}
    assert set(why) == {"train", "evaluate", "gate"}
    parts = [(one["part"], one["old"], one["new"]) for one in why["train"]["reasons"]]
    assert parts == [("inputs.alpha", "0.01", "10.0")]
    assert [one["part"] for one in why["evaluate"]["reasons"]] == [
        "inputs: train, whose output it reads, ran again"
    ]
    features = platform.plumbline(
        "explain", "step", weak["name"], "--step", "features", "--stack", "local"
    ).stdout
    assert "features did not run: it was reused from" in features


def test_a_terminal_gets_a_live_table_and_no_color_gets_lines(
    platform: ProjectCopy, job: dict[str, Any]
) -> None:
    def on_terminal(**more: str) -> str:
        import os
        import pty

        program = f"{sys.prefix}/bin/plumbline"
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [program, "job", "stream", job["name"], "--stack", "local"], cwd=platform.root, stdin=subprocess.DEVNULL,
            stdout=follower, stderr=follower, env=platform.client_environment() | {"TERM": "xterm-256color"} | more,
        )  # fmt: skip
        os.close(follower)
        shown = b""
        while True:
            try:
                chunk = os.read(leader, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
        os.close(leader)
        assert process.wait(timeout=120) == 0
        return shown.decode()

    assert "\x1b[" in on_terminal()
    plain = on_terminal(NO_COLOR="1")
    assert "\x1b" not in plain
    assert LINE.match(plain)


def test_logs_of_a_step_that_has_not_been_scheduled_yet_are_waited_for(platform: ProjectCopy) -> None:
    submitted = asked(platform, "job", "create", "--file", FILE, "--set", "settings.force_rerun=true")
    followed = platform.plumbline(
        "job", "logs", submitted["name"], "--step", "gate", "--follow", "--stack", "local"
    )
    assert followed.stdout.splitlines()[0] == "gate open: 7 of 7 thresholds reached"


def test_cancel_of_an_ended_job_says_that_it_had_ended(platform: ProjectCopy, job: dict[str, Any]) -> None:
    said = platform.plumbline("job", "cancel", job["name"], "--stack", "local").stdout
    assert said == f"{job['name']} had ended already: Completed.\n"


PASSING_FAULTS = [500, 503, 429, "close", "close-after", 0.2]


def test_a_run_is_followed_to_its_true_end_through_a_fifth_of_faults(
    platform: ProjectCopy, job: dict[str, Any]
) -> None:
    rule = {"path": ".*", "count": -1, "rate": 0.2, "seed": 11, "one_of": PASSING_FAULTS}
    platform.control("PUT", "faults", [rule])
    try:
        created = platform.plumbline("job", "create", "--file", FILE, "--stream", "--stack", "local")
        logs = platform.plumbline("job", "logs", str(job["name"]), "--follow", "--stack", "local")
        preview = platform.pulumi("preview", "-s", "local", "--non-interactive", "--expect-no-changes")
    finally:
        (met,) = platform.control("GET", "faults")
        platform.control("DELETE", "faults")
    assert met["fired"] >= 10, met
    assert "Verdict: pass" in created.stdout
    assert "[train]" in logs.stdout
    assert "unchanged" in preview.stdout


@pytest.mark.parametrize("fault", ["close-after", "close"])
def test_a_submission_whose_answers_are_lost_is_found_again_and_not_doubled(
    platform: ProjectCopy, job: dict[str, Any], fault: str
) -> None:
    name = f"lost-{fault}"
    # More often than any client tries: the answer never comes back, whatever became of the job.
    rule = {"method": "PUT", "path": f"/jobs/{name}$", "count": 40, "status": fault}
    platform.control("PUT", "faults", [rule])
    try:
        answer = platform.plumbline(
            "job", "create", "--file", FILE, "--name", name, "--stack", "local", check=False
        )
    finally:
        platform.control("DELETE", "faults")
    is_there = name in [one["name"] for one in asked(platform, "job", "list")]
    assert is_there is (fault == "close-after")
    assert answer.returncode == (0 if is_there else 1), answer.stderr
    assert is_there or "got no answer" in answer.stderr
    assert is_there or f"job {name}: it was not submitted" in answer.stderr
    assert "Unknown cloud" not in answer.stderr
