"""Rows on versioned assets: content, versions, labels, archives, references."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import yaml

from tests.verify_azure import versions as api
from tests.verify_azure.check import check, part
from tests.verify_azure.cloud import Refused, code_of, message_of
from tests.verify_azure.finding import Finding, holds
from tests.verify_azure.subject import Subject

DEFINITIONS = Path(__file__).resolve().parents[1] / "definitions"
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
CURATED = Path(__file__).resolve().parents[3] / "plumbline/emulator/services/registry/curated.yaml"
LATEST = {"_orderBy": "createdtime desc", "_top": "1"}


@part("assets", "blob rights")
def make_assets(azure: Subject) -> str:
    """`va-env:1`, `va_step:1` with its code, `va-folder:1`, `va-model:1`."""
    from azure.ai.ml import load_component

    environment(azure, "va-env")
    azure.client().components.create_or_update(load_component(DEFINITIONS / "step" / "component.yml"))
    data(azure, "va-folder", path="va/folder")
    place = f"{azure.part('workspace')}/models/va-model/versions/1"
    write(
        azure, place, api.MODEL, {"modelType": "custom_model", "modelUri": datastore_uri(azure, "va/model")}
    )
    return "made"


def datastore_uri(azure: Subject, path: str) -> str:
    """A path on the workspace's own datastore, in the long form that azure-ai-ml sends."""
    _, _, subscription, _, group, _, _, _, workspace = str(azure.part("workspace")).split("/")
    return (
        f"azureml://subscriptions/{subscription}/resourcegroups/{group}/workspaces/{workspace}"
        f"/datastores/workspaceblobstore/paths/{path}"
    )


def write(azure: Subject, path: str, version: str, properties: dict[str, Any]) -> dict[str, Any]:
    """PUT of an asset; its answer. Raises: Refused."""
    answer = azure.send("PUT", path, api=version, body={"properties": properties})
    if answer.status_code >= 400:
        raise Refused("PUT", path, answer)
    body: dict[str, Any] = answer.json()
    return body


def environment(azure: Subject, name: str, version: str = "1", **properties: Any) -> dict[str, Any]:
    """An environment of an image alone."""
    path = f"{azure.part('workspace')}/environments/{name}/versions/{version}"
    return write(azure, path, api.ENVIRONMENT, {"image": IMAGE} | properties)


def data(azure: Subject, name: str, version: str = "1", *, path: str, **properties: Any) -> dict[str, Any]:
    """A folder of the workspace's datastore as a data asset."""
    place = f"{azure.part('workspace')}/data/{name}/versions/{version}"
    return write(
        azure, place, api.DATA, {"dataType": "uri_folder", "dataUri": datastore_uri(azure, path)} | properties
    )


def component(
    azure: Subject, name: str, version: str = "1", *, command: str = "echo x", **properties: Any
) -> Any:
    """The response to the PUT of a component without code."""
    spec = {
        "name": name, "version": version, "type": "command", "command": command, "display_name": name,
        "environment": f"azureml:{azure.part('workspace')}/environments/va-env/versions/1",
        "description": "In the spec.", "tags": {},
    }  # fmt: skip
    spec |= properties.pop("spec", {})
    for member in properties.pop("without", ()):
        del spec[member]
    path = f"{azure.part('workspace')}/components/{name}/versions/{version}"
    body = {"properties": {"componentSpec": spec, "properties": {}, "tags": {}} | properties}
    return azure.send("PUT", path, api=api.COMPONENT, body=body)


@check("ml-asset-same-content", "assets")
def same_content_again(azure: Subject) -> Finding:
    name = azure.fresh("va_same")
    component(azure, name)
    before = azure.system_data(f"components/{name}/versions/1", api=api.COMPONENT)
    again = component(azure, name)
    after = azure.system_data(f"components/{name}/versions/1", api=api.COMPONENT)
    plain = azure.fresh("va-same")
    environment(azure, plain)
    first = azure.system_data(f"environments/{plain}/versions/1", api=api.ENVIRONMENT)
    environment(azure, plain)
    second = azure.system_data(f"environments/{plain}/versions/1", api=api.ENVIRONMENT)
    return holds(
        again.status_code == 200
        and before["createdAt"] == after["createdAt"] and before["lastModifiedAt"] != after["lastModifiedAt"]
        and first["lastModifiedAt"] == second["lastModifiedAt"],
        f"The same component again: {again.status_code}, lastModifiedAt moves {before['lastModifiedAt'] != after['lastModifiedAt']}; "
        f"the same environment again: lastModifiedAt moves {first['lastModifiedAt'] != second['lastModifiedAt']}.",
    )  # fmt: skip


@check("ml-asset-immutable", "assets")
def other_content(azure: Subject) -> Finding:
    name = azure.fresh("va_fixed")
    component(azure, name)
    refused = component(azure, name, command="echo y")
    text = component(azure, name, spec={"display_name": "Another name"})
    return holds(
        (refused.status_code, code_of(refused)) == (400, "UserError") and "immutable" in message_of(refused)
        and text.status_code == 200,
        f"A component with another command: {refused.status_code} {code_of(refused)}: {message_of(refused)}; with another "
        f"display name: {text.status_code}.",
    )  # fmt: skip


@check("ml-asset-data-version-fixed", "assets")
def data_with_another_path(azure: Subject) -> Finding:
    name = azure.fresh("va-data")
    data(azure, name, path="va/one")
    place = f"{azure.part('workspace')}/data/{name}/versions/1"
    body = {"properties": {"dataType": "uri_folder", "dataUri": datastore_uri(azure, "va/two")}}
    refused = azure.send("PUT", place, api=api.DATA, body=body)
    deleted = azure.send("DELETE", place, api=api.DATA)
    return holds(
        refused.status_code in (400, 409) and deleted.status_code in (200, 202, 204),
        f"Data with another path under its version: {refused.status_code} {code_of(refused)}; REST's DELETE of the "
        f"version: {deleted.status_code}.",
    )


@check("ml-asset-next-version", "assets")
def next_version(azure: Subject) -> Finding:
    name = azure.fresh("va-next")
    for version in ("1", "7"):
        environment(azure, name, version)
    shown = azure.ml(f"environments/{name}", api=api.ENVIRONMENT)["properties"]
    own = azure.ml("components/va_step", api=api.COMPONENT)["properties"]
    return holds(
        shown["nextVersion"] == "8" and not str(own["nextVersion"]).isdigit(),
        f"An environment with versions 1 and 7 says nextVersion {shown['nextVersion']}; a component with version 1 says "
        f"{own['nextVersion']}.",
    )


@check("ml-asset-latest", "assets")
def latest(azure: Subject) -> Finding:
    name = azure.fresh("va-latest")
    for version in ("9", "2"):
        environment(azure, name, version)
        azure.cloud.pause(azure.cloud.poll_seconds)
    first = azure.ml(f"environments/{name}/versions", api=api.ENVIRONMENT, **LATEST)["value"][0]["name"]
    label = azure.ml(f"environments/{name}/versions/azureml_default", api=api.ENVIRONMENT)["name"]
    shown = azure.ml("components/va_step", api=api.COMPONENT)["properties"].get("latestVersion")
    return holds(
        first == label == "2" and shown is None,
        f"After versions 9 and 2 the newest by time is {first}, azureml_default is {label}; a component's latestVersion is {shown}.",
    )


@check("ml-asset-archive", "assets")
def archived_version(azure: Subject) -> Finding:
    name = azure.fresh("va-archive")
    environment(azure, name)
    environment(azure, name, isArchived=True)
    shown = azure.ml(f"environments/{name}/versions/1", api=api.ENVIRONMENT)["properties"]["isArchived"]
    active = azure.ml(f"environments/{name}/versions", api=api.ENVIRONMENT, listViewType="ActiveOnly")[
        "value"
    ]
    used = component(
        azure,
        azure.fresh("va_uses"),
        spec={"environment": f"azureml:{azure.part('workspace')}/environments/{name}/versions/1"},
    )
    return holds(
        shown is True and not active and used.status_code in (200, 201),
        f"An archived environment: isArchived {shown}, in the active list {bool(active)}, named by a new component "
        f"{used.status_code}.",
    )


@check("ml-asset-new-version-in-archived-container", "assets")
def version_in_an_archived_container(azure: Subject) -> Finding:
    name = azure.fresh("va-box")
    environment(azure, name)
    path = f"{azure.part('workspace')}/environments/{name}"
    azure.send("PUT", path, api=api.ENVIRONMENT, body={"properties": {"isArchived": True}})
    answer = azure.send(
        "PUT",
        f"{path}/versions/2",
        api=api.ENVIRONMENT,
        body={"properties": {"image": IMAGE, "description": "two"}},
    )
    active = azure.ml(f"environments/{name}/versions", api=api.ENVIRONMENT, listViewType="ActiveOnly")[
        "value"
    ]
    return holds(
        answer.status_code in (200, 201) and not active,
        f"A new version in an archived container: {answer.status_code}; in the active list: {bool(active)}.",
    )


@check("ml-asset-list-of-nothing", "workspace")
def list_of_what_is_not_there(azure: Subject) -> Finding:
    models = azure.send(
        "GET", f"{azure.part('workspace')}/models/{azure.fresh('gone')}/versions", api=api.MODEL
    )
    codes = azure.send(
        "GET",
        f"{azure.part('workspace')}/codes/{uuid.uuid4()}/versions",
        api=api.CODE,
        hash="0" * 64,
        hashVersion="202208",
    )
    return holds(
        models.status_code == 404 and codes.status_code == 200 and codes.json()["value"] == [],
        f"The versions of a model that is not there: {models.status_code} {code_of(models)}; of a code: {codes.status_code}.",
    )


@check("ml-asset-pages", "assets")
def pages(azure: Subject) -> Finding:
    name = azure.fresh("va-pages")
    for version in ("1", "2"):
        environment(azure, name, version)
    page = azure.ml(f"environments/{name}/versions", api=api.ENVIRONMENT, **LATEST)
    following = page.get("nextLink")
    rest = azure.get(following, api=None)["value"] if following else []
    return holds(
        len(page["value"]) == 1
        and bool(following)
        and str(following).startswith("https://")
        and len(rest) == 1,
        f"$top=1 of two versions: {len(page['value'])} item and {'an absolute' if following else 'no'} nextLink, "
        f"which leads to {len(rest)} more.",
    )


@check("ml-code-hash-lookup", "assets")
def code_by_its_hash(azure: Subject) -> Finding:
    spec = azure.ml("components/va_step/versions/1", api=api.COMPONENT)["properties"]["componentSpec"]
    code = azure.get(str(spec["code"]).removeprefix("azureml:"), api=api.CODE)
    kept = code["properties"]["properties"]
    found = azure.ml(
        f"codes/{uuid.uuid4()}/versions",
        api=api.CODE,
        hash=kept["hash_sha256"],
        hashVersion=kept["hash_version"],
    )["value"]
    return holds(
        code["id"].lower() in {row["id"].lower() for row in found},
        f"Code of this content was found under a name that nothing has: {bool(found)}.",
    )


@check("ml-code-pending-upload", "workspace")
def pending_upload(azure: Subject) -> Finding:
    path = f"{azure.part('workspace')}/codes/{uuid.uuid4()}/versions/1/startPendingUpload"
    answers = [
        azure.send("POST", path, api=api.CODE, body={"pendingUploadType": "TemporaryBlobReference"}).json()[
            "blobReferenceForConsumption"
        ]
        for _ in range(2)
    ]
    addresses = {answer["blobUri"] for answer in answers}
    rights = sorted(
        part.removeprefix("sp=")
        for answer in answers
        for part in answer["credential"]["sasUri"].partition("?")[2].split("&")
        if part.startswith("sp=")
    )
    return holds(
        len(addresses) == 2 and set(rights) == {"rcwl"},
        f"Two calls named {len(addresses)} containers; the signatures' rights are {', '.join(sorted(set(rights)))}.",
    )


@check("ml-references-checked", "assets")
def missing_references(azure: Subject) -> Finding:
    gone = f"azureml:{azure.part('workspace')}/environments/{azure.fresh('gone')}/versions/1"
    answer = component(azure, azure.fresh("va_lost"), spec={"environment": gone})
    return holds(
        answer.status_code in (400, 404),
        f"A component whose environment is not there: {answer.status_code} {code_of(answer)}: {message_of(answer)[:100]}",
    )


@check("ml-curated-environments", "workspace")
def curated_environments(azure: Subject) -> Finding:
    from azure.ai.ml import MLClient
    from azure.core.exceptions import ResourceNotFoundError

    rows = yaml.safe_load(CURATED.read_text(encoding="utf-8"))["environments"]
    client = MLClient(azure.cloud.credential, registry_name="azureml")
    missing = []
    for row in rows:
        try:
            client.environments.get(row["name"], version=str(row["last"]))
        except ResourceNotFoundError:
            missing.append(f"{row['name']}:{row['last']}")
    azure.versions["azure-ai-ml 1.35.2"] = None
    return holds(
        not missing, f"Of {len(rows)} curated environments the registry lacks {', '.join(missing) or 'none'}."
    )


@check("ml-asset-names", "assets")
def versions_and_their_case(azure: Subject) -> Finding:
    longest = "h1" + "a" * 28
    name = azure.fresh("va_long")
    taken = component(azure, name, longest)
    refused = component(azure, name, longest + "a")
    other = azure.send(
        "GET", f"{azure.part('workspace')}/components/{name}/versions/{longest.upper()}", api=api.COMPONENT
    )
    return holds(
        taken.status_code in (200, 201) and refused.status_code == 400 and other.status_code == 404,
        f"A version of 30 characters: {taken.status_code}; of 31: {refused.status_code} {code_of(refused)}; GET of the "
        f"first in capitals: {other.status_code}.",
    )
