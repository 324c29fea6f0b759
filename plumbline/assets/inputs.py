"""Inputs of jobs and steps: references to data made exact, local files made data assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plumbline.assets.document import Document, FieldPath
from plumbline.assets.inline import clean_name, local_data
from plumbline.assets.links import Links
from plumbline.assets.model import MODEL
from plumbline.assets.references import is_remote_path
from plumbline.assets.schema import describe
from plumbline.assets.yaml_kinds import kind_of_input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plumbline.assets.resolve import Resolver


def resolve_inputs(
    document: Document, path: FieldPath, inputs: Any, resolver: Resolver, links: Links, *, prefix: str
) -> dict[str, Any]:
    """Inputs with data references made exact; a local path becomes the data asset ``<prefix>_<input>``."""
    resolved: dict[str, Any] = {}
    for name, value in inputs.items() if isinstance(inputs, dict) else ():
        text = value.get("path") if isinstance(value, dict) else None
        if isinstance(text, str) and "${{" not in text:
            resolved[name] = _data(
                document, (*path, name), value, resolver, links, f"{prefix}_{clean_name(name)}"
            )
            continue
        resolved[name] = value
        if isinstance(value, str) and value.startswith("azureml:"):
            document.report(
                (*path, name),
                describe(value),
                "a mapping with type and path: Azure takes this as text",
                f'Write "path: {value}" under {name}.',
            )
    return resolved


def _data(
    document: Document,
    path: FieldPath,
    value: Mapping[str, Any],
    resolver: Resolver,
    links: Links,
    name: str,
) -> Mapping[str, Any]:
    text = str(value["path"])
    if not is_remote_path(text):
        if kind_of_input(value.get("type")) is MODEL:
            document.report(
                (*path, "path"), describe(text), "a registered model or a URI",
                "Define it in models/ with a version and write azureml:NAME:VERSION.",
            )  # fmt: skip
            return value
        found = local_data(document, path, value, name, resolver)
        return {"type": "uri_folder", **value, "path": links.add(found)}
    if not text.startswith("azureml:") or text.startswith("azureml://datastores/"):
        return value
    reference = resolver.reference(document, (*path, "path"), text, kind_of_input(value.get("type")).name)
    if reference is None or not reference.text:
        return value
    own = {**value, "path": links.add(reference)}
    if reference.definition is not None and value.get("type") is None:
        own["type"] = reference.definition.fields["type"]
    return own
