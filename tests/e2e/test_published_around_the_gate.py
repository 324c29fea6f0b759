"""Protects the registry's readers: a model that went round its gate is called so by list, evidence and the next release."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.e2e.test_model_release import CLIENT, FILE, acting, in_python, let_read_outputs, told
from tests.project_copy import ProjectCopy

PUBLISH = (
    f"{CLIENT}"
    "from azure.ai.ml.entities import Model\n"
    "import sys\n"
    "tags = json.loads(os.environ.get('TAGS') or '{{}}')\n"
    "made = client.models.create_or_update(Model(name='claims_release', type='custom_model', version={version!r},\n"
    "    path='azureml://jobs/{job}/outputs/model/paths/', tags=tags))\n"
    "print(made.version)\n"
)


@pytest.fixture(scope="module")
def reviewed(platform: ProjectCopy) -> ProjectCopy:
    let_read_outputs(platform)
    return platform


@pytest.fixture(scope="module")
def released(reviewed: ProjectCopy) -> dict[str, Any]:
    job = told(reviewed, "alice", "job", "create", "--file", FILE, "--stream")["name"]
    acting(reviewed, "bob", "model", "approve", job, check=True)
    found: dict[str, Any] = told(reviewed, "releaser", "model", "register", job)
    return found


@pytest.fixture(scope="module")
def weak(reviewed: ProjectCopy) -> str:
    words = ("job", "create", "--file", FILE, "--set", "inputs.alpha=10", "--stream", "--output", "json")
    answer = acting(reviewed, "alice", *words)
    assert answer.returncode == 3, answer.stderr
    return str(json.loads(answer.stdout)["name"])


@pytest.fixture(scope="module")
def forged(reviewed: ProjectCopy, released: dict[str, Any], weak: str) -> str:
    """The blocked run's model under every tag of a release, by the official client."""
    program = PUBLISH.format(version="99", job=weak).replace(
        "os.environ.get('TAGS') or '{}'", repr(json.dumps({**released["tags"], "plumbline.job": weak}))
    )
    return in_python(reviewed, "owner", program).strip()


@pytest.mark.parametrize("who", ["deployer", "alice", "bob"])
def test_an_official_client_publishes_no_model_for_who_is_no_release_identity(
    reviewed: ProjectCopy, weak: str, who: str
) -> None:
    program = PUBLISH.format(version="98", job=weak)
    answer = reviewed.run(
        [sys.executable, "-c", program], check=False, environ=reviewed.client_environment(who)
    )
    assert answer.returncode == 1
    assert "(AuthorizationFailed) The client '" in answer.stderr
    assert (
        "perform action 'Microsoft.MachineLearningServices/workspaces/models/versions/write'" in answer.stderr
    )


@pytest.mark.parametrize("path", ["versions/99", "versions/1", ""])
def test_a_raw_request_is_refused_as_azure_refuses_it(reviewed: ProjectCopy, path: str) -> None:
    """Also over a version that is there: neither its tags nor its archiving are a deployer's to change."""
    program = (
        "import json, os, requests\nfrom azure.identity import DefaultAzureCredential\n"
        "from plumbline.ops.target import enter_target\ntarget = enter_target('local')\n"
        "token = DefaultAzureCredential().get_token(f'{target.endpoint}/.default').token\n"
        f"place = f'{{target.workspace_id}}/models/claims_release/{path}'.rstrip('/')\n"
        "answer = requests.put(f'{target.endpoint}{place}?api-version=2023-08-01-preview', json={'properties': {}},\n"
        "    headers={'Authorization': f'Bearer {token}'}, timeout=60)\n"
        "print(json.dumps([answer.status_code, answer.json(), target.workspace_id]))\n"
    )
    status, body, workspace = json.loads(in_python(reviewed, "deployer", program))
    assert status == 403
    assert body["error"]["code"] == "AuthorizationFailed"
    action = "models/versions/write" if path else "models/write"
    assert (
        f"perform action 'Microsoft.MachineLearningServices/workspaces/{action}'" in body["error"]["message"]
    )
    assert f"over scope '{workspace}' or the scope is invalid" in body["error"]["message"]


def test_a_deployers_register_names_the_release_identity_and_the_next_step(
    reviewed: ProjectCopy, released: dict[str, Any]
) -> None:
    words = ("job", "create", "--file", FILE, "--set", "inputs.alpha=0.03", "--stream")
    job = told(reviewed, "alice", *words)["name"]
    acting(reviewed, "bob", "model", "approve", job, check=True)
    answer = acting(reviewed, "deployer", "model", "register", job)
    assert answer.returncode == 1
    releaser = reviewed.ready()["principals"]["releaser"]["object_id"]
    assert "who may not write models of workspace" in answer.stderr
    assert f"expected a release identity: {releaser} (plumbline local Release)" in answer.stderr
    assert f"PLUMBLINE_PRINCIPAL=releaser plumbline model register {job} --stack local" in answer.stderr
    assert "Traceback" not in answer.stderr


def _versions(platform: ProjectCopy) -> dict[str, dict[str, Any]]:
    return {
        row["version"]: row for row in told(platform, "alice", "model", "list", "--name", "claims_release")
    }


def test_list_says_what_stands_behind_each_version(
    reviewed: ProjectCopy, released: dict[str, Any], forged: str
) -> None:
    rows = _versions(reviewed)
    assert rows[released["version"]]["released"] is True
    assert rows[released["version"]]["release"].startswith("released, approved by ")
    assert rows[forged]["released"] is False
    assert rows[forged]["release"].startswith("not released: d2_gamma: got ")
    faults = "\n".join(rows[forged]["release_faults"])
    assert "got a gate that is Failed, expected that it ran and passed" in faults
    assert "got no approval of what the run left" in faults


def test_evidence_of_the_blocked_run_says_alarm(reviewed: ProjectCopy, weak: str, forged: str) -> None:
    answer = acting(
        reviewed, "alice", "evidence", "write", weak, "--out", "blocked", "--output", "json", check=True
    )
    written = json.loads(answer.stdout)
    expected = "claims_release:99 is registered from this run although its verdict does not allow a release and nobody"
    assert written["alarm"].startswith(expected)
    page = (reviewed.root / "blocked" / "evidence.html").read_text()
    assert "Alarm" in page
    assert expected in page
    offline = acting(reviewed, "alice", "evidence", "verify", "blocked", "--output", "json")
    document = reviewed.plumbline("evidence", "verify", "blocked", "--output", "json")
    assert expected in json.loads(document.stdout)["notices"][0]
    assert offline.returncode == 1
    assert expected in offline.stderr


def test_drift_names_the_forged_version_and_a_right_that_a_deployer_gave_itself(
    reviewed: ProjectCopy, forged: str
) -> None:
    """Whoever may assign roles may assign itself the release's: that is seen."""
    deployer = reviewed.ready()["principals"]["deployer"]["object_id"]
    grant = (
        "import uuid\nfrom plumbline.ops.azure_session import AzureSession\nfrom plumbline.ops.target import enter_target\n"
        "session = AzureSession(enter_target('local')); place = session.target.workspace_id\n"
        "place += f'/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid5(uuid.NAMESPACE_DNS, \"self\")}'\n"
        "roles = session.get(f'/subscriptions/{session.target.subscription_id}/providers/Microsoft.Authorization/roleDefinitions',\n"
        "    api_version='2022-04-01', **{'$filter': \"roleName eq 'plumbline local Release'\"})['value']\n"
        f"body = {{'properties': {{'principalId': '{deployer}', 'principalType': 'ServicePrincipal',\n"
        "    'roleDefinitionId': roles[0]['id']}}\n"
    )
    in_python(
        reviewed, "deployer", f"{grant}session.send('PUT', place, api_version='2022-04-01', body=body)\n"
    )
    try:
        answer = acting(reviewed, "deployer", "drift", "show", "--output", "json")
    finally:
        in_python(reviewed, "deployer", f"{grant}session.send('DELETE', place, api_version='2022-04-01')\n")
    assert answer.returncode == 3, answer.stderr
    findings = json.loads(answer.stdout)["findings"]
    (version,) = [row for row in findings if row["change"] == "not released"]
    assert (version["resource"], version["severity"]) == (f"claims_release:{forged}", "critical")
    assert [
        row
        for row in findings
        if row["change"] == "unmanaged" and "plumbline local Release" in str(row["live"])
    ]


def test_a_register_of_the_blocked_run_is_refused_all_the_same(
    reviewed: ProjectCopy, weak: str, forged: str
) -> None:
    answer = acting(reviewed, "releaser", "model", "register", weak)
    assert answer.returncode == 3
    assert "gate closed: d2_gamma" in answer.stderr


def test_drift_calls_it_critical_whatever_its_tags_say_and_what_runs_made_is_no_drift(
    reviewed: ProjectCopy, released: dict[str, Any], forged: str
) -> None:
    answer = acting(reviewed, "alice", "drift", "--stack", "local", "--output", "json")
    report = json.loads(answer.stdout)
    assert answer.returncode == 3, answer.stderr
    found = [
        one
        for one in report["findings"]
        if "RoleAssignment" not in one["type"] and "roleAssignments" not in one["type"]
    ]
    assert [(one["resource"], one["change"], one["severity"]) for one in found] == [
        (f"claims_release:{forged}", "not released", "critical")
    ]
    assert found[0]["live"].startswith("d2_gamma: got ")
    assert report["counts"]["made by a run"] >= 1, "the released version, and what steps wrote"


def test_the_next_release_names_what_it_counts_over(
    reviewed: ProjectCopy, released: dict[str, Any], forged: str
) -> None:
    job = told(reviewed, "alice", "job", "create", "--file", FILE, "--set", "inputs.alpha=0.02", "--stream")[
        "name"
    ]
    acting(reviewed, "bob", "model", "approve", job, check=True)
    answer = acting(reviewed, "releaser", "model", "register", job, check=True)
    assert "warning: claims_release:99 has no verified release behind it: d2_gamma: got " in answer.stderr
    assert "claims_release:100 was counted over it." in answer.stderr
    rows = _versions(reviewed)
    assert (rows["100"]["released"], rows["99"]["released"]) == (True, False)
