"""Protects the release gate from its own users: what somebody changes behind a run, its code or its terms closes it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.e2e.test_model_release import FILE, READER, acting, in_python, let_read_outputs, told
from tests.project_copy import ProjectCopy

CREATE = ("job", "create", "--file", FILE, "--stream", "--output", "json")
# Names that programs below find; WHO is set before it. The clients are the product's own and the official ones.
PRELUDE = """
import hashlib, json, os
os.environ["PLUMBLINE_PRINCIPAL"] = WHO
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.release.stored_files import StoredFiles
from plumbline.ops.run_history import RunHistory
from plumbline.ops.target import enter_target

session = AzureSession(enter_target("local"))
files, history = StoredFiles(session), RunHistory(session)
artifacts = "azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid."


def step(job, name):
    return next(one for one in history.steps(history.job(job)) if one.step == name)


def write(uri, name, content):
    container, path = files._place(uri)
    container.upload_blob(files.names(uri).get(name, f"{path}/{name}"), content, overwrite=True)


def remove(uri, name):
    files._place(uri)[0].delete_blob(files.names(uri)[name])


def tag(job, **tags):
    kept = history.job(job)["properties"]["tags"]
    body = {"tags": {**kept, **{f"plumbline.{name}": value for name, value in tags.items()}}}
    session.send("PATCH", f"{history._history}/runs/{job}", body=body)
"""


def program(platform: ProjectCopy, who: str, text: str) -> str:
    return in_python(platform, who, f"WHO = {who!r}\n{PRELUDE}\n{text}")


@pytest.fixture(scope="module")
def submitted(platform: ProjectCopy) -> str:
    """A green run that Alice submitted, on a stack that has not made Bob a reviewer yet."""
    bob = platform.ready()["principals"]["bob"]["object_id"]
    program(
        platform,
        "deployer",
        "kind = 'providers/Microsoft.Authorization/roleAssignments'\n"
        "group = session.target.workspace_id.split('/providers/')[0]\n"
        "for one in session.pages(f'{group}/{kind}', api_version='2022-04-01'):\n"
        f"    if one['properties']['principalId'] == {bob!r} and {READER!r} in one['properties']['roleDefinitionId']:\n"
        "        session.send('DELETE', one['id'], api_version='2022-04-01')\n",
    )
    return str(json.loads(acting(platform, "alice", *CREATE, check=True).stdout)["name"])


@pytest.fixture(scope="module")
def job(platform: ProjectCopy, submitted: str) -> str:
    let_read_outputs(platform)
    return submitted


@pytest.fixture(scope="module")
def model(platform: ProjectCopy, job: str) -> dict[str, Any]:
    told(platform, "bob", "model", "approve", job)
    found: dict[str, Any] = told(platform, "releaser", "model", "register", job)
    return found


def refused(platform: ProjectCopy, who: str, *words: str) -> str:
    """What a command says that ends 1."""
    answer = acting(platform, who, *words)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    return answer.stderr


@contextmanager
def release_file(platform: ProjectCopy, old: str, new: str) -> Iterator[None]:
    """Terms that somebody changed in the checkout."""
    file = platform.root / "pipelines" / "claims_release" / "release.yml"
    kept = file.read_text()
    assert old in kept
    file.write_text(kept.replace(old, new))
    try:
        yield
    finally:
        file.write_text(kept)


def test_who_may_not_read_blobs_is_told_how_a_job_ended_all_the_same(
    platform: ProjectCopy, submitted: str
) -> None:
    streamed = acting(platform, "bob", "job", "stream", submitted)
    assert streamed.returncode == 0
    assert f"{submitted}: verdict not readable: azureml://" in streamed.stderr
    assert "The login needs Storage Blob Data Reader." in streamed.stderr
    assert f"{submitted}: Completed in " in streamed.stdout


def test_a_gate_that_closed_ends_1_for_who_may_not_read_why(platform: ProjectCopy, submitted: str) -> None:
    weak = acting(platform, "bob", *CREATE, "--set", "inputs.alpha=10")
    assert weak.returncode == 1
    assert "verdict not readable" in weak.stderr
    assert "gate: " in weak.stderr
    assert json.loads(weak.stdout)["status"] == "Failed"


def test_a_run_that_an_mlflow_client_lays_beside_the_steps_is_no_step(
    platform: ProjectCopy, job: str
) -> None:
    program(
        platform,
        "alice",
        "from mlflow import MlflowClient\n"
        "base = history._api\n"
        "os.environ |= {'MLFLOW_TRACKING_TOKEN': session.token(),"
        " 'MLFLOW_TRACKING_SERVER_CERT_PATH': os.environ['REQUESTS_CA_BUNDLE']}\n"
        "client = MlflowClient(tracking_uri=f'{base}/mlflow/v1.0{session.target.workspace_id}')\n"
        f"client.create_run('0', run_name='evaluate', tags={{'mlflow.parentRunId': {job!r}}})\n"
        f"assert 'MLflow' in [row['runType'] for row in history.children({job!r})]\n",
    )
    acting(platform, "deployer", "evidence", "write", job, "--out", "beside", check=True)
    document = json.loads((platform.root / "beside" / "evidence.json").read_text())
    assert document["verdict"]["outcome"] == "passed"
    assert [step["name"] for step in document["steps"]].count("evaluate") == 1


def test_a_step_that_is_renamed_into_another_is_noticed(platform: ProjectCopy, job: str) -> None:
    rename = "session.send('PATCH', f'{history._history}/runs/{RUN}', body={'displayName': NAME})\n"
    run = program(platform, "alice", f"print(step({job!r}, 'validate').name)").strip()
    program(platform, "alice", f"RUN, NAME = {run!r}, 'evaluate'\n{rename}")
    try:
        said = refused(platform, "bob", "model", "approve", job)
    finally:
        program(platform, "alice", f"RUN, NAME = {run!r}, 'validate'\n{rename}")
    assert "steps.evaluate: got 2 runs of this name, expected one" in said
    assert f"steps.evaluate: got run {run} of claims_validate:h1" in said


def test_a_run_that_reused_every_step_can_be_approved(platform: ProjectCopy, job: str) -> None:
    again = told(platform, "alice", "job", "rerun", job, "--stream")["name"]
    assert told(platform, "bob", "model", "approve", again)["approver"] == "Bob Reviewer"


def test_outputs_that_are_overwritten_consistently_after_the_run_are_not_those_that_it_wrote(
    platform: ProjectCopy, job: str
) -> None:
    """Model, metrics and verdict agree with each other: only the record of the run says otherwise."""
    edit = f"""
uris = {{"model": history.outputs(step({job!r}, "train").name)["model"]}}
uris |= history.outputs(step({job!r}, "evaluate").name)
old = {{"model": files.stored(uris["model"])["model.json"].content,
       "metrics": files.stored(uris["evaluation"])["metrics.json"].content, "verdict": files.read(uris["verdict"])}}
if CHANGE:
    open("kept.json", "w").write(json.dumps({{name: content.decode() for name, content in old.items()}}))
    model = old["model"] + b" "
    metrics = json.loads(old["metrics"])
    metrics["inputs"]["model.json"] = hashlib.sha256(model).hexdigest()
    metrics = json.dumps(metrics).encode()
    verdict = json.loads(old["verdict"]) | {{"metrics_sha256": hashlib.sha256(metrics).hexdigest()}}
    verdict = json.dumps(verdict).encode()
else:
    model, metrics, verdict = (one.encode() for one in json.load(open("kept.json")).values())
write(uris["model"], "model.json", model)
write(uris["evaluation"], "metrics.json", metrics)
write(uris["verdict"], next(iter(files.names(uris["verdict"]))), verdict)
"""
    program(platform, "deployer", f"CHANGE = True\n{edit}")
    try:
        said = refused(platform, "bob", "model", "approve", job)
    finally:
        program(platform, "deployer", f"CHANGE = False\n{edit}")
    assert "steps.train.outputs.model: model.json: got sha256" in said
    assert "steps.evaluate.outputs.evaluation: metrics.json: got sha256" in said
    assert "steps.evaluate.outputs.verdict: " in said
    assert "recorded it" in said
    assert "speaks" not in said
    assert "verdict.metrics_sha256" not in said


def test_only_people_whom_the_terms_list_may_approve(platform: ProjectCopy, job: str) -> None:
    with release_file(
        platform, "\ndata_approvals:", "\napproval:\n  approvers: [carol@plumbline.example]\ndata_approvals:"
    ):
        said = refused(platform, "bob", "model", "approve", job)
    assert "approve: got bob@plumbline.example, expected one of carol@plumbline.example, whom" in said
    assert "Nothing was written." in said


def test_a_run_that_changed_since_the_reviewer_looked_is_not_approved(
    platform: ProjectCopy, job: str
) -> None:
    said = refused(platform, "bob", "model", "approve", job, "--digest", "0" * 64)
    assert (
        f"expected {'0' * 64}, which was looked at: something of the run changed since. Nothing was written."
        in said
    )


def test_tags_that_change_after_the_approval_undo_it(
    platform: ProjectCopy, job: str, model: dict[str, Any]
) -> None:
    commit = model["tags"]["plumbline.commit"]
    # A commit with the same definitions: what ran is what it holds, and still not what was approved.
    same = platform.commit("Nothing new")
    for name, value, back in (
        ("commit", same, commit),
        ("pipeline", "other", "claims_release"),
    ):
        program(platform, "alice", f"tag({job!r}, {name}={value!r})")
        try:
            said = refused(platform, "releaser", "model", "register", job, "--name", "claims_release")
        finally:
            program(platform, "alice", f"tag({job!r}, {name}={back!r})")
        wanted = "got a run of pipeline other" if name == "pipeline" else "got no approval of digest"
        assert wanted in said
    assert acting(platform, "releaser", "model", "register", job).returncode == 0


def test_an_approval_by_somebody_who_is_not_listed_any_more_does_not_count(
    platform: ProjectCopy, job: str, model: dict[str, Any]
) -> None:
    with release_file(
        platform, "\ndata_approvals:", "\napproval:\n  approvers: [carol@plumbline.example]\ndata_approvals:"
    ):
        said = refused(platform, "releaser", "model", "register", job)
    assert (
        "does not count: it was written by Bob Reviewer (bob@plumbline.example), whom approval.approvers"
        in said
    )
    with release_file(
        platform,
        "\ndata_approvals:",
        "\napproval:\n  approvers: {claims-actuary: [Bob@plumbline.example]}\ndata_approvals:",
    ):
        assert acting(platform, "releaser", "model", "register", job).returncode == 0


def test_a_tag_chooses_no_terms(platform: ProjectCopy, job: str) -> None:
    lax = (
        "from azure.ai.ml import MLClient; from azure.ai.ml.entities import Data\n"
        "open('lax.yml', 'w').write('thresholds: {gini: {at_least: 0.0}}\\n')\n"
        "MLClient(session.credential, session.target.subscription_id, session.target.resource_group_name,"
        " session.target.workspace_name).data.create_or_update("
        "Data(name='lax', version='1', type='uri_file', path='lax.yml'))"
    )
    program(platform, "deployer", lax)
    words = (*CREATE, "--set", "inputs.thresholds.path=azureml:lax:1")
    name = json.loads(acting(platform, "alice", *words, check=True).stdout)["name"]
    program(platform, "alice", f"tag({name!r}, pipeline='lax')")
    said = refused(platform, "bob", "model", "approve", name)
    assert (
        "got no terms for lax, expected a pipeline with pipeline.yml and release.yml whose model it is"
        in said
    )
    said = refused(platform, "releaser", "model", "register", name, "--name", "claims_release")
    assert "got a run of pipeline lax, expected one of claims_release" in said
    assert "release.yml: got none of pipeline lax that can be read in this checkout" in said


def test_a_model_that_no_terms_are_written_for_is_not_registered(platform: ProjectCopy, job: str) -> None:
    said = refused(platform, "releaser", "model", "register", job, "--name", "anything")
    assert "got no terms for anything" in said
    file = platform.root / "pipelines" / "claims_release" / "release.yml"
    kept = file.rename(file.with_suffix(".kept"))
    try:
        assert "got no terms for claims_release" in refused(platform, "releaser", "model", "register", job)
    finally:
        kept.rename(file)


def test_a_jobs_output_that_holds_another_model_than_the_evaluated_one_is_refused(
    platform: ProjectCopy, job: str, model: dict[str, Any]
) -> None:
    """As a service that took the output of another step would have it; the emulator refuses two writers."""
    features = program(
        platform, "deployer", f"print(history.outputs(step({job!r}, 'features').name)['training'])"
    )
    path = next(platform.emulator_home.glob("*.db"))
    with closing(sqlite3.connect(path, timeout=120)) as store:

        def point(output: dict[str, Any]) -> dict[str, Any]:
            (text,) = store.execute("SELECT document FROM run WHERE name = ?", (job,)).fetchone()
            document = json.loads(text)
            before: dict[str, Any] = document["outputs"]["model"]
            document["outputs"]["model"] = output
            store.execute("UPDATE run SET document = ? WHERE name = ?", (json.dumps(document), job))
            store.commit()
            return before

        moved = f"azureml://datastores/{features.strip().split('/datastores/')[1]}"
        before = point({"uri": moved, "type": "custom_model"})
        try:
            said = refused(platform, "releaser", "model", "register", job)
            acting(platform, "deployer", "evidence", "write", job, "--out", "moved", check=True)
        finally:
            point(before)
    assert "outputs.model: model.json: got sha256 None, expected " in said
    document = json.loads((platform.root / "moved" / "evidence.json").read_text())
    assert document["model"]["registered"] is None
    assert acting(platform, "releaser", "model", "register", job).returncode == 0


def test_without_a_record_a_file_that_is_younger_than_its_step_is_refused(
    platform: ProjectCopy, job: str
) -> None:
    """Azure records no hashes: there, and where somebody wrote a record of their own, the times decide."""
    name = json.loads(acting(platform, "alice", *CREATE, "--set", "inputs.alpha=0.02", check=True).stdout)[
        "name"
    ]
    ended = time.monotonic()
    place = f"run = step({name!r}, 'train'); where = f'{{artifacts}}{{run.name}}/system_logs'\n"
    program(
        platform,
        "deployer",
        f"{place}open('record.json', 'wb').write(files.read(where + '/run_record.json'))\n"
        "remove(where, 'run_record.json')",
    )
    time.sleep(max(0.0, 35 - (time.monotonic() - ended)))
    program(
        platform,
        "deployer",
        f"{place}uri = history.outputs(run.name)['model']\n"
        "write(uri, 'model.json', files.stored(uri)['model.json'].content)",
    )
    said = refused(platform, "bob", "model", "approve", name)
    assert "steps.train.outputs.model: model.json: got a change at " in said
    assert "steps.evaluate" not in said
    forged = f"{place}write(where, 'run_record.json', open('record.json', 'rb').read())"
    program(platform, "deployer", forged)
    assert "steps.train.outputs.model: model.json: got a change at " in refused(
        platform, "bob", "model", "approve", name
    )


def test_code_that_changed_behind_its_component_is_refused_even_when_it_is_put_back(
    platform: ProjectCopy, job: str
) -> None:
    """The last test of the file: nothing on this platform is released any more."""
    version = told(platform, "deployer", "component", "show", "claims_train")["version"]
    code = f"""
spec = session.get(f"{{session.target.workspace_id}}/components/claims_train/versions/{version}", api_version="2024-04-01")
code = session.get(spec["properties"]["componentSpec"]["code"].removeprefix("azureml:"), api_version="2024-04-01")
uri = code["properties"]["codeUri"]
old = files.stored(uri)["train.py"].content
"""
    where = f"component claims_train:{version}: code: got "
    program(platform, "deployer", f"{code}write(uri, '__pycache__/train.cpython-311.pyc', b'anything')")
    said = refused(platform, "bob", "model", "approve", job)
    assert f"{where}__pycache__/train.cpython-311.pyc at https://" in said
    program(platform, "deployer", f"{code}remove(uri, '__pycache__/train.cpython-311.pyc')")
    program(platform, "deployer", f"{code}write(uri, 'train.py', old + b'# changed')")
    said = refused(platform, "releaser", "model", "register", job)
    assert f"{where}files with hash " in said
    assert "as it was registered: changed since" in said
    program(platform, "deployer", f"{code}write(uri, 'train.py', old.removesuffix(b'# changed'))")
    said = refused(platform, "releaser", "model", "register", job)
    assert f"{where}train.py written at " in said
