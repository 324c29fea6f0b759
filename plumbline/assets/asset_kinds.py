"""The kinds of versioned assets as YAML has them: names, places, tables. What reads one is in build.py and rest.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AssetYaml:
    """What a kind's YAML files are called and look like.

    Attributes:
        collection: Its word in ids and references, and where Azure keeps it.
        spoken: Its word in a sentence.
        folders: Folders of a pipeline whose files are of this kind when their content does not tell.
        stems: File names without suffix that tell the same.
        types: Values of `type` that no other kind has.
        table: File and name of its table in `schemas/`; None where the type says which of a file.
        marks: Members of a REST body's `properties` that no body around them has.
    """

    collection: str
    spoken: str
    folders: tuple[str, ...]
    stems: tuple[str, ...]
    types: frozenset[str] = frozenset()
    table: tuple[str, str] | None = None
    marks: tuple[str, ...] = ()


ASSET_YAML: Mapping[str, AssetYaml] = {
    "environment": AssetYaml(
        collection="environments",
        spoken="an environment",
        folders=("environments", "environment"),
        stems=("environment", "env"),
        table=("environment", "environment"),
        marks=("image", "condaFile", "build"),
    ),
    "data": AssetYaml(
        collection="data",
        spoken="data",
        folders=("data",),
        stems=("data",),
        types=frozenset({"uri_file", "uri_folder", "mltable"}),
        table=("data", "data"),
        marks=("dataUri",),
    ),
    "model": AssetYaml(
        collection="models",
        spoken="a model",
        folders=("models", "model"),
        stems=("model",),
        types=frozenset({"custom_model", "mlflow_model", "triton_model"}),
        table=("data", "model"),
        marks=("modelUri",),
    ),
    "component": AssetYaml(
        collection="components",
        spoken="a component",
        folders=("components", "component"),
        stems=("component",),
        types=frozenset({"command", "parallel", "sweep", "spark", "automl", "import", "data_transfer"}),
        marks=("componentSpec",),
    ),
}
"""By the kind's word, in the order in which they are registered: what points to others comes last."""
