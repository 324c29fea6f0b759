"""References between assets: what a component, schedule or job names must exist in the workspace or registry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.services.machine_learning.asset_place import PROVIDER, REGISTRY
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.store import Resource, Store

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_FIELDS = ("environment", "environmentId", "code", "codeId", "componentId", "component")
_REGISTRY = re.compile(
    r"azureml://registries/(?P<registry>[^/]+)/(?P<collection>\w+)/(?P<name>[^/]+)"
    r"/(?P<by>versions|labels)/(?P<version>[^/]+)$",
    re.IGNORECASE,
)
_WORKSPACE_FORM = re.compile(
    r"azureml://locations/[^/]+/workspaces/[^/]+/(?P<collection>\w+)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)$",
    re.IGNORECASE,
)
_SHORT = re.compile(r"(?:azureml:)?(?P<name>[A-Za-z0-9][\w.-]*)(?::(?P<version>[\w.-]+)|@(?P<label>\w+))$")
_CURATED_PREFIX = "azureml-"
_FRAMEWORK = re.compile(r"pytorch|tensorflow|sklearn|lightgbm")
_RELEASE = re.compile(r"(\d+)\.(\d+)")
_CURATED = re.compile(
    r"^(?:azureml:)?(?:azureml://registries/azureml/environments/(?P<full>[^/]+)/|(?P<short>AzureML-[\w.-]+)[:@])",
    re.IGNORECASE,
)
_COLLECTION_OF = {
    "environment": "environments",
    "environmentId": "environments",
    "code": "codes",
    "codeId": "codes",
    "component": "components",
    "componentId": "components",
}


def check_references(emulator: Emulator, parent: Resource, properties: Mapping[str, Any]) -> None:
    """Refuse properties (of an asset, schedule or job) that name assets which are not there.

    Args:
        parent: the workspace or registry in which short names are looked up.
    Raises: AzureError: UserError naming every missing asset at once: 400 in a workspace, 404 in a registry, where
        azure-ai-ml's users report "Could not find asset with assetId" as ResourceNotFoundError.
    """
    missing = list(missing_references(emulator.store, parent, properties))
    if not missing:
        return
    status = 404 if parent.type.lower() == REGISTRY.type.lower() else 400
    details = [
        {"code": "AssetNotFound", "message": f"{path}: '{reference}' {_absence(emulator.store, reference)}."}
        for path, reference in missing
    ]
    message = f"Could not find asset with assetId {missing[0][1]} ({missing[0][0]})."
    raise AzureError(status, "UserError", message, missing[0][0], details)


def _absence(store: Store, reference: str) -> str:
    why = curated_gap(store, reference)
    return f"is not here: {why}" if why else "does not exist"


def curated_gap(store: Store, reference: str) -> str:
    """Say why one of Microsoft's curated environments is not here; nothing for any other reference."""
    match = _CURATED.match(reference)
    public = registry_named(store, "azureml")
    if match is None or public is None:
        return ""
    name = match["full"] or match["short"]
    known = {one.name for one in store.list(public.id, type=f"{public.type}/environments")}
    if name in known:
        return f"{name} has no such version here"
    others = sorted(one for one in known if not one.startswith("AzureML-"))
    return (
        f"the curated environment {name} is not emulated, only {', '.join(others)} are. Use "
        f"{_alike(name, others) or 'one of those'}, or an environment of your own with an image and a conda file"
    )


def _alike(name: str, others: Sequence[str]) -> str:
    """The environments of the same framework, the nearest version first; nothing where there is none."""
    asked, wanted = _FRAMEWORK.search(name.lower()), _release(name)
    if asked is None:
        return ""
    same = [one for one in others if asked[0] in one]
    near = sorted(same, key=lambda one: [abs(a - b) for a, b in zip(_release(one), wanted, strict=True)])
    return f"one like it ({', '.join(near)})" if near else ""


def _release(name: str) -> tuple[int, int]:
    """The first version in an environment's name: of its framework."""
    match = _RELEASE.search(name)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def missing_references(
    store: Store, parent: Resource, properties: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """(path, reference) of each named asset that does not exist; references of unknown form are let pass."""
    for path, field, reference in _references(properties, ""):
        if resolve(store, parent, _COLLECTION_OF[field], reference) is _NOWHERE:
            yield path, reference


_NOWHERE: Any = object()


def resolve(store: Store, parent: Resource, collection: str, reference: str) -> Any:
    """The asset behind a reference; None when its form names nothing that we keep (an image, a git URL).

    Returns a private marker when the form is ours but nothing is there; use `find` for a plain answer.
    """
    text = reference.strip()
    if match := _REGISTRY.match(text):
        registry = registry_named(store, match["registry"])
        if registry is None:
            return _NOWHERE
        container = f"{registry.id}/{match['collection']}/{match['name']}"
        if match["by"].lower() == "labels":
            return _newest(store, container) or _NOWHERE
        return store.get(f"{container}/versions/{match['version']}") or _NOWHERE
    if match := _WORKSPACE_FORM.match(text):
        return (
            store.get(f"{parent.id}/{match['collection']}/{match['name']}/versions/{match['version']}")
            or _NOWHERE
        )
    arm_id = text.removeprefix("azureml:")
    if arm_id.lower().startswith("/subscriptions/"):
        container, by_label, _ = arm_id.partition("/labels/")
        return (_newest(store, container) if by_label else store.get(arm_id)) or _NOWHERE
    if text.startswith("azureml:") and (match := _SHORT.match(text)):
        container = _container(store, parent, collection, match["name"])
        if match["label"]:
            return _newest(store, container) or _NOWHERE
        return store.get(f"{container}/versions/{match['version']}") or _NOWHERE
    return None


def resolve_environment(emulator: Emulator, parent: Resource, spec: dict[str, Any]) -> None:
    """Write a curated environment's short name as the registry's version that it means today."""
    reference = spec.get("environment")
    match = _SHORT.match(reference) if isinstance(reference, str) else None
    found = find(emulator.store, parent, "environments", str(reference)) if match else None
    if found is None or match is None or "/registries/" not in found.id:
        return
    if rule(emulator, "curated_latest_reference" if match["label"] else "curated_short_reference"):
        name = found.id.split("/")[-3]
        spec["environment"] = f"azureml://registries/azureml/environments/{name}/versions/{found.name}"


def find(store: Store, parent: Resource, collection: str, reference: str) -> Resource | None:
    """The asset behind a reference, or None."""
    found = resolve(store, parent, collection, reference)
    return found if isinstance(found, Resource) else None


def registry_named(store: Store, name: str) -> Resource | None:
    """The registry of a name, which is unique in its cloud."""
    rows = store.execute(
        "SELECT id FROM resource WHERE type_key = ? AND lower(name) = ?",
        (f"{PROVIDER}/registries".lower(), name.lower()),
    )
    return store.get(rows[0]["id"]) if rows else None


def _container(store: Store, parent: Resource, collection: str, name: str) -> str:
    """The container of a short name: the place's own; a curated environment's lies in the registry "azureml" (recorded)."""
    own = f"{parent.id}/{collection}/{name}"
    if collection == "environments" and name.lower().startswith(_CURATED_PREFIX) and store.get(own) is None:
        public = registry_named(store, "azureml")
        if public is not None and store.get(f"{public.id}/{collection}/{name}") is not None:
            return f"{public.id}/{collection}/{name}"
    return own


def _newest(store: Store, container_id: str) -> Resource | None:
    versions = [entry for entry in store.list(container_id) if not entry.body["properties"].get("isArchived")]
    return versions[-1] if versions else None


def _references(value: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if not isinstance(value, Mapping):
        return
    for key, member in value.items():
        here = f"{path}.{key}" if path else str(key)
        if key in _FIELDS and isinstance(member, str):
            yield here, key, member
        elif (
            key in {"componentSpec", "jobs", "jobDefinition", "action", "task", "trial"}
            or path.rsplit(".", 1)[-1] == "jobs"
        ):
            yield from _references(member, here)
