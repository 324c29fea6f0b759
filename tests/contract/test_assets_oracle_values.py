"""Protects that every value which offline validation lets through arrives: azure-ai-ml would send it as the definition says it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from plumbline.assets import (
    AssetDefinition,
    DefinitionErrors,
    MLPipeline,
    ScheduleDefinition,
    changes,
    job_to_az_ml_yaml,
    load_ml_pipelines,
    spec_from_rest,
    to_az_ml_yaml,
)

SMALL = Path(__file__).parents[1] / "data" / "assets" / "small"
# Each in the place of every value of every file: what YAML, Python or azure-ai-ml take for nothing, and odd text.
VALUES = ("", " ", None, {}, [], "x\n", 0, False)
FILES = ("environment.yml", "pipeline.yml", "schedule.yml", "components/train/component.yml", "data/data.yml")


def _more(file: str) -> dict[str, Any]:
    """Fields that the small definitions do without."""
    return {
        "environment.yml": {"description": "d", "tags": {"a": "b"}},
        "pipeline.yml": {
            "description": "d",
            "tags": {"a": "b"},
            "experiment_name": "e",
            "display_name": "d",
            "identity": {"type": "user_identity"},
        },
        "schedule.yml": {
            "description": "d",
            "display_name": "d",
            "tags": {"a": "b"},
            "create_job": {"type": "pipeline", "job": "./pipeline.yml", "inputs": {"rate": 0.3}, "settings": {"force_rerun": True}},
        },
        "components/train/component.yml": {
            "description": "d",
            "tags": {"a": "b"},
            "resources": {"instance_count": 2, "shm_size": "2g"},
            "distribution": {"type": "pytorch", "process_count_per_instance": 2},
        },
    }.get(file, {})  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_what_is_let_through_arrives(file: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SMALL, tmp_path / "small"))
    whole = {**yaml.safe_load((folder / file).read_text()), **_more(file)}
    oracle = _Oracle(folder, tmp_path)
    (folder / file).write_text(yaml.safe_dump(whole, sort_keys=False))
    assert oracle.lost() == [], "the definitions without a change"
    taken = 0
    found = []
    for path in _paths(whole):
        for value in VALUES:
            (folder / file).write_text(yaml.safe_dump(_with(whole, path, value), sort_keys=False))
            lost = oracle.lost()
            taken += lost is not None
            found += [f"{'.'.join(map(str, path))} = {value!r}: {text}" for text in lost or ()]
    assert found == []
    assert taken, "validation refuses everything: nothing was compared"


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _paths(member, (*path, key))


def _with(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = json.loads(json.dumps(whole))
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


class _Oracle:
    """Definitions of a folder beside the bodies that azure-ai-ml makes of them; each content is asked once."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._folder = folder
        self._scratch = scratch
        self._known: dict[str, list[str]] = {}

    def lost(self) -> list[str] | None:
        """What would not arrive; None when offline validation refuses the definitions."""
        try:
            (pipeline,) = load_ml_pipelines([self._folder], root=self._folder)
        except DefinitionErrors:
            return None
        found = [text for asset in pipeline.assets for text in self._once(repr(asset), asset, _of_asset)]
        found += self._once(json.dumps(pipeline.job, sort_keys=True), pipeline, _of_job)
        if pipeline.schedule:
            found += self._once(repr(pipeline.schedule), pipeline.schedule, _of_schedule)
        return found

    def _once(self, key: str, definition: Any, compare: Any) -> list[str]:
        if key not in self._known:
            self._known[key] = compare(definition, self._folder, self._scratch)
        return self._known[key]


def _of_asset(definition: AssetDefinition, folder: Path, scratch: Path) -> list[str]:
    from azure.ai.ml import load_component, load_data, load_environment, load_model

    load = {"component": load_component, "environment": load_environment, "data": load_data, "model": load_model}  # fmt: skip
    file = scratch / "definition.yml"
    file.write_text(yaml.safe_dump(to_az_ml_yaml(definition, root=folder)))
    body = _plain(load[definition.kind](file)._to_rest_object())
    live = spec_from_rest(definition.kind, body, code_hash_of=lambda _: definition.code_hash)
    properties = body["properties"]
    spec = properties.get("componentSpec") or {}
    texts = {"description": spec.get("description") or properties.get("description")}
    if definition.kind == "component":
        texts["display_name"] = spec.get("display_name")
    return [
        *(str(change) for change in changes(definition.fields, live)),
        *_of_texts(definition, texts, properties.get("tags")),
    ]


def _of_job(pipeline: MLPipeline, _folder: Path, scratch: Path) -> list[str]:
    from azure.ai.ml import load_job

    file = scratch / "job.yml"
    file.write_text(yaml.safe_dump(job_to_az_ml_yaml(pipeline.job or {})))
    found = spec_from_rest("job", _plain(load_job(file)._to_rest_object()), code_hash_of=lambda _: None)
    return [str(change) for change in changes(pipeline.job or {}, found)]


def _of_schedule(definition: ScheduleDefinition, folder: Path, scratch: Path) -> list[str]:
    from azure.ai.ml.entities._load_functions import load_schedule

    (scratch / "job.yml").write_text(yaml.safe_dump(job_to_az_ml_yaml(definition.fields["create_job"])))
    file = scratch / "schedule.yml"
    file.write_text(yaml.safe_dump(to_az_ml_yaml(definition, root=folder, job_file="./job.yml")))
    body = _plain(load_schedule(file)._to_rest_object())
    found = spec_from_rest("schedule", body, code_hash_of=lambda _: None)
    properties = body["properties"]
    texts = {name: properties.get(key) for name, key in (("description", "description"), ("display_name", "displayName"))}  # fmt: skip
    return [
        *(str(change) for change in changes(definition.fields, found)),
        *_of_texts(definition, texts, properties.get("tags")),
    ]


def _of_texts(
    definition: AssetDefinition | ScheduleDefinition, texts: Mapping[str, Any], tags: Mapping[str, Any] | None
) -> Iterator[str]:
    for name, got in texts.items():
        if (got or None) != (getattr(definition, name) or None):
            yield f"{name}: {getattr(definition, name)!r} -> {got!r}"
    if {key: str(value) for key, value in (tags or {}).items()} != dict(definition.tags):
        yield f"tags: {dict(definition.tags)!r} -> {tags!r}"


def _plain(rest: Any) -> dict[str, Any]:
    answered = rest.as_dict() if hasattr(rest, "as_dict") else rest.serialize()
    loaded: dict[str, Any] = json.loads(json.dumps(answered, default=str))
    return loaded
