"""A program with one resource of every kind; tests steer it by `settings.json`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pulumi

from plumbline import azureml
from plumbline.assets import AssetDefinition, load_ml_pipelines

SETTINGS: dict[str, Any] = json.loads(Path("settings.json").read_text(encoding="utf-8"))


def workspace_name(made: list[pulumi.Resource]) -> pulumi.Input[str]:
    name: str = SETTINGS["workspace"]
    if not SETTINGS.get("workspace_known_late"):
        return name
    if not made:
        return name
    # Known once the first resource exists: unknown in a preview, as a workspace's name output is.
    first = made[0]
    assert isinstance(first, pulumi.CustomResource)
    return first.id.apply(lambda _: name)


def place(made: list[pulumi.Resource]) -> dict[str, Any]:
    if "registry" in SETTINGS:
        return {"registry_name": SETTINGS["registry"]}
    return {"resource_group_name": SETTINGS["group"], "workspace_name": workspace_name(made)}


def before(definition: AssetDefinition) -> list[pulumi.Resource]:
    """One after the other, so that tests know the order; or side by side, each after what it refers to."""
    if not SETTINGS.get("side_by_side"):
        return made
    return [declared[one.name] for one in definition.references if one.name in declared]


def options(name: str, made: list[pulumi.Resource]) -> pulumi.ResourceOptions:
    chosen = dict(SETTINGS.get("options", {}).get(name, {}))
    return pulumi.ResourceOptions(depends_on=list(made), **chosen)


(pipeline,) = load_ml_pipelines([Path("ml/scoring")], root=Path.cwd())
for path, text in SETTINGS.get("write_after_reading", {}).items():
    Path(path).write_text(text, encoding="utf-8")
made: list[pulumi.Resource] = []
declared: dict[str, azureml.Asset] = {}
for read in pipeline.assets:
    if read.name in SETTINGS.get("leave_out", []):
        continue
    definition = read
    if read.name in SETTINGS.get("secret_descriptions", []):
        secret: Any = pulumi.Output.secret(read.description)
        definition = dataclasses.replace(read, description=secret)
    logical = SETTINGS.get("names", {}).get(definition.name, definition.name)
    resource = azureml.ASSETS[definition.kind](
        logical,
        definition=definition,
        **place(made),
        opts=options(definition.name, before(definition)),
    )
    pulumi.export(logical, resource.reference)
    made.append(resource)
    declared[definition.name] = resource
for schedule in pipeline.schedules:
    if schedule.name in SETTINGS.get("leave_out", []):
        continue
    azureml.PipelineSchedule(
        SETTINGS.get("names", {}).get(schedule.name, schedule.name),
        definition=schedule,
        enabled=SETTINGS.get("schedule_enabled"),
        resource_group_name=SETTINGS["group"],
        workspace_name=workspace_name(made),
        opts=options(schedule.name, made),
    )
if "endpoint" in SETTINGS:
    words = SETTINGS["endpoint"]
    parent = declared["score_and_report"]
    there = {"resource_group_name": SETTINGS["group"], "workspace_name": SETTINGS["workspace"]}
    endpoint = azureml.BatchEndpoint("endpoint", name="scoring", **there, **words.get("endpoint", {}))
    azureml.PipelineDeployment(
        "deployment",
        name="current",
        endpoint_name=endpoint.name,
        component=parent.reference,
        **there,
        **words.get("deployment", {}),
        opts=pulumi.ResourceOptions(depends_on=[endpoint, *made]),
    )
    pulumi.export("scoring_uri", endpoint.scoring_uri)
    pulumi.export("hashes", {name: one.content_hash for name, one in declared.items()})
for key, words in SETTINGS.get("look_ups", {}).items():
    find: azureml.AssetLookup = getattr(azureml, words["function"])
    found = find(**words["arguments"])
    late = find.output(**{**words["arguments"], "name": pulumi.Output.from_input(found.name)})
    pulumi.export(key, dataclasses.asdict(found))
    pulumi.export(f"{key}-late", late.apply(lambda one: one.content_hash))
