"""Protects what belongs to a workspace besides assets: connections, managed network, keys; and 501 for what is missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.ai.ml.entities import FqdnDestination, PatTokenConfiguration, WorkspaceConnection
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.contract.machine_learning_platform import (
    WORKSPACE,
    MachineLearningPlatform,
    machine_learning_platform,
)


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as built:
        yield built


def test_a_connections_secret_is_shown_only_to_who_asks_for_it(platform: MachineLearningPlatform) -> None:
    client = platform.client()
    connection = WorkspaceConnection(
        name="feed",
        type="python_feed",
        target="https://example.org/simple",
        credentials=PatTokenConfiguration(pat="hidden"),
    )
    client.connections.create_or_update(connection)
    shown = platform.get("connections/feed")["properties"]
    assert (shown["credentials"], shown["group"], shown["category"]) == (
        None,
        "ServicesAndApps",
        "PythonFeed",
    )
    secret = platform.call("POST", "connections/feed/listsecrets").json()["properties"]["credentials"]
    assert secret == {"pat": "hidden"}
    client.connections.delete("feed")
    with pytest.raises(ResourceNotFoundError, match="Connection feed can't be found in this workspace"):
        client.connections.get("feed")


def test_outbound_rules_need_a_managed_network(platform: MachineLearningPlatform) -> None:
    client = platform.client()
    rule = FqdnDestination(name="pypi", destination="pypi.org")
    with pytest.raises(HttpResponseError, match="no managed network"):
        client.workspace_outbound_rules.begin_create(WORKSPACE, rule).result()
    body = platform.workspace_body(managedNetwork={"isolationMode": "AllowOnlyApprovedOutbound"})
    assert platform.call("PUT", "", json=body).status_code == 200
    client.workspace_outbound_rules.begin_create(WORKSPACE, rule).result()
    assert client.workspace_outbound_rules.get(WORKSPACE, "pypi").destination == "pypi.org"
    assert client.workspaces.begin_provision_network(workspace_name=WORKSPACE).result().status == "Active"
    client.workspace_outbound_rules.begin_remove(WORKSPACE, "pypi").result()
    assert not list(client.workspace_outbound_rules.list(WORKSPACE))


def test_workspace_keys_are_those_of_its_account(platform: MachineLearningPlatform) -> None:
    keys = platform.client().workspaces.get_keys(WORKSPACE)
    account = platform.emulator.request(
        "POST", f"{platform.account_id}/listKeys", api_version="2024-01-01"
    ).json()
    assert keys.user_storage_key == account["keys"][0]["value"]


@pytest.mark.parametrize(
    "path",
    [
        "/genericasset/subscriptions/s/indexes/i/versions",
        "/modelregistry/v1.0/subscriptions/s/models",
        "/mferp/managementfrontend/subscriptions/s/resourceGroups/g/batchEndpoints/b/jobs",
        "/endpoints/online/e/score",
    ],
)
@pytest.mark.parametrize("audience", [None, "https://ml.azure.com"])
def test_what_is_not_modelled_answers_501_whatever_the_token_is_for(
    platform: MachineLearningPlatform, path: str, audience: str | None
) -> None:
    token = platform.emulator.token(audience=audience)
    answer = platform.emulator.request(
        "GET", path, principal=None, headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
    assert f"GET {path}" in answer.json()["error"]["message"]
