"""The table of ARM resource types: what each accepts, fills in, keeps secret and refuses. Data, in YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, kw_only=True)
class NameRule:
    """What a name must match, and how Azure refuses another one."""

    pattern: re.Pattern[str]
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One row of the table.

    Args:
        type: "Microsoft.Storage/storageAccounts/blobServices/containers".
        path: From the scope's "/providers/..." on; the last parameter is {name}.
        scope: "group", "subscription" or "extension" (below any resource).
        api_versions: Accepted ones; any other is refused in Azure's words.
        required: Dotted body fields without which a PUT is refused.
        tracked: Has location and tags, and shows in resource lists.
        system_data: Azure answers systemData for it.
        defaults: Filled where the client sent nothing; values may hold {placeholders}.
        outputs: Set by the service whatever the client sent.
        generated: Dotted field -> "guid", "key" or "time"; made once, then kept.
        write_only: Dotted fields that are never kept nor echoed.
        implicit: Type segments whose resources are always there ("blobServices" of an account).
        long_running: Method -> seconds that it takes under noise.
        actions: POST action -> name of a handler in actions.py.
        deleted_status: Answered to a DELETE of what is there.
        unique: No second one of that name in the whole subscription (names that are host names).
        source: Where the row comes from.
    """

    type: str
    path: str
    api_versions: tuple[str, ...]
    source: str
    scope: str = "group"
    required: tuple[str, ...] = ()
    tracked: bool = True
    system_data: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    generated: Mapping[str, str] = field(default_factory=dict)
    write_only: tuple[str, ...] = ()
    implicit: tuple[str, ...] = ()
    long_running: Mapping[str, float] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)
    unique: bool = False
    name_rule: NameRule | None = None
    created_status: int = 201
    deleted_status: int = 200

    @property
    def provider(self) -> str:
        """Namespace: "Microsoft.Storage"."""
        return self.type.split("/", 1)[0]

    @property
    def relative(self) -> str:
        """Type without its namespace: "storageAccounts"."""
        return self.type.split("/", 1)[1]

    @property
    def nested(self) -> bool:
        """It lies under another resource, not right under a group, subscription or scope."""
        return "/" in self.relative

    @property
    def route(self) -> str:
        """Path template of one resource, for the router."""
        return _SCOPES[self.scope] + self.path

    @property
    def collection(self) -> str:
        """Path template of the list."""
        return self.route.rsplit("/", 1)[0]


_SCOPES = {
    "group": "/subscriptions/{subscription}/resourceGroups/{group}",
    "subscription": "/subscriptions/{subscription}",
    "extension": "/{scope:path}",
}


class ResourceTypes:
    """All rows of one table.

    A service with resources of its own loads its own table: ``ResourceTypes.load(Path("types.yaml"))`` and gives it to
    ``resource_handlers.routes_of``.
    """

    def __init__(self, rows: list[ResourceType]) -> None:
        self._rows = {row.type.lower(): row for row in rows}

    @classmethod
    def load(cls, path: Path) -> ResourceTypes:
        """Reads a table. Raises: ValueError: when a row has an unknown member or lacks one."""
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  both are safe loaders
        return cls([_row(item) for item in content["types"]])

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(self._rows.values())

    def get(self, type_name: str) -> ResourceType | None:
        """The row of a type, without regard to case."""
        return self._rows.get(type_name.lower())


def _row(item: dict[str, Any]) -> ResourceType:
    values = dict(item)
    namespace, *segments = values["type"].split("/")
    values.setdefault("path", f"/providers/{namespace}/" + "/".join(_pairs(segments)))
    if rule := values.pop("name_rule", None):
        values["name_rule"] = NameRule(
            pattern=re.compile(rule["pattern"]), code=rule["code"], message=rule["message"]
        )
    for name in ("api_versions", "required", "write_only", "implicit"):
        values[name] = tuple(values.get(name, ()))
    try:
        return ResourceType(**values)
    except TypeError as error:
        raise ValueError(f"{item['type']}: {error}") from error


def _pairs(segments: list[str]) -> Iterator[str]:
    for segment in segments[:-1]:
        yield f"{segment}/{{{segment}}}"
    yield f"{segments[-1]}/{{name}}"
