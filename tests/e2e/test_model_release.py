"""Protects the way of a model into the registry: judged again, approved by somebody else, registered once, with proof."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.engine.provider_stack import wait_for
from tests.project_copy import ProjectCopy, plain_environment
from tests.transcript import Transcript

FILE = "pipelines/claims_release/pipeline.yml"
READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"  # Storage Blob Data Reader
Answer = subprocess.CompletedProcess[str]


def acting(platform: ProjectCopy, who: str, *words: str, check: bool = False) -> Answer:
    """Run a command as one of the emulator's people."""
    environ = plain_environment() | {"PLUMBLINE_PRINCIPAL": who}
    return platform.plumbline(*words, "--stack", "local", environ=environ, check=check)


def told(platform: ProjectCopy, who: str, *words: str) -> Any:
    """The JSON that a command answers to somebody."""
    return json.loads(acting(platform, who, *words, "--output", "json", check=True).stdout)


def in_python(platform: ProjectCopy, who: str, program: str) -> str:
    """Run Python with the environment that `plumbline local env --as WHO` prints."""
    answer = platform.run(
        [sys.executable, "-c", program], check=True, environ=platform.client_environment(who)
    )
    return answer.stdout


def let_read_outputs(platform: ProjectCopy) -> None:
    """Give alice and bob what a reviewer needs: to read the outputs of runs."""
    people = {who: platform.ready()["principals"][who]["object_id"] for who in ("alice", "bob")}
    in_python(
        platform,
        "deployer",
        "import uuid\n"
        "from plumbline.ops.azure_session import AzureSession\nfrom plumbline.ops.target import enter_target\n"
        "session = AzureSession(enter_target('local')); scope = session.target.workspace_id.split('/providers/')[0]\n"
        f"for who, object_id in {people!r}.items():\n"
        "    path = f'{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid5(uuid.NAMESPACE_DNS, who)}'\n"
        "    role = f'/subscriptions/{session.target.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/"
        f"{READER}'\n"
        "    body = {'properties': {'principalId': object_id, 'principalType': 'User', 'roleDefinitionId': role}}\n"
        "    session.send('PUT', path, api_version='2022-04-01', body=body)\n",
    )


CLIENT = (
    "import json, os, logging; logging.disable(logging.CRITICAL)\n"
    "from azure.ai.ml import MLClient; from azure.ai.ml.entities import Data\n"
    "from azure.identity import DefaultAzureCredential\n"
    "client = MLClient(DefaultAzureCredential(), os.environ['AZURE_SUBSCRIPTION_ID'],"
    " os.environ['AZURE_RESOURCE_GROUP'], os.environ['AZUREML_WORKSPACE_NAME'])\n"
)


@pytest.fixture(scope="module")
def reviewed(platform: ProjectCopy) -> ProjectCopy:
    let_read_outputs(platform)
    return platform


@pytest.fixture(scope="module")
def job(reviewed: ProjectCopy) -> str:
    """A green run that Alice submitted."""
    return str(told(reviewed, "alice", "job", "create", "--file", FILE, "--stream")["name"])


@pytest.fixture(scope="module")
def weak(reviewed: ProjectCopy, job: str) -> str:
    """A run whose model is too weak."""
    words = ("job", "create", "--file", FILE, "--set", "inputs.alpha=10", "--stream", "--output", "json")
    answer = acting(reviewed, "deployer", *words)
    assert answer.returncode == 3, answer.stderr
    return str(json.loads(answer.stdout)["name"])


@pytest.fixture(scope="module")
def approval(reviewed: ProjectCopy, job: str) -> dict[str, Any]:
    before = acting(reviewed, "releaser", "model", "register", job)
    assert before.returncode == 1
    assert "register: got no approval of digest" in before.stderr
    found: dict[str, Any] = told(reviewed, "bob", "model", "approve", job, "--note", "table of groups read")
    return found


@pytest.fixture(scope="module")
def model(reviewed: ProjectCopy, job: str, approval: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told(reviewed, "releaser", "model", "register", job)
    return found


def test_the_author_may_not_approve(reviewed: ProjectCopy, job: str) -> None:
    answer = acting(reviewed, "alice", "model", "approve", job)
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"job {job}: approve: got alice@plumbline.example, who submitted the run")


def test_an_application_may_not_approve(reviewed: ProjectCopy, job: str) -> None:
    answer = acting(reviewed, "deployer", "model", "approve", job)
    assert answer.returncode == 1
    assert "expected a person" in answer.stderr


def test_an_approval_says_who_and_when_by_azures_own_record(
    reviewed: ProjectCopy, job: str, approval: dict[str, Any]
) -> None:
    assert approval["approver"] == "Bob Reviewer"
    assert approval["rehearsal"] is True
    assert approval["note"] == "table of groups read"
    name, version = approval["approval"].split(":")
    assert (name, version) == ("claims_release_approval", f"a1{approval['digest'][:26]}")
    program = (
        f"found = client.data.get(name={name!r}, version={version!r}); context = found.creation_context\n"
        "print(json.dumps([context.created_by, context.created_by_type.value, found.tags, found.path]))"
    )
    created_by, kind, tags, path = json.loads(in_python(reviewed, "alice", CLIENT + program))
    assert (created_by, kind) == ("Bob Reviewer", "User")
    assert (tags["plumbline.job"], tags["plumbline.approved_digest"]) == (job, approval["digest"])
    assert "/verdict" in path


def test_an_approved_run_is_not_approved_twice(
    reviewed: ProjectCopy, job: str, approval: dict[str, Any]
) -> None:
    answer = acting(reviewed, "bob", "model", "approve", job)
    assert answer.returncode == 1
    assert f"got an approval already, by Bob Reviewer at {approval['approved_at']}" in answer.stderr


def test_a_workflow_goes_on_where_a_person_has_approved(
    reviewed: ProjectCopy, job: str, approval: dict[str, Any]
) -> None:
    # An application, which could not approve itself.
    answer = acting(reviewed, "deployer", "model", "approve", job, "--once", "--output", "json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert (found["approval"], found["approver"]) == (approval["approval"], "Bob Reviewer")


def test_a_registered_model_says_where_it_comes_from(
    reviewed: ProjectCopy, job: str, model: dict[str, Any], approval: dict[str, Any]
) -> None:
    assert (model["name"], model["version"]) == ("claims_release", "1")
    assert model["path"] == f"azureml://jobs/{job}/outputs/model/paths/"
    tags = model["tags"]
    assert tags["plumbline.job"] == job
    assert tags["plumbline.digest"] == approval["digest"]
    assert tags["plumbline.approver"] == "Bob Reviewer"
    assert tags["plumbline.commit"] == reviewed.git("rev-parse", "HEAD").strip()
    assert tags["plumbline.component.train"].startswith("claims_train:h1")
    assert tags["plumbline.data.claims"].startswith("claims_medical_expenditures:h1")
    assert tags["plumbline.thresholds"].startswith("claims_release_thresholds:h1")
    assert tags["plumbline.environment"].startswith("claims_release:h1")
    version, _, content = tags["plumbline.component.gate"].partition(" sha256:")
    assert version.rpartition(":h1")[2] == content[:16]


def test_registering_again_finds_the_model_and_writes_nothing(
    reviewed: ProjectCopy, job: str, model: dict[str, Any]
) -> None:
    reviewed.control("DELETE", "requests")
    answer = acting(reviewed, "releaser", "model", "register", job, "--output", "json")
    assert answer.returncode == 0
    assert "claims_release:1: was registered before, nothing was written." in answer.stderr
    assert json.loads(answer.stdout) == model
    assert reviewed.writes() == []


def test_what_approve_and_register_say_is_kept_word_for_word(
    reviewed: ProjectCopy, job: str, weak: str, model: dict[str, Any]
) -> None:
    kept = Transcript("approve_and_register")
    for who, words in (
        ("bob", ("approve", weak)),
        ("alice", ("approve", job)),
        ("bob", ("approve", job)),
        ("releaser", ("register", weak)),
        ("releaser", ("register", job)),
    ):
        kept.add(f"plumbline model {' '.join(words)}   # as {who}", acting(reviewed, who, "model", *words))
    kept.require_unchanged()


def test_list_and_show_agree_with_the_official_client(reviewed: ProjectCopy, model: dict[str, Any]) -> None:
    shown = told(reviewed, "deployer", "model", "show", "claims_release:1")
    assert shown == told(reviewed, "deployer", "model", "show", "--name", "claims_release") == model
    theirs = json.loads(
        in_python(
            reviewed,
            "deployer",
            f"{CLIENT}print(json.dumps([client.models.get('claims_release', '1')._to_dict(),"
            " [one.name for one in client.models.list()],"
            " [one.version for one in client.models.list(name='claims_release')]], default=str))",
        )
    )
    for name in ("name", "version", "id", "type", "path", "description", "tags", "properties", "flavors"):
        assert shown.get(name) == theirs[0].get(name), name
    assert shown["creation_context"]["created_by"] == theirs[0]["creation_context"]["created_by"]
    assert [row["name"] for row in told(reviewed, "deployer", "model", "list")] == theirs[1]
    assert [
        row["version"] for row in told(reviewed, "deployer", "model", "list", "--name", "claims_release")
    ] == theirs[2]


def test_a_model_that_is_not_there_is_named(reviewed: ProjectCopy) -> None:
    answer = acting(reviewed, "deployer", "model", "show", "nobody:7")
    assert answer.returncode == 1
    assert answer.stderr.startswith("model nobody:7: got nothing in workspace mlw-plumbline-local")


@pytest.mark.parametrize(("who", "verb"), [("bob", "approve"), ("releaser", "register")])
def test_a_weak_model_is_refused_with_exit_3_and_every_reason(
    reviewed: ProjectCopy, weak: str, who: str, verb: str
) -> None:
    answer = acting(reviewed, who, "model", verb, weak)
    assert answer.returncode == 3
    assert f"job {weak}: {verb}: gate closed: d2_gamma: got 0.051771, expected at least 0.08" in answer.stderr
    assert "deviance_ratio_to_class_rating: got 1.001814, expected at most 0.95" in answer.stderr
    assert "got a gate that is Failed, expected that it ran and passed" in answer.stderr


def approved(platform: ProjectCopy, share: str) -> str:
    """Another run that may be registered."""
    words = ("job", "create", "--file", FILE, "--set", f"inputs.holdout_share={share}", "--stream")
    job = str(told(platform, "alice", *words)["name"])
    acting(platform, "bob", "model", "approve", job, check=True)
    return job


def held_register(
    platform: ProjectCopy, pool: ThreadPoolExecutor, job: str, method: str, path: str
) -> Future[Any]:
    """A register of which one request is held, so that others act meanwhile.

    Where they take longer than that, on a busy machine, the order is another one and the outcome must be the same.
    """
    platform.control("PUT", "faults", [{"method": method, "path": path, "count": 1, "delay_seconds": 6}])
    register = pool.submit(told, platform, "releaser", "model", "register", job)
    wait_for(lambda: register.done() or platform.control("GET", "faults")[0]["fired"])
    return register


def versions(platform: ProjectCopy) -> list[str]:
    return [one["version"] for one in told(platform, "releaser", "model", "list", "--name", "claims_release")]


def test_one_run_registered_twice_at_one_time_is_one_version(
    reviewed: ProjectCopy, model: dict[str, Any]
) -> None:
    job = approved(reviewed, "0.24")
    with ThreadPoolExecutor() as pool:
        slow = held_register(reviewed, pool, job, "GET", "/models/claims_release$")
        fast = told(reviewed, "releaser", "model", "register", job)
        assert slow.result()["version"] == fast["version"] == "2"
    assert versions(reviewed) == ["2", "1"]


def test_of_two_who_write_one_version_the_slower_counts_on(
    reviewed: ProjectCopy, model: dict[str, Any]
) -> None:
    jobs = approved(reviewed, "0.23"), approved(reviewed, "0.22")
    with ThreadPoolExecutor() as pool:
        slow = held_register(reviewed, pool, jobs[0], "PUT", "/models/claims_release/versions/")
        fast = told(reviewed, "releaser", "model", "register", jobs[1])
        made = {fast["version"], slow.result()["version"]}
    newest, before, *_ = versions(reviewed)
    assert made == {newest, before}


def test_who_reuses_a_colleagues_model_does_not_turn_them_into_a_reviewer(
    reviewed: ProjectCopy, job: str
) -> None:
    again = told(reviewed, "bob", "job", "rerun", job, "--stream")["name"]
    for who in ("alice", "bob"):
        answer = acting(reviewed, who, "model", "approve", again)
        assert answer.returncode == 1
        assert f"got {who}@plumbline.example, who submitted the run" in answer.stderr


def test_an_approval_that_the_author_writes_by_hand_does_not_count(reviewed: ProjectCopy, job: str) -> None:
    again = told(reviewed, "bob", "job", "rerun", job, "--stream")["name"]
    refused = acting(reviewed, "releaser", "model", "register", again)
    digest = refused.stderr.split("got no approval of digest ")[1].split(",")[0]
    path = "azureml://datastores/workspaceblobstore/paths/anything"
    program = (
        f"client.data.create_or_update(Data(name='claims_release_approval', version='a1{digest[:26]}', type='uri_file',"
        f" path={path!r}, tags={{'plumbline.approver': 'carol@plumbline.example'}}))"
    )
    in_python(reviewed, "bob", CLIENT + program)
    answer = acting(reviewed, "releaser", "model", "register", again)
    assert answer.returncode == 1
    assert (
        "does not count: it was written by Bob Reviewer (bob@plumbline.example), who submitted the run"
        in answer.stderr
    )


def test_thresholds_that_a_submission_chose_are_not_the_releases(reviewed: ProjectCopy, job: str) -> None:
    program = (
        "open('lax.yml', 'w').write('thresholds: {gini: {at_least: 0.0}}\\n')\n"
        "client.data.create_or_update(Data(name='lax', version='1', type='uri_file', path='lax.yml'))"
    )
    in_python(reviewed, "deployer", CLIENT + program)
    words = ("job", "create", "--file", FILE, "--set", "inputs.thresholds.path=azureml:lax:1", "--stream")
    name = told(reviewed, "deployer", *words)["name"]
    answer = acting(reviewed, "bob", "model", "approve", name)
    assert answer.returncode == 1
    assert "got a run judged by azureml:lax:1, expected azureml:claims_release_thresholds:h1" in answer.stderr


def test_a_run_of_anonymous_components_is_never_released(reviewed: ProjectCopy, job: str) -> None:
    name = told(reviewed, "deployer", "job", "create", "--file", FILE, "--anonymous", "--stream")["name"]
    answer = acting(reviewed, "bob", "model", "approve", name)
    assert answer.returncode == 1
    assert "expected registered components" in answer.stderr


def test_weights_that_were_changed_after_the_approval_are_refused(
    reviewed: ProjectCopy, job: str, model: dict[str, Any]
) -> None:
    edit = (
        "import sys\nfrom plumbline.ops.azure_session import AzureSession\nfrom plumbline.ops.target import enter_target\n"
        "from plumbline.ops.job.datastore_files import DatastoreFiles\nfrom plumbline.ops.run_history import RunHistory\n"
        "session = AzureSession(enter_target('local')); files = DatastoreFiles(session)\n"
        f"uri = RunHistory(session).outputs({job!r})['model'].rstrip('/') + '/model.json'\n"
        "blob = files.names(uri)['model.json']; container = files._place(uri)[0]; old = files.read(uri)\n"
        "container.upload_blob(blob, old + b' ' if CHANGE else old[:-1], overwrite=True)\n"
    )
    in_python(reviewed, "deployer", f"CHANGE = True\n{edit}")
    try:
        answer = acting(reviewed, "releaser", "model", "register", job)
    finally:
        in_python(reviewed, "deployer", f"CHANGE = False\n{edit}")
    assert answer.returncode == 1
    assert "model model.json: got sha256" in answer.stderr
    assert "of which metrics.json speaks" in answer.stderr
    assert acting(reviewed, "releaser", "model", "register", job).returncode == 0


def test_a_job_that_is_not_there_is_named(reviewed: ProjectCopy) -> None:
    for words in (
        ("model", "approve", "nobody"),
        ("model", "register", "nobody"),
        ("evidence", "write", "nobody"),
    ):
        answer = acting(reviewed, "deployer", *words)
        assert answer.returncode == 1
        assert answer.stderr.startswith("job nobody: got nothing in workspace")
