"""Look-ups of what others registered: one version of an asset, in a workspace or a registry, its content verified.

Source: EnvironmentVersions, ComponentVersions, DataVersions, ModelVersions - Get and List; azure-ai-ml 1.35.2 for labels.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from plumbline.assets import canonical_text, content_hash, is_content_version, version_from_hash
from plumbline.azure.live_version import LiveVersion
from plumbline.kinds import PACKAGE, VERSIONED, Kind
from plumbline.provider.address import Place
from plumbline.provider.cloud import Cloud
from plumbline.provider.errors import Refusal
from plumbline.provider.live_asset import understood

LATEST = "latest"

_TEXT = {"type": "string"}
_INPUTS = {
    "name": "Name of the asset.",
    "version": "Its version. This or label.",
    "label": "`latest`: the newest version that is not archived. This or version.",
    "resourceGroupName": "Resource group of the workspace.",
    "workspaceName": "Workspace that it lies in.",
    "registryName": "Registry that it lies in, instead of resourceGroupName and workspaceName.",
    "contentHash": "Content that it must have, 64 hex digits; other content is refused with both hashes.",
}
_OUTPUTS = {
    "id": "Full ARM id of the version, in a registry azureml://registries/R/KIND/NAME/versions/VERSION.",
    "name": "Name of the asset.",
    "version": "Its version, exact whatever was asked for.",
    "reference": "`azureml:NAME:VERSION`, or the registry's id: what a definition may refer to.",
    "spec": "What is live, as the canonical JSON text of its definition.",
    "contentHash": "SHA-256 over kind and spec, 64 hex digits.",
    "contentHashSource": "`live`: recomputed from what Azure shows. `mark`: what whoever registered it noted there, "
    "because Azure does not show all of it.",
    "codeHash": "Hash of its files as azure-ai-ml computes it; absent when it has none or does not say.",
    "description": "Free text.",
}


def lookup_functions() -> Mapping[str, Callable[[Cloud, Mapping[str, Any]], Awaitable[dict[str, Any]]]]:
    """Token -> function, one a kind that has versions."""
    return {lookup_token(kind): partial(look_up, kind) for kind in VERSIONED.values()}


def lookup_token(kind: Kind) -> str:
    """The token of a kind's look-up: `getDataAsset` of the class `DataAsset` would stutter, so it is the kind's word."""
    return f"{PACKAGE}:azureml:get{kind.name.capitalize()}"


def lookup_schemas() -> dict[str, Any]:
    """The same functions in Pulumi's metaschema."""
    outputs: dict[str, Any] = {name: {**_TEXT, "description": text} for name, text in _OUTPUTS.items()}
    outputs["tags"] = {"type": "object", "additionalProperties": _TEXT, "description": "Its tags."}
    outputs["archived"] = {"type": "boolean", "description": "Whether the version is archived."}
    inputs = {name: {**_TEXT, "description": text} for name, text in _INPUTS.items()}
    optional = ("codeHash", "description")
    return {
        lookup_token(kind): {
            "description": f"Finds {kind.spoken} that somebody registered, by version or label.\n\nSource: {kind.source}.",
            "inputs": {"type": "object", "properties": inputs, "required": ["name"]},
            "outputs": {
                "type": "object",
                "properties": outputs,
                "required": [name for name in outputs if name not in optional],
            },
        }
        for kind in VERSIONED.values()
    }


async def look_up(kind: Kind, cloud: Cloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """One version of an asset as it is live.

    Raises: Refusal: it is not there, it has other content than it must have, or the arguments name no place or two.
    """
    name = str(arguments["name"])
    place = await _place(cloud, kind, arguments)
    version = arguments.get("version") or await _labelled(cloud, kind, place, name, arguments.get("label"))
    body = None
    if version is not None:
        path = place.version(kind.collection, name, str(version))
        body = await cloud.reader.get(path, api_version=place.asked_with(kind))
    if body is None:
        asked = f"{name}:{version}" if version else f"{name}@{LATEST}"
        raise Refusal(
            f"{kind.name} {asked}: got nothing in {place.spoken}, expected it registered there. Correct name and version, "
            "or register it first."
        )
    live = await understood(cloud.reader, kind, place, body)
    return _answer(kind, place, name, str(version), live, expected=arguments.get("contentHash"))


async def _place(cloud: Cloud, kind: Kind, arguments: Mapping[str, Any]) -> Place:
    registry = arguments.get("registryName")
    workspace = [arguments.get(noun) for noun in ("resourceGroupName", "workspaceName")]
    if any(workspace) if registry else not all(workspace):
        raise Refusal(
            f"{kind.name} {arguments['name']}: got no place or two, expected resourceGroupName with workspaceName, or "
            "registryName. Name one."
        )
    return (
        await cloud.registry(str(registry))
        if registry
        else cloud.workspace(str(workspace[0]), str(workspace[1]))
    )


async def _labelled(cloud: Cloud, kind: Kind, place: Place, name: str, label: Any) -> str | None:
    if label != LATEST:
        raise Refusal(
            f"{kind.name} {name}: got {f'label {label}' if label else 'no version and no label'}, expected version, or "
            f"label {LATEST!r}. Other labels do not say what they point to."
        )
    # The order in which azure-ai-ml 1.35.2 asks for a label.
    newest = {"$orderBy": "createdtime desc", "$top": "1", "listViewType": "ActiveOnly"}
    path = f"{place.container(kind.collection, name)}/versions"
    found = await cloud.reader.pages(path, api_version=place.asked_with(kind), query=newest)
    # A registry answers a model's name where it answers another kind's version (recorded): the id says it in each form.
    return str(found[0]["id"]).rstrip("/").rpartition("/")[2] if found else None


def _answer(
    kind: Kind, place: Place, name: str, version: str, live: LiveVersion, *, expected: str | None
) -> dict[str, Any]:
    made = content_hash(kind.name, live.spec)
    vouched = live.content_mark
    if (
        vouched is None
        and expected
        and is_content_version(version)
        and version_from_hash(expected) == version
    ):
        vouched = expected  # registered without a mark under the version that stands for this content
    known = _known(made, vouched, version)
    if expected and expected not in (made, known):
        raise Refusal(
            f"{kind.name} {name}:{version}: contentHash: got {known} in {place.spoken}, expected {expected}. "
            f"{live.made_by} registered it at {live.made_at}. Take the version that has this content, or correct the hash."
        )
    found = expected or known
    id = f"{place.container_id(kind.collection, name)}/versions/{version}"
    answer = {
        "id": id,
        "name": name,
        "version": version,
        "reference": id if id.startswith("azureml://") else f"azureml:{name}:{version}",
        "spec": canonical_text(live.spec),
        "contentHash": found,
        "contentHashSource": "live" if found == made else "mark",
        "codeHash": live.code_hash,
        "description": live.differing("description", None),
        "tags": live.differing("tags", {}),
        "archived": live.differing("archived", False),
    }
    return {noun: value for noun, value in answer.items() if value is not None}


def _known(made: str, vouched: str | None, version: str) -> str:
    """The content: recomputed, unless the version says that Azure does not show all of it."""
    if vouched is None or vouched == made:
        return made
    recomputed = is_content_version(version) and version_from_hash(made) == version
    return made if recomputed else vouched
