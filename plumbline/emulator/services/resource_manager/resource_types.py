"""The table of ARM resource types: what each accepts, fills in, keeps secret and refuses. Data, in YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from plumbline.emulator.services.resource_manager.answered_id import IdForm


@dataclass(frozen=True, kw_only=True)
class NameRule:
    """What a name must match, and how Azure refuses another one."""

    pattern: re.Pattern[str]
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class TakenName:
    """How a name is refused that somebody else has; ``beside`` stands beside the error."""

    code: str
    message: str
    beside: Mapping[str, Any] = field(default_factory=dict)


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
        generated: Dotted field -> "guid", "hex", "time" or "offset_time"; made once, then kept.
        write_only: Dotted fields that are never kept nor echoed.
        implicit: Type segments whose resources are always there ("blobServices" of an account).
        long_running: Method -> seconds that it takes under noise.
        style: "create", "update", "delete" -> how a long operation looks (async_styles.yaml); none: done at once, and
            under noise in ARM's general form.
        pending: Dotted fields shown while a creation or update is under way, and in its first answer.
        nulls: Dotted fields answered as null where nothing is kept.
        dropped: Dotted field -> value that is not answered; "empty" is an object or list of nothing.
        spellings: Dotted field -> spellings that are answered, whatever the case sent.
        etag: How the body's etag is written: "{etag}" in text, where Azure answers one.
        id_form: How ids are answered, where not as sent.
        answered_type: The type as answered, where not as the table has it.
        missing_type: The type as a 404 names it.
        system_data_time: "milliseconds" or "offset" where systemData's times have another form than seven digits and Z.
        relative_location: A creation is answered with a Location that is a path.
        taken: code, message and members beside the error, for a name that somebody has.
        recorded: Row of tests/recorded -> the members that it holds, as "member" or "member/field": a test takes them
            away and sees the row fail (``without``).
        actions: POST action -> name of a handler in actions.py.
        deleted_status: Answered to a DELETE of what is there.
        unique: No second one of that name in the whole subscription (names that are host names); see ``taken``.
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
    style: Mapping[str, str] = field(default_factory=dict)
    pending: Mapping[str, Any] = field(default_factory=dict)
    nulls: tuple[str, ...] = ()
    dropped: Mapping[str, Any] = field(default_factory=dict)
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    etag: str = ""
    id_form: IdForm | None = None
    answered_type: str = ""
    missing_type: str = ""
    system_data_time: str = ""
    relative_location: bool = False
    taken: TakenName | None = None
    recorded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def without(self, rows: frozenset[str]) -> ResourceType:
        """The type as if these recordings had never been made: their members as other types have them."""
        changed: dict[str, Any] = {}
        for row in rows & self.recorded.keys():
            for member in self.recorded[row]:
                name, _, inner = member.partition("/")
                present = changed.get(name, getattr(self, name))
                if not inner:
                    changed[name] = not present if isinstance(present, bool) else _PLAIN[name]
                elif isinstance(present, Mapping):
                    changed[name] = {key: value for key, value in present.items() if key != inner}
                else:
                    changed[name] = tuple(item for item in present if item != inner)
        return replace(self, **changed) if changed else self

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


_PLAIN: dict[str, Any] = {
    one.name: one.default_factory() if one.default_factory is not MISSING else one.default
    for one in fields(ResourceType)
}
_SCOPES = {
    "group": "/subscriptions/{subscription}/resourceGroups/{group}",
    "subscription": "/subscriptions/{subscription}",
    "extension": "/{scope:path}",
}


class ResourceTypes:
    """All rows of one table.

    A service with resources of its own loads its own table: ``ResourceTypes.load(Path("types.yaml"))``, or a folder of
    such files, and gives it to ``resource_handlers.routes_of``.
    """

    def __init__(self, rows: list[ResourceType]) -> None:
        self._rows = {row.type.lower(): row for row in rows}

    @classmethod
    def load(cls, path: Path) -> ResourceTypes:
        """Reads a table, or a folder of them. Raises: ValueError: when a row has an unknown member or lacks one."""
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        rows = []
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            content = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  both are safe loaders
            rows += [_row(item) for item in content["types"]]
        return cls(rows)

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
    if taken := values.pop("taken", None):
        values["taken"] = TakenName(**taken)
    if form := values.pop("id_form", None):
        values["id_form"] = IdForm(**form)
    for name in ("api_versions", "required", "write_only", "implicit", "nulls"):
        values[name] = tuple(values.get(name, ()))
    values["recorded"] = {
        row: tuple([members] if isinstance(members, str) else members)
        for row, members in (values.get("recorded") or {}).items()
    }
    try:
        return ResourceType(**values)
    except TypeError as error:
        raise ValueError(f"{item['type']}: {error}") from error


def _pairs(segments: list[str]) -> Iterator[str]:
    for segment in segments[:-1]:
        yield f"{segment}/{{{segment}}}"
    yield f"{segments[-1]}/{{name}}"
