"""Rows on the form of an asset's answer: what is filled in, what is dropped, what comes back as it was sent."""

from __future__ import annotations

import yaml

from tests.verify_azure import versions as api
from tests.verify_azure.check import check
from tests.verify_azure.checks.asset import component, data, datastore_uri, environment, write
from tests.verify_azure.finding import Finding, holds
from tests.verify_azure.subject import Subject


@check("ml-asset-properties-kept", "assets")
def own_properties(azure: Subject) -> Finding:
    mine = {"plumbline.urn": "urn:pulumi:x"}
    name = azure.fresh("vakept")
    environment(azure, name, properties=mine)
    data(azure, name, path="va/kept", properties=mine)
    model = {"modelType": "custom_model", "modelUri": datastore_uri(azure, "va/kept"), "properties": mine}
    write(azure, f"{azure.part('workspace')}/models/{name}/versions/1", api.MODEL, model)
    component(azure, name, properties=mine)
    lost = []
    for kind, version in (
        ("environments", api.ENVIRONMENT), ("data", api.DATA), ("models", api.MODEL), ("components", api.COMPONENT),
    ):  # fmt: skip
        shown = azure.ml(f"{kind}/{name}/versions/1", api=version)["properties"].get("properties") or {}
        if shown.get("plumbline.urn") != mine["plumbline.urn"]:
            lost.append(kind)
    return holds(
        not lost, f"A property of our own is kept by all four kinds but {', '.join(lost) or 'none'}."
    )


@check("ml-environment-os-type", "assets")
def os_type(azure: Subject) -> Finding:
    shown = azure.ml("environments/va-env/versions/1", api=api.ENVIRONMENT)["properties"].get("osType")
    return holds(shown == "Linux", f"An environment sent without osType shows {shown}.")


@check("ml-environment-conda-text", "workspace")
def conda_text(azure: Subject) -> Finding:
    name, sent = azure.fresh("va-conda"), "name: x\ndependencies:\n- python=3.11\n"
    environment(azure, name, condaFile=sent)
    shown = azure.ml(f"environments/{name}/versions/1", api=api.ENVIRONMENT)["properties"]["condaFile"]
    form = (
        "the text that was sent"
        if shown == sent
        else "JSON"
        if shown.lstrip().startswith("{")
        else "another text"
    )
    return holds(
        yaml.safe_load(shown) == yaml.safe_load(sent),
        f"condaFile comes back as {form}, of the same content {yaml.safe_load(shown) == yaml.safe_load(sent)}.",
    )


@check("ml-component-instance-count", "assets")
def filled_instance_count(azure: Subject) -> Finding:
    name = azure.fresh("va_count")
    component(azure, name)
    shown = azure.ml(f"components/{name}/versions/1", api=api.COMPONENT)["properties"]["componentSpec"].get(
        "resources"
    )
    return holds(
        shown == {"instance_count": "1"},
        f"A command component sent without resources is answered with resources {shown}.",
    )


@check("ml-component-texts-twice", "assets")
def description_of_a_component(azure: Subject) -> Finding:
    name = azure.fresh("va_text")
    component(azure, name, description="Outside.", spec={"description": "Inside."})
    shown = azure.ml(f"components/{name}/versions/1", api=api.COMPONENT)["properties"]
    outer, inner = shown.get("description"), shown["componentSpec"].get("description")
    return holds(
        outer is None and inner == "Inside.",
        f"A component's description: outside {outer!r}, in the spec {inner!r}.",
    )


@check("ml-data-type-default", "workspace")
def types_that_are_not_sent(azure: Subject) -> Finding:
    from azure.ai.ml.entities import Data, Model

    name = azure.fresh("vatype")
    client = azure.client()
    client.data.create_or_update(Data(name=name, version="1", path=datastore_uri(azure, "va/typed/")))
    client.models.create_or_update(Model(name=name, version="1", path=datastore_uri(azure, "va/typed/")))
    kind = azure.ml(f"data/{name}/versions/1", api=api.DATA)["properties"]["dataType"]
    model = azure.ml(f"models/{name}/versions/1", api=api.MODEL)["properties"]["modelType"]
    return holds(
        (kind, model) == ("uri_folder", "custom_model"), f"Without a type data is {kind}, a model is {model}."
    )


@check("ml-model-flavors", "assets")
def flavors(azure: Subject) -> Finding:
    shown = azure.ml("models/va-model/versions/1", api=api.MODEL)["properties"].get("flavors")
    return holds(shown == {}, f"A model sent without flavors shows {shown}.")


@check("ml-model-integer-versions", "workspace")
def versions_of_models(azure: Subject) -> Finding:
    name = azure.fresh("vaint")
    model = {"modelType": "custom_model", "modelUri": datastore_uri(azure, "va/int")}
    for version in ("3", "candidate"):
        write(azure, f"{azure.part('workspace')}/models/{name}/versions/{version}", api.MODEL, model)
    shown = azure.ml(f"models/{name}", api=api.MODEL)["properties"]["nextVersion"]
    return holds(shown == "4", f"A model with the versions 3 and candidate says nextVersion {shown}.")


@check("asset-version-stamped", "assets")
def who_stamps_what(azure: Subject) -> Finding:
    name = azure.fresh("va_stamp")
    component(azure, name)
    version, box = f"components/{name}/versions/1", f"components/{name}"
    first = azure.system_data(version, api=api.COMPONENT)["lastModifiedAt"]
    outer = azure.system_data(box, api=api.COMPONENT)["lastModifiedAt"]
    azure.cloud.pause(azure.cloud.poll_seconds)
    component(azure, name, isArchived=True)
    second = azure.system_data(version, api=api.COMPONENT)["lastModifiedAt"]
    path = f"{azure.part('workspace')}/{box}"
    azure.send("PUT", path, api=api.COMPONENT, body={"properties": {"isArchived": True}})
    archived = azure.system_data(box, api=api.COMPONENT)["lastModifiedAt"]
    return holds(
        first != second and outer != archived,
        f"Archiving a version stamps it: {first != second}; archiving a component's container stamps that: {outer != archived}.",
    )
