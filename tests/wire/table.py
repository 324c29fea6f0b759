"""The table of published operations, and the question whether a request is one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PUBLISHED = Path(__file__).parent / "published"
# May hold slashes: "/{scope}/providers/...", a blob's name.
_WIDE = ("scope", "resourceUri", "resourceId", "blob")
# A signature's members, which the service gave: learn, "Create a service SAS" and "Create a user delegation SAS".
_SIGNATURE = frozenset(
    ["sv", "ss", "srt", "sp", "st", "se", "sip", "spr", "sr", "sig", "si", "skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "sdd", "ses", "rscc", "rscd", "rsce", "rscl", "rsct"]
)  # fmt: skip
_PAGES = frozenset({"$skiptoken", "skiptoken", "$skip", "$top", "continuationtoken", "marker"})
_ADDITIONS = Path(__file__).parent / "additions.yaml"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One published operation.

    Attributes:
        query: names of query parameters in lower case, besides api-version.
        fixed: query parameters that belong to the operation, such as comp=metadata.
        body: fields of its JSON body, None where it has none: name to fields, to "" (a value) or to "*" (anything).
    """

    name: str
    source: str
    method: str
    path: re.Pattern[str]
    template: str
    versions: frozenset[str]
    query: frozenset[str]
    fixed: Mapping[str, str] = field(default_factory=dict)
    given: bool = False
    body: Mapping[str, Any] | None = None


@cache
def published() -> tuple[Operation, ...]:
    """All rows of published/."""
    found = [
        operation
        for file in sorted(PUBLISHED.glob("*.yaml"))
        for source in yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)["sources"]
        for operation in operations(source)
    ]
    # The emulator plays all hosts on one: what begins like another service's path is no container.
    taken = {row.template.split("/")[1] for row in found} - {""}
    taken = {name for name in taken if "{" not in name} | {"_control"}
    others = "|".join(sorted(re.escape(name) for name in taken))
    return tuple(
        replace(row, path=re.compile(f"(?!/+(?:{others})(?:/|$)){row.path.pattern}", re.IGNORECASE))
        if row.template.startswith("/{container}")
        else row
        for row in found
    )


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def operations(source: Mapping[str, Any]) -> Iterable[Operation]:
    """Rows of one source, with the additions that name it."""
    models = source.get("models") or {}
    for row in source["operations"]:
        body = row.get("body")
        for template in (row["path"], *_elsewhere(source["source"], row["path"])):
            yield Operation(
                name=row["is"], source=source["source"], method=row["method"], template=template,
                path=re.compile(_pattern(template), re.IGNORECASE), given=row.get("given", False),
                versions=frozenset(row["versions"]) | _added(source["source"], row["is"]).get("versions", frozenset()),
                query=frozenset(name.lower() for name in row["query"])
                | _added(source["source"], row["is"]).get("query", frozenset()),
                fixed=row.get("fixed", {}), body=_tree(models, body) if body else None,
            )  # fmt: skip


@cache
def _additions() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(_ADDITIONS.read_text(encoding="utf-8"))
    return document


def _added(source: str, name: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in _additions()["operations"]:
        if source.startswith(row["source"]) and re.fullmatch(row["is"], name):
            for member in ("versions", "query"):
                found.setdefault(member, set()).update(text.lower() for text in row.get(member, ()))
    return {member: frozenset(values) for member, values in found.items()}


def _elsewhere(source: str, path: str) -> list[str]:
    """The same operation below another path, on another host."""
    return [
        row["prefix"] + path
        for row in _additions()["elsewhere"]
        if source.startswith(row["source"]) and re.search(row["path"], path)
    ]


def _tree(models: Mapping[str, Any], name: str, depth: int = 4) -> dict[str, Any] | None:
    fields = models.get(name)
    if fields is None or depth == 0:
        return None
    extra = {row["field"]: "*" for row in _additions()["fields"] if row["model"] == name}
    return {wire: _branch(models, value, depth) for wire, value in {**extra, **fields}.items()}


def _branch(models: Mapping[str, Any], value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {name: _branch(models, inner, depth - 1) for name, inner in value.items()}
    if not isinstance(value, list):
        return value
    merged: dict[str, Any] = {}
    for child in value:
        tree = _tree(models, child, depth - 1)
        if tree is None:
            return "*"
        merged |= tree
    return merged


def _pattern(template: str) -> str:
    parts = re.split(r"\{(\w+)\}", template)
    text = re.escape(parts[0])
    for name, after in zip(parts[1::2], parts[2::2], strict=True):
        text += (".+" if name in _WIDE else "[^/]+") + re.escape(after)
    return f"/*{text.lstrip('/')}/?$"


@cache
def _of_path(path: str) -> list[Operation]:
    return [row for row in published() if row.path.match(path)]


def complaint(request: Mapping[str, Any], rows: Sequence[Operation] | None = None) -> str | None:
    """Why a logged request is no published operation; None when it is one."""
    path, query = request["path"], {name.lower(): value for name, value in request["query"].items()}
    if path.startswith("/_control"):
        return "calls the emulator's control endpoint, which Azure does not have"
    here = _of_path(path) if rows is None else [row for row in rows if row.path.match(path)]
    if not here:
        return "path: no published operation has it"
    here = [row for row in here if row.method == request["method"]]
    if not here:
        return f"verb: no published operation has {request['method']} on this path"
    fitting = [row for row in here if all(query.get(name) == value for name, value in row.fixed.items())]
    version = query.get("api-version")
    fitting = [row for row in fitting if row.given or _version_known(row, version)]
    if not fitting:
        known = sorted({text for row in here for text in row.versions})
        return f"api-version: got {version or 'none'}, expected one of {', '.join(known) or 'none at all'}"
    return (
        min(
            (_detail(row, query, request.get("body_keys", ())) for row in fitting),
            key=lambda text: text or "",
        )
        or None
    )


def _version_known(row: Operation, version: str | None) -> bool:
    return version in row.versions if version is not None else not row.versions


def _detail(row: Operation, query: Mapping[str, str], keys: Iterable[str]) -> str:
    """What is wrong with the query or the body, "" when nothing is."""
    if not row.given:
        allowed = row.query | set(row.fixed) | {"api-version"} | _SIGNATURE | _PAGES
        if unknown := sorted(set(query) - allowed):
            return f"query: {row.name} has no parameter {', '.join(unknown)}"
    if row.body is not None:
        unknown = [key for key in keys if not _field_known(row.body, key)]
        if unknown:
            return f"field: {row.name} has no field {', '.join(unknown)} in its body"
    return ""


def _field_known(fields: Mapping[str, Any], key: str) -> bool:
    place: Any = fields
    for name in key.split("."):
        if place == "*":
            return True
        if not isinstance(place, Mapping) or name not in place:
            return False
        place = place[name]
    return True
