"""A table of fields as JSON Schema, for editors: what `check_fields` holds a file to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.schema import Row, table

_TYPES: Mapping[str, Any] = {
    "string": "string",
    "text": ["string", "number", "boolean"],
    "literal": ["string", "number", "boolean"],
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}


def json_schema(name: str, *, title: str) -> dict[str, Any]:
    """The schema of a kind of file by the name of its table, for instance `release`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **_fields(table(name)[name]),
    }


def _fields(fields: Row, *, notes: bool = False) -> dict[str, Any]:
    required = [key for key, row in fields.items() if row.get("required")]
    return {
        "type": "object",
        "properties": {key: _row(row) for key, row in fields.items()},
        "additionalProperties": notes,
        **({"required": required} if required else {}),
    }


def _row(row: Row) -> dict[str, Any]:
    if "like" in row:
        shared = table("shared")[row["like"]]
        row = {**shared, **{key: value for key, value in row.items() if key != "like"}}
    found = _shape(row)
    for ours, theirs in (("enum", "enum"), ("min", "minimum"), ("max", "maximum")):
        if ours in row:
            found[theirs] = row[ours]
    if "pattern" in row:
        found["pattern"] = f"^(?:{str(row['pattern']).removeprefix('^').removesuffix('$')})$"
    words = row.get("reason") or row.get("words")
    return {**found, "description": str(words)} if words else found


def _shape(row: Row) -> dict[str, Any]:
    kind = row["is"]
    if kind == "object":
        return _fields(row.get("fields", {}), notes=bool(row.get("notes")))
    if kind == "list":
        return {"type": "array", "items": _row(row["items"])}
    if kind == "map":
        return {"type": "object", "additionalProperties": _row(row["values"])}
    if kind == "one_of":
        return {"anyOf": [_row(inner) for inner in row["rows"]]}
    return {"type": _TYPES[kind]} if kind in _TYPES else {}
