"""Protects: codes, environments and components: uploads happen once, versions are immutable, references exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.machine_learning_assets import register_component, register_environment, write_component
from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform


@pytest.fixture(scope="module")
def azure_ml() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        register_environment(platform.client())
        yield platform


def _kinds(paths: list[str]) -> list[str]:
    """Paths without what differs from run to run."""
    shortened = [re.sub(r"/subscriptions/.*/workspaces/[^/]+", "", path) for path in paths]
    return sorted(re.sub(r"[0-9a-f-]{36}", "GUID", path) for path in shortened)


def test_first_registration_uploads_and_the_next_one_does_not(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    client, path = azure_ml.client(), write_component(tmp_path)
    azure_ml.forget_requests()
    first = register_component(client, path)
    assert (first.name, first.version) == ("train", "1")
    first_calls = _kinds(azure_ml.paths())
    assert len([call for call in first_calls if "/src/" in call]) == 5, (
        "HEAD, three files, metadata of one of them"
    )
    assert [call for call in first_calls if "/src/" not in call] == [
        "GET /codes/GUID/versions",
        "POST /codes/GUID/versions/1/startPendingUpload",
        "PUT /codes/GUID/versions/1",
        "PUT /components/train/versions/1",
    ]
    azure_ml.forget_requests()
    register_component(client, path)
    assert _kinds(azure_ml.paths()) == [
        "GET /codes/GUID/versions",
        "GET /codes/GUID/versions/1",
        "PUT /components/train/versions/1",
    ]


def test_same_content_again_changes_nothing_but_who_wrote_last(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    client, path = azure_ml.client(), write_component(tmp_path)
    register_component(client, path)
    before = azure_ml.get("components/train/versions/1")
    with azure_ml.environment("alice"):
        register_component(azure_ml.client(), path)
    after = azure_ml.get("components/train/versions/1")
    assert after["properties"] == before["properties"]
    # Recorded: a component's last change moves with every PUT; its creation stays.
    assert after["systemData"]["lastModifiedAt"] > before["systemData"]["lastModifiedAt"]
    assert after["systemData"]["createdBy"] == before["systemData"]["createdBy"]


def test_other_content_under_a_version_is_refused_and_names_the_field(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    from azure.core.exceptions import HttpResponseError

    client = azure_ml.client()
    register_component(client, write_component(tmp_path))
    with pytest.raises(HttpResponseError, match='component train since field "inputs" is immutable'):
        register_component(client, write_component(tmp_path, rate=0.2))
    assert client.components.get("train", "1").inputs["learning_rate"]["default"] == 0.1


def test_description_and_tags_of_a_version_may_change(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    client = azure_ml.client()
    register_component(client, write_component(tmp_path))
    changed = register_component(client, write_component(tmp_path, description="Trains better."))
    assert changed.description == "Trains better."
    component = client.components.get("train", "1")
    component.tags["reviewed"] = "yes"
    assert client.components.create_or_update(component).tags == {"team": "a", "reviewed": "yes"}


def test_missing_environment_and_code_are_refused_together(azure_ml: MachineLearningPlatform) -> None:
    spec = {
        "name": "broken", "type": "command", "command": "true", "environment": "azureml:nothing:1",
        "code": f"azureml:{azure_ml.workspace_id}/codes/none/versions/1",
    }  # fmt: skip
    response = azure_ml.call(
        "PUT", "components/broken/versions/1", json={"properties": {"componentSpec": spec}}
    )
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "UserError")
    assert [detail["message"].partition(":")[0] for detail in error["details"]] == [
        "componentSpec.environment",
        "componentSpec.code",
    ]
    assert azure_ml.call("GET", "components/broken").status_code == 404


def test_curated_environment_is_found_and_an_invented_one_is_not(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    from azure.core.exceptions import HttpResponseError

    client = azure_ml.client()
    curated = "azureml://registries/azureml/environments/sklearn-1.5/versions/4"
    register_component(client, write_component(tmp_path, version="curated", environment=curated))
    invented = "azureml://registries/azureml/environments/sklearn-9.9/versions/1"
    with pytest.raises(HttpResponseError, match="Could not find asset with assetId azureml://registries"):
        register_component(client, write_component(tmp_path, version="invented", environment=invented))


def test_version_is_counted_when_none_is_given(azure_ml: MachineLearningPlatform) -> None:
    from azure.ai.ml.entities import Environment

    client = azure_ml.client()
    versions = [
        client.environments.create_or_update(Environment(name="counted", image=f"python:3.{minor}")).version
        for minor in (11, 12)
    ]
    assert versions == ["1", "2"]
    assert client.environments.get("counted", label="latest").version == "2"


def test_default_version_and_latest_label_are_the_newest_active(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    client = azure_ml.client()
    folder = tmp_path / "x"
    for version in ("a", "b"):
        path = write_component(folder, version=version)
        path.write_text(path.read_text().replace("name: train", "name: labelled"))
        register_component(client, path)
    assert client.components.get("labelled").version == "b"
    client.components.archive("labelled", version="b")
    assert client.components.get("labelled").version == "a"
    assert client.components.get("labelled", label="latest").version == "a"


def test_pipeline_component_needs_its_children(azure_ml: MachineLearningPlatform, tmp_path: Path) -> None:
    client = azure_ml.client()
    register_component(client, write_component(tmp_path))
    parent = tmp_path / "parent.yml"
    text = (
        "$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json\n"
        "type: pipeline\nname: both\nversion: '1'\ninputs:\n  rows: {type: uri_folder}\njobs:\n"
        "  one: {type: command, component: 'azureml:train:CHILD', inputs: {rows: '${{parent.inputs.rows}}'}}\n"
    )
    parent.write_text(text.replace("CHILD", "1"))
    assert register_component(client, parent).version == "1"
    body = azure_ml.get("components/both/versions/1")
    # Recorded: a pipeline component's steps are never answered; so a client that sends back what it read sends none.
    assert "jobs" not in body["properties"]["componentSpec"]
    assert azure_ml.call("PUT", "components/both/versions/1", json=body).status_code == 200
    missing = f"{azure_ml.workspace_id}/components/train/versions/1000"
    body["properties"]["componentSpec"]["jobs"] = {"one": {"type": "command", "componentId": missing}}
    response = azure_ml.call("PUT", "components/both/versions/2", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["details"][0]["message"].startswith("componentSpec.jobs.one.componentId")
    changed = azure_ml.call("PUT", "components/both/versions/1", json=body)
    assert (changed.status_code, '"jobs" is immutable' in changed.text.replace("\\", "")) == (400, True)


def test_environment_content_is_fixed_and_its_description_is_not(azure_ml: MachineLearningPlatform) -> None:
    from azure.core.exceptions import ResourceExistsError

    client = azure_ml.client()
    with pytest.raises(ResourceExistsError, match="condaFile"):
        register_environment(client, conda_file={"name": "tools", "dependencies": ["python=3.12"]})
    assert register_environment(client, description="Tools.").description == "Tools."


def test_who_made_and_who_changed_a_version_is_kept(azure_ml: MachineLearningPlatform) -> None:
    register_environment(azure_ml.client(), name="signed")
    with azure_ml.environment("bob"):
        register_environment(azure_ml.client(), name="signed", description="By bob.")
    data = azure_ml.get("environments/signed/versions/1")["systemData"]
    assert (data["createdByType"], data["lastModifiedBy"]) == ("Application", "Bob Reviewer")
    assert data["lastModifiedAt"] > data["createdAt"]


def test_versions_and_containers_can_be_deleted_through_rest_by_who_may(
    azure_ml: MachineLearningPlatform,
) -> None:
    register_environment(azure_ml.client(), name="doomed")
    register_environment(azure_ml.client(), name="doomed", version="2")
    assert azure_ml.call("DELETE", "environments/doomed/versions/1", principal="pipeline").status_code == 403
    assert azure_ml.call("DELETE", "environments/doomed/versions/1").status_code == 200
    assert azure_ml.call("DELETE", "environments/doomed/versions/1").status_code == 204
    assert azure_ml.get("environments/doomed")["properties"]["latestVersion"] == "2"
    assert azure_ml.call("DELETE", "environments/doomed").status_code == 200
    assert azure_ml.call("GET", "environments/doomed/versions/2").status_code == 404


def test_deleted_code_is_uploaded_again(azure_ml: MachineLearningPlatform, tmp_path: Path) -> None:
    client = azure_ml.client()
    (tmp_path / "src").mkdir()
    made = register_component(client, write_component(tmp_path, version="code-a"))
    code = made.code.split("/workspaces/")[1].partition("/")[2]
    assert azure_ml.call("DELETE", code).status_code == 200
    azure_ml.forget_requests()
    register_component(client, write_component(tmp_path, version="code-b"))
    assert any("startPendingUpload" in path for path in azure_ml.paths("POST"))


def test_large_lists_come_in_pages(azure_ml: MachineLearningPlatform) -> None:
    for number in range(105):
        body = {"properties": {"image": f"python:{number}"}}
        assert azure_ml.call("PUT", f"environments/paged/versions/{number}", json=body).status_code == 201
    versions = [entry.version for entry in azure_ml.client().environments.list("paged")]
    assert versions == [str(number) for number in reversed(range(105))]
    newest = azure_ml.get("environments/paged/versions", **{"$orderBy": "createdtime desc", "$top": "2"})
    assert [entry["name"] for entry in newest["value"]] == ["104", "103"]
    following = azure_ml.emulator.request("GET", newest["nextLink"], api_version=None).json()
    assert [entry["name"] for entry in following["value"]] == ["102", "101"]
