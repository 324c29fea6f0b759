"""Protects: a step with a managed identity acts as one that its cluster has, with that identity's rights and no others."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.job_platform import JobPlatform, job_platform

# What azure-identity's AzureMLCredential sends, then one read of the workspace with the token.
ASK = """import json, os, ssl, urllib.error, urllib.request
print("client", os.environ.get("DEFAULT_IDENTITY_CLIENT_ID"))
if "MSI_ENDPOINT" in os.environ:
    context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    base = os.environ["MSI_ENDPOINT"].rpartition("/msi/")[0]
    asked = os.environ["MSI_ENDPOINT"] + "?api-version=2017-09-01&resource=" + base + "/"
    token = json.load(opener.open(urllib.request.Request(asked, headers={"secret": os.environ["MSI_SECRET"]})))
    try:
        read = base + os.environ["WORKSPACE"] + "?api-version=2024-04-01"
        opener.open(urllib.request.Request(read, headers={"Authorization": "Bearer " + token["access_token"]}))
        print("read the workspace")
    except urllib.error.HTTPError as refused:
        print("refused", refused.code)
"""
COMMAND = f"cat > ask.py <<'E'\n{ASK}E\npython ask.py"


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


@pytest.fixture(scope="module")
def identity(jobs: JobPlatform) -> dict[str, str]:
    """A user-assigned identity that the cluster `acting` has."""
    resource = f"{jobs.azure_ml.group_id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-steps"
    made = jobs.emulator.request("PUT", resource, api_version="2023-01-31", json={"location": "westeurope"})
    assert made.status_code in (200, 201), made.text
    properties = {
        "computeType": "AmlCompute",
        "properties": {
            "vmSize": "STANDARD_DS3_V2",
            "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4, "nodeIdleTimeBeforeScaleDown": "PT2M"},
        },
    }
    cluster = jobs.azure_ml.call(
        "PUT",
        "computes/acting",
        json={
            "location": "westeurope",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {resource: {}}},
            "properties": properties,
        },
    )
    assert cluster.status_code in (200, 201), cluster.text
    found: dict[str, str] = made.json()["properties"]
    return {**found, "id": resource}


def _job(jobs: JobPlatform, identity: dict[str, str] | None, compute: str = "acting") -> dict[str, Any]:
    body = jobs.command(
        COMMAND,
        computeId=f"{jobs.azure_ml.workspace_id}/computes/{compute}",
        environmentVariables={"WORKSPACE": jobs.azure_ml.workspace_id},
    )
    return {**body, "identity": identity} if identity else body


def _said(jobs: JobPlatform, body: dict[str, Any]) -> list[str]:
    name, properties = jobs.run(body)
    assert properties["status"] == "Completed", jobs.error(name)
    return jobs.log(name).splitlines()


def test_a_step_acts_as_its_clusters_identity(jobs: JobPlatform, identity: dict[str, str]) -> None:
    asked = (
        {"identityType": "Managed"},
        {"identityType": "Managed", "clientId": identity["clientId"]},
        {"identityType": "Managed", "resourceId": identity["id"].upper()},
    )
    for one in asked:
        assert _said(jobs, _job(jobs, one)) == [f"client {identity['clientId']}", "refused 403"]
    role = f"{jobs.emulator.scope}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    granted = jobs.emulator.request(
        "PUT",
        f"{jobs.azure_ml.workspace_id}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}",
        api_version="2022-04-01",
        json={
            "properties": {
                "roleDefinitionId": role,
                "principalId": identity["principalId"],
                "principalType": "ServicePrincipal",
            }
        },
    )
    assert granted.status_code in (200, 201), granted.text
    assert _said(jobs, _job(jobs, asked[0])) == [f"client {identity['clientId']}", "read the workspace"]


def test_a_step_of_a_pipeline_has_its_own_or_its_jobs_identity(
    jobs: JobPlatform, identity: dict[str, str]
) -> None:
    for word in ("managed", "managed_identity"):
        nodes = {
            "own": jobs.step(COMMAND, identity={"type": word, "client_id": identity["clientId"]}),
            "user": jobs.step(f"{COMMAND} # user", identity={"type": "user_identity"}),
            "job": jobs.step(f"{COMMAND} # job"),
        }
        body = {**jobs.pipeline(nodes, compute="acting"), "identity": {"identityType": "Managed"}}
        for node in nodes.values():
            node["environment_variables"] = {"WORKSPACE": jobs.azure_ml.workspace_id, "WORD": word}
        name, properties = jobs.run(body)
        assert properties["status"] == "Completed"
        steps = {step["displayName"]: step["runId"] for step in jobs.steps(name).values()}
        first = {path: jobs.log(run).splitlines()[0] for path, run in steps.items()}
        client = f"client {identity['clientId']}"
        assert first == {"own": client, "user": "client None", "job": client}


def test_without_a_managed_identity_a_step_sees_none(jobs: JobPlatform, identity: dict[str, str]) -> None:
    assert _said(jobs, _job(jobs, None)) == ["client None"]
    name, _ = jobs.run(_job(jobs, {"identityType": "Managed"}, compute="wide"))
    assert jobs.log(name).splitlines() == ["client None"]
    warnings = [warning["message"] for warning in jobs.details(name)["warnings"]]
    assert any("asks for a managed identity and its compute has none" in one for one in warnings)


def test_an_identity_of_no_cluster_is_refused(jobs: JobPlatform, identity: dict[str, str]) -> None:
    stranger = {"identityType": "Managed", "clientId": "00000000-0000-4000-8000-000000000123"}
    for compute, have in (("acting", identity["clientId"]), ("wide", "none")):
        answer = jobs.send(_job(jobs, stranger, compute=compute))
        assert answer.status_code == 400
        message = answer.json()["error"]["message"]
        assert (
            f"got the managed identity {stranger['clientId']}, expected one of compute '{compute}'" in message
        )
        assert f"it has: {have}" in message
