"""Protects: what is not known of Azure ML's answers varies under a noise of its name, and clients read both outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform

_BODIES: dict[str, dict[str, Any]] = {
    "environments": {"image": "python:3.11"},
    "data": {"dataUri": "azureml://datastores/workspaceblobstore/paths/x", "dataType": "uri_folder"},
    "models": {"modelUri": "azureml://datastores/workspaceblobstore/paths/m", "modelType": "custom_model"},
}


@pytest.fixture(scope="module")
def azure_ml() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        for kind, properties in _BODIES.items():
            body = {"properties": {**properties, "properties": {"of_ours": "yes"}}}
            response = platform.call("PUT", f"{kind}/noisy/versions/1", json=body)
            assert response.status_code == 201, response.text
        yield platform


@pytest.mark.parametrize("kind", sorted(_BODIES))
def test_properties_of_our_own_are_kept_or_lost(azure_ml: MachineLearningPlatform, kind: str) -> None:
    quiet = azure_ml.get(f"{kind}/noisy/versions/1")
    azure_ml.emulator.control("PUT", "noise", {"enabled": True, "only": ["asset_properties_dropped"]})
    try:
        noisy = azure_ml.get(f"{kind}/noisy/versions/1")
        listed = azure_ml.get(f"{kind}/noisy/versions")["value"][0]
        # What comes back may be sent back: the service takes it for the same content.
        again = azure_ml.call("PUT", f"{kind}/noisy/versions/1", json=quiet)
        read = getattr(azure_ml.client(), kind).get("noisy", "1")
    finally:
        azure_ml.emulator.control("PUT", "noise", {"enabled": False})
    assert quiet["properties"]["properties"]["of_ours"] == "yes"
    assert "of_ours" not in noisy["properties"]["properties"]
    assert "of_ours" not in listed["properties"]["properties"]
    assert again.status_code in {200, 201}, again.text
    assert (read.name, read.version) == ("noisy", "1")
