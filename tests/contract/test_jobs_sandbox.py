"""Protects: a step sees its own files and its own run; the emulator's database, keys, other runs and rights are shut."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plumbline.emulator.executor.supervisor import landlock
from tests.contract.job_platform import JobPlatform, job_platform, produced
from tests.contract.machine_learning_platform import MachineLearningPlatform
from tests.emulator_process import EmulatorProcess

FOLDER = {"type": "uri_folder"}
needs_landlock = pytest.mark.skipif(landlock.abi() == 0, reason="this kernel has no Landlock")
# Plain Python: a step needs no package to try its token.
ASK = """
import json, os, ssl, sys, urllib.error, urllib.request
def ask(method, url, body=None):
    context = ssl.create_default_context(cafile=os.environ["MLFLOW_TRACKING_SERVER_CERT_PATH"])
    request = urllib.request.Request(url, method=method, data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
base = os.environ["MLFLOW_TRACKING_URI"]
root = base.split("/mlflow/")[0]
workspace = base.split("/v1.0", 1)[1]
api = base + "/api/2.0/mlflow"
own = os.environ["MLFLOW_RUN_ID"]
"""


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


@contextmanager
def _platform_at(home: Path) -> Iterator[JobPlatform]:
    with EmulatorProcess(home=home) as emulator:
        azure_ml = MachineLearningPlatform(emulator=emulator)
        azure_ml.build()
        with azure_ml.environment():
            platform = JobPlatform(azure_ml=azure_ml)
            platform.prepare()
            yield platform


def _script(body: str) -> str:
    return f"python - <<'END'\n{ASK}\n{body}\nEND"


@needs_landlock
def test_a_step_cannot_read_the_emulators_home_or_other_runs(jobs: JobPlatform) -> None:
    home = jobs.emulator.home
    tries = [
        home / "emulator.db",
        home / "signing.key",
        home / "principals.json",
        home / "control.key",
        home / "sas.key",
        home / "runs",
        home / "blobs",
        home,
    ]
    command = "; ".join(f"cat {path} 2>&1 || ls {path} 2>&1; echo" for path in tries)
    name, properties = jobs.run(
        jobs.command(
            f"{command}; touch {home}/x 2>&1; echo $HOME; ls / >/dev/null 2>&1 || echo no root; "
            "echo ok > /dev/shm/$$; rm /dev/shm/$$; echo ok > $TMPDIR/t; echo ok > ~/t; echo end"
        )
    )
    log = jobs.log(name)
    assert properties["status"] == "Completed"
    shut = "(Permission denied|No such file or directory)"  # the latter for who has a user, and so a view, of its own
    for path in tries:
        assert re.search(f"cat: {path}: {shut}", log)
    assert len(re.findall(f"ls: cannot (open directory|access) .*{shut}", log)) == 8, (
        "a folder's names are not shown either"
    )
    assert not (home / "x").exists()
    assert "BEGIN" not in log
    assert "SQLite" not in log
    assert log.rstrip().endswith("end")


@needs_landlock
def test_a_step_cannot_change_its_inputs_in_the_store(jobs: JobPlatform) -> None:
    make = jobs.step("echo kept > ${{outputs.o}}/x", outputs={"o": FOLDER})
    spoil = jobs.step(
        "(echo spoiled > ${{inputs.i}}/x) 2>&1; rm -f ${{inputs.i}}/x 2>&1; echo new > ${{inputs.i}}/y 2>&1; "
        "cat ${{inputs.i}}/x",
        inputs={"i": FOLDER},
        bind={"i": produced("make", "o")},
    )
    name, properties = jobs.run(jobs.pipeline({"make": make, "spoil": spoil}))
    assert properties["status"] == "Completed", jobs.error(name)
    assert jobs.log(jobs.steps(name)["spoil"]["runId"]).rstrip().endswith("kept")


@needs_landlock
def test_rights_that_a_step_sets_on_an_input_are_gone_from_the_store_with_the_step(jobs: JobPlatform) -> None:
    make = jobs.step("echo to be kept as it is > ${{outputs.o}}/x", outputs={"o": FOLDER})
    spoil = jobs.step(
        "chmod 4777 ${{inputs.i}}/x 2>&1; stat -c %a ${{inputs.i}}/x",
        inputs={"i": FOLDER},
        bind={"i": produced("make", "o")},
    )
    name, properties = jobs.run(jobs.pipeline({"make": make, "spoil": spoil}))
    assert properties["status"] == "Completed", jobs.error(name)
    said = jobs.log(jobs.steps(name)["spoil"]["runId"]).strip()
    assert said == "4777" or re.search("Read-only file system\n6[04][04]$", said), (
        "as a user of its own it sets none"
    )
    digest = hashlib.sha256(b"to be kept as it is\n").hexdigest()
    stored = jobs.emulator.home / "blobs" / digest[:2] / digest
    assert stored.stat().st_mode & 0o7177 == 0, "nobody but its owner has rights on it"
    assert stored.read_text() == "to be kept as it is\n"


@needs_landlock
@pytest.mark.skipif(not os.access("/opt", os.W_OK), reason="this user may not write to /opt")
def test_a_home_below_a_folder_that_steps_may_read_stays_shut() -> None:
    folder = Path(tempfile.mkdtemp(prefix="plumbline-test-", dir="/opt"))
    folder.chmod(0o755)
    project = folder / "project"
    home = project / ".plumbline" / "local" / "emulator"
    home.mkdir(parents=True)
    (home.parent / "passphrase").write_text("to be kept\n")
    (folder / "tool").write_text("echo a tool\n")
    try:
        with _platform_at(home) as jobs:
            tries = [home / name for name in ("emulator.db", "signing.key", "control.key", "principals.json")]
            tries += [home.parent / "passphrase"]
            command = "; ".join(f"cat {path} 2>&1" for path in tries)
            name, properties = jobs.run(
                jobs.command(
                    f"{command}; ls {home} 2>&1; ls {folder} 2>&1; bash {folder}/tool; ls /usr >/dev/null && echo usr"
                )
            )
            log = jobs.log(name)
        assert properties["status"] == "Completed"
        shut = "(Permission denied|No such file or directory)"
        assert [path for path in tries if not re.search(f"cat: {path}: {shut}", log)] == []
        assert log.count("ls: cannot open directory") == 2
        assert log.split("\n")[-3:] == ["a tool", "usr", ""], "the rest of /opt is there"
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(
    sys.platform != "linux" or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0,
    reason="this user may not make a mount namespace",
)
def test_shared_memory_is_a_steps_own_and_ends_with_it(jobs: JobPlatform) -> None:
    mark = "plumbline-sandbox-mark"
    leave = jobs.step(
        f"echo hello > /dev/shm/{mark} && ls /dev/shm && ipcmk --shmem 4096 >/dev/null; "
        "python -c 'import multiprocessing; multiprocessing.Lock()'; echo done > ${{outputs.o}}/x; sleep 1",
        outputs={"o": FOLDER},
    )
    beside = jobs.step("sleep 0.5; ls /dev/shm; ipcs --shmems | grep -c ^0x")
    after = jobs.step(
        "ls /dev/shm; ipcs --shmems | grep -c ^0x", inputs={"i": FOLDER}, bind={"i": produced("leave", "o")}
    )
    name, _ = jobs.run(
        jobs.pipeline({"leave": leave, "beside": beside, "after": after}, continue_on_step_failure=True)
    )
    steps = jobs.steps(name)
    assert jobs.log(steps["leave"]["runId"]).split() == [mark], jobs.error(name)
    assert [jobs.log(steps[place]["runId"]).split() for place in ("beside", "after")] == [["0"], ["0"]]
    assert not Path("/dev/shm", mark).exists()


def test_links_out_of_a_steps_folders_are_not_followed_when_its_outputs_are_kept(jobs: JobPlatform) -> None:
    home = jobs.emulator.home
    outputs = {
        "file": {"jobOutputType": "uri_file"},
        "folder": {"jobOutputType": "uri_folder"},
        "inner": {"jobOutputType": "uri_folder"},
    }
    name, properties = jobs.run(
        jobs.command(
            f"ln -s {home}/emulator.db ${{{{outputs.file}}}}; rmdir ${{{{outputs.folder}}}}; ln -s {home} ${{{{outputs.folder}}}}; "
            f"ln -s {home}/signing.key ${{{{outputs.inner}}}}/key; ln -s {home} ${{{{outputs.inner}}}}/home; "
            f"rmdir outputs; ln -s {home} outputs",
            outputs=outputs,
        )
    )
    assert properties["status"] == "Completed", jobs.error(name)
    assert {key: value["files"] for key, value in jobs.record(name)["outputs"].items()} == {
        "file": {},
        "folder": {},
        "inner": {},
    }
    listed = jobs.emulator.request(
        "GET",
        f"/mlflow/v1.0{jobs.azure_ml.workspace_id}/api/2.0/mlflow/artifacts/list",
        api_version=None,
        params={"run_id": name},
    ).json()
    assert {file["path"] for file in listed["files"]} == {"user_logs", "system_logs"}


def test_a_step_has_few_variables_and_its_token_never_shows_in_the_log(jobs: JobPlatform) -> None:
    name, _ = jobs.run(
        jobs.command(
            "env | cut -d= -f1 | sort; echo token: $MLFLOW_TRACKING_TOKEN; "
            'printf %s "$MLFLOW_TRACKING_TOKEN" | head -c 300; sleep 0.3; echo rest'
        )
    )
    log = jobs.log(name)
    names = set(log.split("token:")[0].split())
    assert not names & {"IDENTITY_HEADER", "IDENTITY_ENDPOINT", "PYTHONPATH", "PULUMI_CONFIG_PASSPHRASE_FILE"}
    assert {"MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "AZUREML_RUN_ID", "TMPDIR", "HOME"} <= names
    assert "token: <redacted>" in log


def test_a_steps_token_tracks_its_own_run_and_nothing_else(jobs: JobPlatform) -> None:
    other, _ = jobs.run(jobs.command("true"))
    body = f"""
other = {other!r}
report = {{
  "own": ask("GET", f"{{api}}/runs/get?run_id={{own}}")[0],
  "metric": ask("POST", f"{{api}}/runs/log-metric", {{"run_id": own, "key": "rmse", "value": 0.5, "timestamp": 1, "step": 0}})[0],
  "other run": ask("GET", f"{{api}}/runs/get?run_id={{other}}")[0],
  "other metric": ask("POST", f"{{api}}/runs/log-metric", {{"run_id": other, "key": "x", "value": 1, "timestamp": 1}})[0],
  "register": ask("POST", f"{{api}}/registered-models/create", {{"name": "sneaky"}})[0],
  "version": ask("POST", f"{{api}}/model-versions/create", {{"name": "sneaky", "source": "x"}})[0],
  "models": ask("PUT", f"{{root}}{{workspace}}/models/sneaky/versions/1?api-version=2023-08-01-preview",
    {{"properties": {{"modelUri": "azureml://datastores/workspaceblobstore/paths/x", "modelType": "custom_model"}}}})[0],
  "workspace": ask("GET", f"{{root}}{{workspace}}?api-version=2024-10-01-preview")[0],
  "job": ask("PUT", f"{{root}}{{workspace}}/jobs/sneaky?api-version=2024-01-01-preview", {{"properties": {{}}}})[0],
  "own log": ask("PUT", f"{{base}}/api/2.0/mlflow-artifacts/artifacts/ExperimentRun/dcid.{{own}}/user_logs/std_log.txt", {{}})[0],
  "other artifact": ask("PUT", f"{{base}}/api/2.0/mlflow-artifacts/artifacts/ExperimentRun/dcid.{{other}}/x.txt", {{}})[0],
  "own artifact": ask("PUT", f"{{base}}/api/2.0/mlflow-artifacts/artifacts/ExperimentRun/dcid.{{own}}/x.txt", {{}})[0],
}}
print(json.dumps(report))
"""
    name, _ = jobs.run(jobs.command(_script(body)))
    allowed = {"own": 200, "metric": 200, "own artifact": 200}
    report = json.loads(jobs.log(name))
    assert {key: status for key, status in report.items() if status == 200} == allowed
    assert {status for key, status in report.items() if key not in allowed} == {403}
    assert jobs.azure_ml.call("GET", "models/sneaky").status_code == 404


def test_nobody_without_rights_submits_cancels_or_reads_jobs(jobs: JobPlatform) -> None:
    assert jobs.send(jobs.command("true"), principal="pipeline").status_code == 403
    name, _ = jobs.run(jobs.command("true"))
    history = f"/history/v1.0{jobs.azure_ml.workspace_id}/runs/{name}"
    for path in (f"{jobs.azure_ml.workspace_id}/jobs/{name}", history):
        assert (
            jobs.emulator.request(
                "GET", path, principal="pipeline", api_version="2024-01-01-preview"
            ).status_code
            == 403
        )
        assert (
            jobs.emulator.request("GET", path, principal=None, api_version="2024-01-01-preview").status_code
            == 401
        )
    url = jobs.details(name)["logFiles"]["user_logs/std_log.txt"]
    assert (
        jobs.emulator.request("GET", url.split("?")[0], principal=None, api_version=None).status_code == 403
    )
