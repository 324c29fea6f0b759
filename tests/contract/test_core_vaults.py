"""Protects what Azure does not let go: a protected vault stays protected, and a deleted one keeps its name."""

from __future__ import annotations

import pytest

from tests.emulator_process import EmulatorProcess

VERSION = "2024-11-01"


@pytest.fixture
def emulator(tmp_path):
    with EmulatorProcess(home=tmp_path / "home") as process:
        process.request("PUT", f"{process.scope}/resourceGroups/rg1", json={"location": "westeurope"})
        yield process


def put_vault(emulator, **properties):
    path = f"{emulator.scope}/resourceGroups/rg1/providers/Microsoft.KeyVault/vaults/kv-one"
    sent = {"tenantId": emulator.tenant_id, "sku": {"family": "A", "name": "standard"}, **properties}
    return emulator.request(
        "PUT", path, api_version=VERSION, json={"location": "westeurope", "properties": sent}
    )


def test_purge_protection_is_not_taken_back(emulator):
    assert put_vault(emulator, enablePurgeProtection=True).status_code == 200
    assert put_vault(emulator, enablePurgeProtection=False).status_code == 400


@pytest.mark.parametrize("by_group", [False, True])
def test_a_soft_deleted_vault_keeps_its_name_until_it_is_recovered_or_purged(emulator, by_group):
    group = f"{emulator.scope}/resourceGroups/rg1"
    made = put_vault(emulator, enableRbacAuthorization=True).json()
    if by_group:
        emulator.request("DELETE", group)
        emulator.request("PUT", group, json={"location": "westeurope"})
    else:
        emulator.request("DELETE", made["id"], api_version=VERSION)
    refused = put_vault(emulator)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ConflictError")
    recovered = put_vault(emulator, createMode="recover")
    assert recovered.json()["properties"]["enableRbacAuthorization"] is True
    emulator.request("DELETE", made["id"], api_version=VERSION)
    deleted = f"{emulator.scope}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-one"
    assert emulator.request("GET", deleted, api_version=VERSION).json()["properties"]["vaultId"] == made["id"]
    assert emulator.request("POST", f"{deleted}/purge", api_version=VERSION).status_code == 200
    assert put_vault(emulator).status_code == 200


def test_a_protected_vault_is_not_purged(emulator):
    made = put_vault(emulator, enablePurgeProtection=True).json()
    emulator.request("DELETE", made["id"], api_version=VERSION)
    deleted = f"{emulator.scope}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-one"
    assert emulator.request("POST", f"{deleted}/purge", api_version=VERSION).status_code == 405
