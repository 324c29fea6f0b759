"""The public operations of MLClient, as the installed SDK has them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from azure.ai.ml import MLClient

CLIENT_ITSELF = "client"
# Groups that an MLClient made for a registry serves as well.
REGISTRY_GROUPS = ("components", "data", "environments", "evaluators", "models")
REGISTRY_ONLY = ("deployment_templates",)


def public_operations() -> list[str]:
    """ "GROUP.METHOD" for a workspace's client, "client.METHOD" for MLClient's own methods, "registry GROUP.METHOD"."""
    found = [f"{CLIENT_ITSELF}.{name}" for name in _methods(MLClient)]
    found += [
        f"{group}.{name}"
        for group, kind in _groups()
        if group not in REGISTRY_ONLY
        for name in _methods(kind)
    ]
    found += [
        f"registry {group}.{name}"
        for group, kind in _groups()
        if group in REGISTRY_GROUPS + REGISTRY_ONLY
        for name in _methods(kind)
        # Sharing goes from a workspace to a registry.
        if name != "share"
    ]
    return found


def _groups() -> Iterator[tuple[str, type]]:
    for name, member in inspect.getmembers(MLClient):
        if isinstance(member, property) and not name.startswith("_") and member.fget is not None:
            kind = inspect.signature(member.fget).return_annotation
            if inspect.isclass(kind) and kind.__name__.endswith("Operations"):
                yield name, kind


def _methods(kind: type) -> list[str]:
    return [
        name
        for name, member in inspect.getmembers(kind)
        if not name.startswith("_") and (inspect.isfunction(member) or inspect.ismethod(member))
    ]
