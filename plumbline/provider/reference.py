"""`python -m plumbline.provider.reference [--check]`: writes docs/reference/resources.md from the schema."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plumbline import __version__
from plumbline.kinds import KINDS, Kind
from plumbline.provider.schema import package_schema
from plumbline.provider.table import PropertyRow, property_rows

PAGE = Path("docs/reference/resources.md")
_TYPES = {
    "string": "text",
    "boolean": "boolean",
    "integer": "whole number",
    "number": "number",
    "strings": "list of texts",
    "string_map": "map of texts",
    "object": "map",
}
_CHANGES = {
    "replace": "replaces",
    "update": "updates in place",
    "never": "never a difference",
}


def main(argv: Sequence[str]) -> int:
    """Write the page, or with `--check` say whether it is up to date (exit 1 when it is not)."""
    text = page()
    if "--check" in argv:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != text:
            print(
                f"{PAGE}: got an older page, expected that of the schema. Run python -m plumbline.provider.reference."
            )
            return 1
        return 0
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """The reference page as Markdown."""
    lines = [
        "# Resources",
        "",
        "Made from the descriptors of `plumbline.kinds` and `plumbline/provider/fields.yaml` by `python -m plumbline.provider.reference`; do not edit.",
        "",
        "Python names are the snake_case of these; the resource classes in `plumbline.azureml` take a `definition`",
        "that `plumbline.assets.load_ml_pipelines` read, and fill the inputs from it.",
        "",
        *_settings(),
    ]
    for kind in KINDS.values():
        lines += _kind(kind)
    return "\n".join(lines)


def _settings() -> list[str]:
    settings: dict[str, Any] = package_schema(__version__)["provider"]["inputProperties"]
    rows = [f"| `plumbline:{name}` | {_cell(setting['description'])} |" for name, setting in settings.items()]
    return ["## Provider settings", "", "| Key | Meaning |", "|---|---|", *rows, ""]


def _kind(kind: Kind) -> list[str]:
    rows = property_rows(kind.name).values()
    inputs = [_input(each) for each in rows if each.is_input]
    outputs = [
        f"| `{each.name}` | {_TYPES[each.type]} | {_cell(each.description)} |"
        for each in rows
        if each.is_output
    ]
    return [
        f"## {kind.noun}",
        "",
        kind.description,
        "",
        f"Type token `{kind.token}`. Source: {kind.source}, api-version {kind.api_version}. Import id `{kind.import_form}`.",
        "",
        "### Inputs",
        "",
        "| Name | Type | | A change | Meaning |",
        "|---|---|---|---|---|",
        *inputs,
        "",
        "### Outputs",
        "",
        "| Name | Type | Meaning |",
        "|---|---|---|",
        *outputs,
        "",
    ]


def _input(row: PropertyRow) -> str:
    need = "Required" if row.required else "Optional"
    change = _CHANGES[row.change]
    return f"| `{row.name}` | {_TYPES[row.type]} | {need} | {change} | {_cell(row.description)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
