"""Definitions that stand inside others: steps, environments and local data become named assets of their pipeline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plumbline.assets.document import Document, FieldPath
from plumbline.assets.links import Resolved

if TYPE_CHECKING:
    from plumbline.assets.resolve import Resolver

STEP_PARTS: Mapping[str, tuple[str, ...]] = {
    "command": ("command", "code", "environment", "additional_includes", "is_deterministic"),
    "parallel": (
        "task", "input_data", "mini_batch_size", "partition_keys", "retry_settings", "logging_level",
        "max_concurrency_per_instance", "error_threshold", "mini_batch_error_threshold", "is_deterministic",
    ),
    "spark": (
        "code", "entry", "py_files", "jars", "files", "archives", "conf", "environment", "args",
        "additional_includes", "is_deterministic",
    ),
    "pipeline": ("jobs", "is_deterministic"),
}  # fmt: skip
"""Type of a step -> its fields that go into the component that is made of it; the rest stays with the step.

Source: azure-ai-ml 1.35.2, ``CommandJob._to_component`` and its like.
"""
_LEADING_STEM = "pipeline"


def is_inline(node: Mapping[str, Any], kind: str) -> bool:
    """Whether a step defines what it runs itself, instead of pointing to a component."""
    if kind == "sweep":
        return "trial" not in node and "command" in node
    return "component" not in node and bool({"command", "task", "entry", "jobs"} & set(node))


def base_name(document: Document, resolver: Resolver) -> str:
    """What names of parts of a document start with: a component's name, else the pipeline's folder.

    A folder may hold several jobs: those of other files than ``pipeline.yml`` have the file's name in theirs.
    """
    kind = resolver.library.kind(document)
    data = document.data if isinstance(document.data, Mapping) else {}
    if kind != "pipeline_job" and isinstance(data.get("name"), str):
        return clean_name(data["name"])
    home = resolver.library.home(document.path)
    folder = (home or document.path.parent).name
    stem = document.path.stem
    return clean_name(folder if stem == _LEADING_STEM else f"{folder}_{stem}")


def clean_name(text: str) -> str:
    """A text as a component may be called: lower-case letters, digits and _, starting with a letter."""
    cleaned = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]", "_", text.lower())).strip("_")
    return cleaned if cleaned[:1].isalpha() else f"p{cleaned}"


def component_of_step(
    document: Document,
    path: FieldPath,
    node: Mapping[str, Any],
    kind: str,
    *,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    resolver: Resolver,
) -> Document:
    """The component that an inline step stands for, as a document of its own.

    Args:
        kind: Type of the component.
        inputs: Its inputs with their types, which the step's values tell.
    """
    data = {
        "name": f"{base_name(document, resolver)}_{clean_name(str(path[-1]))}",
        "type": kind,
        **{name: node[name] for name in STEP_PARTS[kind] if node.get(name) is not None},
        "inputs": dict(inputs),
        "outputs": dict(outputs),
    }
    return document.part(path, data, kind="component")


def inline_environment(
    document: Document, path: FieldPath, value: Mapping[str, Any], resolver: Resolver
) -> Resolved:
    """The environment that a component or step defines inside itself, registered under the holder's name.

    A name and version of its own count for nothing in azure-ai-ml either (1.35.2, ``AnonymousEnvironmentSchema``).
    """
    own = {key: item for key, item in value.items() if key not in ("name", "version")}
    data = {"name": base_name(document, resolver), **own}
    return resolver.part(document.part(path, data, kind="environment"))


def local_data(
    document: Document, path: FieldPath, value: Mapping[str, Any], name: str, resolver: Resolver
) -> Resolved:
    """The data asset that a local path of a job's input becomes.

    Args:
        path: The input's field.
        name: The asset's name.
    """
    data = {"name": name, "type": value.get("type") or "uri_folder", "path": value["path"]}
    return resolver.part(document.part(path, data, kind="data"))
