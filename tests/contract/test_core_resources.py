"""Protects the table of ARM types: what the official client sends is kept, filled in, refused as Azure refuses it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import GenericResource, ResourceGroup

from tests.emulator_process import EmulatorProcess

STORAGE, VAULT, IDENTITY = "2024-01-01", "2024-11-01", "2023-01-31"


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "azure-noise"])
def emulator(request) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(azure_noise=request.param) as process:
        yield process


@pytest.fixture
def client(emulator, monkeypatch) -> Iterator[ResourceManagementClient]:
    for name, value in emulator.environment("deployer").items():
        monkeypatch.setenv(name, value)
    with ResourceManagementClient(
        DefaultAzureCredential(), emulator.subscription_id, base_url=emulator.base_url,
        credential_scopes=[f"{emulator.base_url}/.default"],
    ) as found:  # fmt: skip
        yield found


@pytest.fixture
def group(client) -> str:
    name = f"rg-{uuid.uuid4().hex[:8]}"
    client.resource_groups.create_or_update(name, ResourceGroup(location="West Europe", tags={"owner": "ml"}))
    return name


def account_id(emulator, group, name) -> str:
    return f"{emulator.scope}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"


def make_account(emulator, client, group, name, **options):
    body = GenericResource(location="westeurope", kind="StorageV2", sku={"name": "Standard_LRS"}, **options)
    return client.resources.begin_create_or_update_by_id(
        account_id(emulator, group, name), body, api_version=STORAGE
    ).result()


def unique_name() -> str:
    return f"st{uuid.uuid4().hex[:12]}"


def test_groups_through_the_official_client(emulator, client, group):
    found = client.resource_groups.get(group.upper())
    assert (found.name, found.location, found.tags) == (group, "westeurope", {"owner": "ml"})
    assert client.resource_groups.check_existence(group)
    assert group in [item.name for item in client.resource_groups.list()]
    client.resource_groups.update(group, {"tags": {"owner": "it"}})
    assert client.resource_groups.get(group).tags == {"owner": "it"}


def test_a_group_does_not_move(client, group):
    with pytest.raises(ResourceExistsError, match="InvalidResourceGroupLocation"):
        client.resource_groups.create_or_update(group, ResourceGroup(location="northeurope"))


def test_a_storage_account_is_filled_in_and_its_keys_come_by_action_only(emulator, client, group):
    name = unique_name()
    made = make_account(
        emulator, client, group, name, properties={"minimumTlsVersion": "TLS1_2", "nothing": None}
    )
    properties = made.properties
    assert properties["minimumTlsVersion"] == "TLS1_2"
    assert properties["provisioningState"] == "Succeeded"
    assert properties["primaryEndpoints"]["blob"].startswith(f"https://{name}.blob.")
    assert "nothing" not in properties
    keys = emulator.request("POST", f"{made.id}/listKeys", api_version=STORAGE).json()["keys"]
    shown = emulator.request("GET", made.id, api_version=STORAGE).text
    assert len(keys) == 2
    assert all(key["value"] not in shown for key in keys)


def test_what_the_service_made_stays_through_updates(emulator, client, group):
    path = f"{emulator.scope}/resourceGroups/{group}/providers/Microsoft.OperationalInsights/workspaces/logs"
    first = client.resources.begin_create_or_update_by_id(
        path,
        GenericResource(location="westeurope", properties={"retentionInDays": 30}),
        api_version="2023-09-01",
    ).result()
    second = client.resources.begin_create_or_update_by_id(
        path,
        GenericResource(location="westeurope", properties={"retentionInDays": 60}),
        api_version="2023-09-01",
    ).result()
    assert second.properties["customerId"] == first.properties["customerId"]
    assert second.properties["retentionInDays"] == 60


def test_an_application_insights_component_has_a_connection_string_with_its_key(emulator, client, group):
    path = f"{emulator.scope}/resourceGroups/{group}/providers/Microsoft.Insights/components/insights"
    body = GenericResource(location="westeurope", kind="web", properties={"Application_Type": "web"})
    made = (
        client.resources.begin_create_or_update_by_id(path, body, api_version="2020-02-02")
        .result()
        .properties
    )
    assert made["ConnectionString"].startswith(f"InstrumentationKey={made['InstrumentationKey']};")


def test_a_vault_secret_is_never_answered(emulator, client, group):
    vault = f"{emulator.scope}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/kv-{uuid.uuid4().hex[:8]}"
    body = {"tenantId": emulator.tenant_id, "sku": {"family": "A", "name": "standard"}}
    client.resources.begin_create_or_update_by_id(
        vault, GenericResource(location="westeurope", properties=body), api_version=VAULT, polling_interval=1
    ).result()
    made = emulator.request(
        "PUT",
        f"{vault}/secrets/s1",
        api_version=VAULT,
        json={"properties": {"value": "hunter2-in-the-vault"}},
    )
    assert made.status_code == 201
    assert "hunter2" not in made.text
    emulator.stop()
    assert b"hunter2-in-the-vault" not in (emulator.home / "emulator.db").read_bytes()
    emulator.start()


def test_a_system_assigned_identity_gets_a_principal_and_a_user_assigned_one_is_looked_up(
    emulator, client, group
):
    path = f"{emulator.scope}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1"
    user = emulator.request("PUT", path, api_version=IDENTITY, json={"location": "westeurope"}).json()
    name = unique_name()
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
            "identity": {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": {user["id"]: {}}}}  # fmt: skip
    path = account_id(emulator, group, name)
    emulator.request("PUT", path, api_version=STORAGE, json=body)
    identity = emulator.request("GET", path, api_version=STORAGE).json()["identity"]
    assert uuid.UUID(identity["principalId"])
    assert identity["userAssignedIdentities"][user["id"]] == {
        "principalId": user["properties"]["principalId"], "clientId": user["properties"]["clientId"],
    }  # fmt: skip
    body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {f"{user['id']}-gone": {}}}
    missing = emulator.request("PUT", path, api_version=STORAGE, json=body)
    assert (missing.status_code, missing.json()["error"]["code"]) == (400, "FailedIdentityOperation")


def test_ids_are_found_in_any_case_and_answered_in_the_first(emulator, client, group):
    name = unique_name()
    made = make_account(emulator, client, group, name)
    assert (
        emulator.request("GET", made.id.upper().replace("HTTPS", "https"), api_version=STORAGE).json()["id"]
        == made.id
    )


@pytest.mark.parametrize(
    ("change", "version", "code"),
    [
        ({}, "2001-01-01", "NoRegisteredProviderFound"),
        ({}, None, "MissingApiVersionParameter"),
        ({"location": None}, STORAGE, "LocationRequired"),
        ({"sku": None}, STORAGE, "InvalidRequestContent"),
        ({"tags": {"a": 1}}, STORAGE, "InvalidTagsParameter"),
    ],
)
def test_a_bad_request_is_refused_and_nothing_is_made(emulator, group, change, version, code):
    path = account_id(emulator, group, unique_name())
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}} | change
    answer = emulator.request("PUT", path, api_version=version, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert emulator.request("GET", path, api_version=STORAGE).status_code == 404


def test_a_bad_name_is_refused_in_azures_words(emulator, client, group):
    with pytest.raises(HttpResponseError) as raised:
        make_account(emulator, client, group, "Not_Valid")
    assert raised.value.error.code == "AccountNameInvalid"


def test_a_name_that_is_a_host_name_is_taken_once(emulator, client, group):
    name = unique_name()
    make_account(emulator, client, group, name)
    other = f"rg-{uuid.uuid4().hex[:8]}"
    client.resource_groups.create_or_update(other, ResourceGroup(location="westeurope"))
    with pytest.raises(ResourceExistsError) as raised:
        make_account(emulator, client, other, name)
    assert raised.value.error.code == "StorageAccountAlreadyTaken"


def test_what_is_not_there_is_404_with_the_right_code(emulator, client, group):
    with pytest.raises(ResourceNotFoundError) as raised:
        client.resources.get_by_id(account_id(emulator, group, "missing"), api_version=STORAGE)
    assert raised.value.error.code == "ResourceNotFound"
    with pytest.raises(ResourceNotFoundError) as raised:
        client.resources.get_by_id(account_id(emulator, "rg-missing", "missing"), api_version=STORAGE)
    assert raised.value.error.code == "ResourceGroupNotFound"
    orphan = f"{account_id(emulator, group, 'missing')}/blobServices/default/containers/data"
    answer = emulator.request("PUT", orphan, api_version=STORAGE, json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ParentResourceNotFound")


def test_bad_json_is_refused(emulator, group):
    answer = emulator.request("PUT", account_id(emulator, group, "abc"), api_version=STORAGE, data="{")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")


def test_deleting_a_group_takes_everything_in_it(emulator, client, group):
    made = make_account(emulator, client, group, unique_name())
    client.resource_groups.begin_delete(group).result()
    assert not client.resource_groups.check_existence(group)
    client.resource_groups.create_or_update(group, ResourceGroup(location="westeurope"))
    with pytest.raises(ResourceNotFoundError):
        client.resources.get_by_id(made.id, api_version=STORAGE)


def test_deleting_what_is_not_there_is_no_error(emulator, group):
    answer = emulator.request("DELETE", account_id(emulator, group, "missing"), api_version=STORAGE)
    assert answer.status_code == 204


def test_etags_guard_a_write(emulator, group):
    path = account_id(emulator, group, unique_name())
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    emulator.request("PUT", path, api_version=STORAGE, json=body)
    refused = emulator.request("PUT", path, api_version=STORAGE, json=body, headers={"If-None-Match": "*"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (412, "PreconditionFailed")


def test_diagnostic_settings_and_budgets_hang_on_what_exists(emulator, client, group):
    account = make_account(emulator, client, group, unique_name())
    setting = f"{account.id}/providers/Microsoft.Insights/diagnosticSettings/to-logs"
    made = emulator.request(
        "PUT", setting, api_version="2021-05-01-preview", json={"properties": {"logs": []}}
    )
    below = setting.index("/providers/Microsoft.Insights")
    answered = setting[:below].lower() + setting[below:].replace("Microsoft.Insights", "microsoft.insights")
    assert (made.status_code, made.json()["id"]) == (200, answered)
    found = emulator.request("GET", answered, api_version="2021-05-01-preview")
    assert found.json()["id"] == answered
    nowhere = f"{account.id}x/providers/Microsoft.Insights/diagnosticSettings/to-logs"
    answer = emulator.request("PUT", nowhere, api_version="2021-05-01-preview", json={"properties": {}})
    assert answer.status_code == 404
    budget = f"{emulator.scope}/resourceGroups/{group}/providers/Microsoft.Consumption/budgets/monthly"
    properties = {
        "amount": 100,
        "category": "Cost",
        "timeGrain": "Monthly",
        "timePeriod": {"startDate": "2026-01-01"},
    }
    assert (
        emulator.request("PUT", budget, api_version="2024-08-01", json={"properties": properties}).status_code
        == 201
    )


def test_resources_are_listed_by_type(emulator, client, group):
    make_account(emulator, client, group, name := unique_name())
    emulator.control("PUT", "noise", {"enabled": emulator.azure_noise, "only": ["key_order"]})
    found = list(client.resources.list_by_resource_group(
        group, filter="resourceType eq 'Microsoft.Storage/storageAccounts'"
    ))  # fmt: skip
    assert [item.name for item in found] == [name]
    emulator.control("PUT", "noise", {"enabled": emulator.azure_noise})


def test_providers_are_registered(client):
    assert client.providers.get("Microsoft.Storage").registration_state == "Registered"
    assert "Microsoft.MachineLearningServices" in [item.namespace for item in client.providers.list()]
