"""Checks a document against a table of what its fields may hold: a kind's ``schema.yml``, or one of ``schemas/``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.assets.document import Document, FieldPath
from plumbline.assets.yaml_kinds import YAML_KINDS

Row = Mapping[str, Any]

_NOTHING_STEP = "Write a value or remove the key."
_BINDING = re.compile(r"^\s*\$\{\{.*\}\}\s*$")


@cache
def table(name: str) -> Row:
    """The table of a kind by its name, or one of ``schemas/`` by its file's stem."""
    kind = YAML_KINDS.get(name)
    file = kind.folder / "schema.yml" if kind else Path(__file__).parent / "schemas" / f"{name}.yml"
    text = file.read_text("utf-8")
    loaded: Row = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    return loaded


def check_fields(
    document: Document, value: Any, path: FieldPath, fields: Row, *, notes: bool = False
) -> None:
    """Check a mapping's keys and values; what is wrong becomes the document's problems.

    Args:
        notes: Optional. Let pass keys of the author's own, unless they look like a known one misspelt.
    """
    if not isinstance(value, Mapping):
        document.report(path, describe(value), "a mapping of fields")
        return
    for key, found in value.items():
        row = fields.get(key)
        here = (*path, key)
        if row is None:
            left_out = ("refused", "ignored")
            known = [
                name
                for name, field in fields.items()
                if name != "$schema" and not any(word in field for word in left_out)
            ]
            near = suggestion(key, known)
            if near or not notes:
                document.report(here, f'the unknown key "{key}"', f"one of {', '.join(known)}", near)
        elif "refused" in row:
            document.report(here, describe(found), f"it left out: {row['refused']}", str(row.get("next", "")))
        elif "ignored" in row:
            document.warn(here, describe(found), f"it left out: {row['ignored']}", str(row.get("next", "")))
        else:
            check(document, found, here, row)
    for key, row in fields.items():
        if row.get("required") and key not in value and not {*row.get("unless", ())} & set(value):
            document.report((*path, key), "nothing", what(row), f'Add "{key}:".')


def check(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    """Check one value against one row."""
    row = _followed(row)
    if row.get("binding") and isinstance(value, str) and _BINDING.match(value):
        return
    if value is None and row["is"] not in {"empty", "any", "one_of"}:
        # azure-ai-ml refuses nulls wherever its schema does not name them (1.35.2).
        if not row.get("nothing"):
            document.report(path, "nothing", what(row), _NOTHING_STEP)
        return
    if value == "" and "empty" in row:
        step = str(row.get("next", "Write a value or remove the key."))
        document.report(path, describe(value), f"a value that is not empty: {row['empty']}", step)
        return
    _CHECKS[row["is"]](document, value, path, row)


def suggestion(word: object, known: Iterable[str], aliases: Mapping[str, str] | None = None) -> str:
    """``Did you mean "number"?``, or nothing when no known word is near."""
    text = str(word)
    names = {name: name for name in known} | {alias: alias for alias in aliases or {}}
    near = difflib.get_close_matches(text, names, n=1, cutoff=0.6) or difflib.get_close_matches(
        text.lower(), names, n=1, cutoff=0.6
    )
    if not near:
        return ""
    target = (aliases or {}).get(near[0], near[0])
    if target == near[0]:
        return f'Did you mean "{target}"?'
    return f'Did you mean "{near[0]}" -> "{target}"?' if near[0] != text else f'Azure\'s word is "{target}".'


def describe(value: Any) -> str:
    """A value as a message shows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = value.replace("\n", "\\n")
        return f'"{text}"' if len(text) <= 80 else f'"{text[:77]}..."'
    if isinstance(value, Mapping):
        return f"a mapping of {', '.join(map(str, value)) or 'nothing'}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return str(value)


def what(row: Row) -> str:
    """What a row allows, in words."""
    row = _followed(row)
    if "words" in row:
        return str(row["words"])
    if "enum" in row:
        return f"one of {', '.join(row['enum'])}"
    if row["is"] == "one_of":
        return " or ".join(dict.fromkeys(what(inner) for inner in row["rows"]))
    if "min" in row:
        return f"{_WORDS[row['is']]} of at least {row['min']}"
    return _WORDS[row["is"]]


def _followed(row: Row) -> Row:
    if "like" not in row:
        return row
    target = table("shared")[row["like"]]
    return {**_followed(target), **{key: value for key, value in row.items() if key != "like"}}


def _check_string(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    if not isinstance(value, str):
        step = f'Put it in quotes: "{value}".' if isinstance(value, int | float) else ""
        document.report(path, describe(value), what(row), step)
    elif "enum" in row and value not in row["enum"] and value.lower() not in row["enum"]:
        document.report(path, describe(value), what(row), suggestion(value, row["enum"], row.get("aliases")))
    elif "pattern" in row and not re.fullmatch(row["pattern"], value):
        document.report(path, describe(value), what(row), "")


def _check_text(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    if isinstance(value, Mapping | list):
        document.report(path, describe(value), what(row))


def _check_integer(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or ("min" in row and value < row["min"]):
        document.report(path, describe(value), what(row))


def _check_number(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or ("min" in row and value < row["min"]):
        document.report(path, describe(value), what(row))
    elif "max" in row and value > row["max"]:
        document.report(path, describe(value), f"{_WORDS[row['is']]} of at most {row['max']}")


def _check_boolean(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    if not isinstance(value, bool):
        document.report(path, describe(value), what(row), "Write true or false without quotes.")


def _check_version(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    if isinstance(value, str) and re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,29}", value):
        return
    if isinstance(value, int) and not isinstance(value, bool):
        return
    step = "Put it in quotes, or YAML drops its zeros." if isinstance(value, float) else ""
    document.report(path, describe(value), what(row), step)


def _check_environment_variable(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    if isinstance(value, bool | float):
        document.report(
            path, describe(value), "text", "Put it in quotes, so that the step sees what is written."
        )
    else:
        _check_text(document, value, path, row)


def _check_list(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    if not isinstance(value, list):
        document.report(path, describe(value), what(row), "Write it as a list: [a, b].")
        return
    for index, item in enumerate(value):
        _check_member(document, item, (*path, index), row["items"])


def _check_map(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    if not isinstance(value, Mapping):
        document.report(path, describe(value), what(row))
        return
    naming = table("shared")["names"].get(row.get("names"))
    for key, found in value.items():
        if naming and not re.fullmatch(naming["pattern"], key):
            clean = _clean(key) if "A-Z" in naming["pattern"] else _clean(key).lower()
            document.report((*path, key), f'the name "{key}"', naming["words"], f'Rename it, say "{clean}".')
        _check_member(document, found, (*path, key), row["values"])


def _check_member(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    """A value of a map or list; nothing is one only where the row says so."""
    found = _followed(row)
    rows = found.get("rows", [found])
    if value is None and not any(_followed(inner)["is"] in {"empty", "any", "step"} for inner in rows):
        document.report(path, "nothing", what(found), "Write a value or remove it.")
    else:
        check(document, value, path, found)


def _check_object(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    if "by" not in row or not isinstance(value, Mapping):
        check_fields(document, value, path, row.get("fields", {}), notes=bool(row.get("notes")))
        return
    word, variants = value.get(row["by"]), row["variants"]
    here = (*path, row["by"])
    if word is None:
        document.report(here, "nothing", f"one of {', '.join(variants)}", f'Add "{row["by"]}:".')
    elif not isinstance(word, str) or (word if row.get("exact") else word.lower()) not in {*variants}:
        step = suggestion(word, variants, row.get("aliases"))
        document.report(here, describe(word), f"one of {', '.join(variants)}", step)
    else:
        check_fields(document, value, path, variants.get(word) or variants[word.lower()])


def _check_one_of(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    rows = [_followed(inner) for inner in row["rows"]]
    chosen = next((inner for inner in rows if _fits(value, inner["is"])), None)
    if chosen is None:
        document.report(path, describe(value), what(row), "" if value is not None else _NOTHING_STEP)
        return
    if "refused_shape" in chosen:
        document.report(
            path, describe(value), f"a reference: {chosen['refused_shape']}", "Move it to a file of its own."
        )
        return
    check(document, value, path, chosen)


def _fits(value: Any, kind: str) -> bool:
    return {
        "string": isinstance(value, str),
        "literal": isinstance(value, str | int | float),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "list": isinstance(value, list),
        "object": isinstance(value, Mapping),
        "map": isinstance(value, Mapping),
        "empty": value is None,
    }.get(kind, False)


def _clean(name: str) -> str:
    cleaned = re.sub(r"\W", "_", name)
    return cleaned if cleaned[:1].isalpha() or cleaned[:1] == "_" else f"_{cleaned}"


def _accept(document: Document, value: Any, path: FieldPath, row: Row) -> None:
    """Any value will do here; what it means is checked elsewhere."""


_CHECKS: dict[str, Callable[[Document, Any, FieldPath, Row], None]] = {
    "string": _check_string,
    "text": _check_text,
    "literal": _check_text,
    "integer": _check_integer,
    "number": _check_number,
    "boolean": _check_boolean,
    "version": _check_version,
    "environment_variable": _check_environment_variable,
    "list": _check_list,
    "map": _check_map,
    "object": _check_object,
    "one_of": _check_one_of,
    "any": _accept,
    "empty": _accept,
    "step": _accept,
}

_WORDS = {
    "string": "text",
    "text": "plain text",
    "literal": "a plain value",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "version": "letters, digits, _ . and -, at most 30",
    "environment_variable": "text",
    "list": "a list",
    "map": "a mapping",
    "object": "a mapping",
    "any": "a value",
    "empty": "nothing",
    "step": "a step",
}
