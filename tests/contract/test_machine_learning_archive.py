"""Protects: archive and restore of versions and containers, for every kind that the official client archives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform

_BODIES: dict[str, dict[str, Any]] = {
    "environments": {"image": "python:3.11"},
    "components": {"componentSpec": {"name": "kept", "type": "command", "command": "true",
                                     "environment": "azureml://registries/azureml/environments/sklearn-1.5/versions/1"}},
    "data": {"dataUri": "azureml://datastores/workspaceblobstore/paths/x", "dataType": "uri_folder"},
    "models": {"modelUri": "azureml://datastores/workspaceblobstore/paths/m", "modelType": "custom_model"},
}  # fmt: skip


@pytest.fixture(scope="module", params=[False, True], ids=["quiet", "noise"])
def azure_ml(request: pytest.FixtureRequest) -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform(azure_noise=request.param) as platform:
        for kind, properties in _BODIES.items():
            for version in ("1", "2"):
                response = platform.call(
                    "PUT", f"{kind}/kept/versions/{version}", json={"properties": properties}
                )
                assert response.status_code == 201, response.text
        yield platform


def _operations(azure_ml: MachineLearningPlatform, kind: str) -> Any:
    return getattr(azure_ml.client(), kind)


@pytest.mark.parametrize("kind", sorted(_BODIES))
def test_archived_version_is_hidden_and_comes_back(azure_ml: MachineLearningPlatform, kind: str) -> None:
    operations = _operations(azure_ml, kind)
    operations.archive("kept", version="2")
    assert [entry.version for entry in operations.list("kept")] == ["1"]
    assert operations.get("kept", version="2").version == "2", "an archived version can still be used"
    assert operations.get("kept", label="latest").version == "1"
    archived = azure_ml.get(f"{kind}/kept/versions", listViewType="ArchivedOnly")
    assert [entry["name"] for entry in archived["value"]] == ["2"]
    operations.restore("kept", version="2")
    assert [entry.version for entry in operations.list("kept")] == ["2", "1"]


@pytest.mark.parametrize("kind", sorted(_BODIES))
def test_archived_container_hides_all_and_is_restored_as_a_whole(
    azure_ml: MachineLearningPlatform, kind: str
) -> None:
    from azure.core.exceptions import HttpResponseError

    operations = _operations(azure_ml, kind)
    operations.archive("kept", version="1")
    operations.archive("kept")
    assert "kept" not in [entry["name"] for entry in azure_ml.get(kind)["value"]]
    assert azure_ml.get(f"{kind}/kept/versions")["value"] == []
    # Recorded: an environment's container keeps its latest version, a component's never has one.
    latest = azure_ml.get(f"{kind}/kept")["properties"].get("latestVersion")
    assert latest == ("2" if kind == "environments" else None)
    with pytest.raises(HttpResponseError, match="cannot be restored while all versions"):
        operations.restore("kept", version="1")
    operations.restore("kept")
    operations.restore("kept", version="1")
    assert [entry["name"] for entry in azure_ml.get(f"{kind}/kept/versions")["value"]] == ["2", "1"]


@pytest.mark.parametrize("kind", sorted(_BODIES))
def test_content_cannot_change_by_way_of_an_archive(azure_ml: MachineLearningPlatform, kind: str) -> None:
    field = {"environments": "image", "components": "componentSpec", "data": "dataUri", "models": "modelUri"}[
        kind
    ]
    body = azure_ml.get(f"{kind}/kept/versions/1")
    other: Any = "azureml://datastores/workspaceblobstore/paths/other"
    if kind == "components":
        other = {**body["properties"]["componentSpec"], "command": "false"}
    body["properties"] |= {field: other, "isArchived": True}
    response = azure_ml.call("PUT", f"{kind}/kept/versions/1", json=body)
    status = 400 if kind == "components" else 409
    assert (response.status_code, response.json()["error"]["code"]) == (status, "UserError")
    assert not azure_ml.get(f"{kind}/kept/versions/1")["properties"].get("isArchived")
