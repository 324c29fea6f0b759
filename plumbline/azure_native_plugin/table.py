"""The table of resource types: types.yaml (by hand) joined with schema.json (from the SDK)."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_ENVELOPE = frozenset(
    {"location", "tags", "identity", "sku", "kind", "zones", "plan", "extendedLocation", "etag"}
)
_FOLDER = Path(__file__).parent
_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One resource type: where it lies in ARM and how its inputs become a body."""

    token: str
    path: str
    api_version: str
    inputs: Mapping[str, str]
    required: tuple[str, ...]
    outputs: Mapping[str, str]
    wire: Mapping[str, str] = field(default_factory=dict)
    nested: Mapping[str, frozenset[str]] = field(default_factory=dict)
    inside: frozenset[str] = frozenset()
    on_top: frozenset[str] = frozenset()
    replace: frozenset[str] = frozenset()
    maintain: tuple[str, ...] = ()
    on_removal: Mapping[str, Any] = field(default_factory=dict)
    query: tuple[str, ...] = ()
    delete_query: Mapping[str, str] = field(default_factory=dict)

    @functools.cached_property
    def path_parameters(self) -> tuple[str, ...]:
        """Names in the path that are inputs, in order; the subscription is configuration."""
        return tuple(name for name in _PARAMETER.findall(self.path) if name != "subscriptionId")

    @functools.cached_property
    def body_inputs(self) -> Mapping[str, str]:
        """Inputs that travel in the body, with their type expressions."""
        apart = {*self.path_parameters, *self.query}
        return {name: kind for name, kind in self.inputs.items() if name not in apart}

    @functools.cached_property
    def replacing(self) -> frozenset[str]:
        """Inputs whose change replaces the resource."""
        return self.replace | set(self.path_parameters)

    @property
    def flattened(self) -> bool:
        """Whether the SDK shows the body's `properties` as the resource's own inputs."""
        return "properties" not in self.inputs

    def is_on_top(self, name: str) -> bool:
        """Whether a body member stands beside `properties`, not in it."""
        if not self.flattened:
            return True
        return (name in _ENVELOPE and name not in self.inside) or name in self.on_top


@dataclass(frozen=True, kw_only=True)
class Table:
    """All resource types, and the nested types that they use."""

    sdk_version: str
    resources: Mapping[str, ResourceType]
    types: Mapping[str, Mapping[str, str]]

    def find(self, token: str) -> ResourceType | None:
        """The type of a token; a version in it ("storage/v20240101:...") is taken for the module's own."""
        return self.resources.get(re.sub(r"/v[0-9a-z]+:", ":", token))

    def getter(self, token: str) -> ResourceType | None:
        """The type that an invoke such as `azure-native:storage:getStorageAccount` reads."""
        package, _, rest = token.partition(":")
        module, _, name = rest.partition(":")
        return self.find(f"{package}:{module}:{name[3:]}") if name.startswith("get") else None


@functools.cache
def load() -> Table:
    """Reads the two files; about 20 ms."""
    text = (_FOLDER / "types.yaml").read_text(encoding="utf-8")
    rows = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    schema = json.loads((_FOLDER / "schema.json").read_text(encoding="utf-8"))
    return Table(
        sdk_version=schema["sdk_version"],
        resources={token: _row(token, row, schema["resources"][token]) for token, row in rows.items()},
        types=schema["types"],
    )


def _row(token: str, row: Mapping[str, Any], schema: Mapping[str, Any]) -> ResourceType:
    return ResourceType(
        token=token,
        path=row["path"],
        api_version=schema["api_version"],
        inputs=schema["inputs"],
        required=tuple(schema["required"]),
        outputs=schema["outputs"],
        wire=row.get("wire", {}),
        nested={path: frozenset(kept) for path, kept in row.get("nested", {}).items()},
        inside=frozenset(row.get("inside", ())),
        on_top=frozenset(row.get("on_top", ())),
        replace=frozenset(row.get("replace", ())),
        maintain=tuple(row.get("maintain", ())),
        on_removal=row.get("on_removal", {}),
        query=tuple(row.get("query", ())),
        delete_query=row.get("delete_query", {}),
    )
