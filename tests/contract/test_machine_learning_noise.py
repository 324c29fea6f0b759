"""Protects: each noise of Azure ML really changes an answer, and the official client still reads the same from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform

_SPEC = {
    "name": "noisy",
    "type": "command",
    "command": "echo ${{inputs.rate}}",
    "environment": "azureml://registries/azureml/environments/sklearn-1.5/versions/1",
    "inputs": {"rate": {"type": "number", "default": 0.1}},
}
_BODIES: dict[str, dict[str, Any]] = {
    "components": {"componentSpec": _SPEC},
    "environments": {"image": "python:3.11"},
    "data": {"dataUri": "azureml://datastores/workspaceblobstore/paths/x", "dataType": "uri_folder"},
}
_NOISES = {
    "component_scalars_as_strings": ("components", "componentSpec"),
    "component_filled_defaults": ("components", "componentSpec"),
    "environment_filled_defaults": ("environments", "osType"),
    "asset_provisioning_state": ("environments", "provisioningState"),
    "data_uri_long_form": ("data", "dataUri"),
    "empty_collections_filled": ("data", "tags"),
}


@pytest.fixture(scope="module")
def azure_ml() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        for kind, properties in _BODIES.items():
            response = platform.call("PUT", f"{kind}/noisy/versions/1", json={"properties": properties})
            assert response.status_code == 201, response.text
        yield platform


@pytest.mark.parametrize("identifier", sorted(_NOISES))
def test_noise_changes_the_answer_and_not_what_it_means(
    azure_ml: MachineLearningPlatform, identifier: str
) -> None:
    kind, field = _NOISES[identifier]
    quiet = azure_ml.get(f"{kind}/noisy/versions/1")
    listed = azure_ml.get(f"{kind}/noisy/versions")["value"][0]
    azure_ml.emulator.control("PUT", "noise", {"enabled": True, "only": [identifier]})
    try:
        noisy = azure_ml.get(f"{kind}/noisy/versions/1")
        noisy_list = azure_ml.get(f"{kind}/noisy/versions")["value"][0]
        # What comes back may be sent back: the service takes it for the same content.
        again = azure_ml.call("PUT", f"{kind}/noisy/versions/1", json=noisy)
        read = getattr(azure_ml.client(), kind).get("noisy", "1")
    finally:
        azure_ml.emulator.control("PUT", "noise", {"enabled": False})
    assert noisy["properties"].get(field) != quiet["properties"].get(field)
    assert noisy_list["properties"].get(field) != listed["properties"].get(field)
    assert again.status_code == 200, again.text
    assert (read.name, read.version) == ("noisy", "1")
