"""`python -m stacks.reference [--check]`: writes the settings page and the JSON Schema of a stack's file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stacks.settings import PROJECT, Cloud, RegistrySettings, Settings

FOLDER = Path("docs/reference")
PAGE, SCHEMA = FOLDER / "settings.md", FOLDER / "settings.schema.json"
# Keys that a stack's file has twice, once in each provider's namespace; `load_settings` refuses a difference.
PINS = {
    "plumbline:cloud": "name",
    "plumbline:tenantId": "tenantId",
    "plumbline:subscriptionId": "subscriptionId",
    "azure-native:tenantId": "tenantId",
    "azure-native:subscriptionId": "subscriptionId",
    "azure-native:location": "location",
}
# `pulumi config set` writes these as text, and the program reads them either way.
AS_TEXT = {"boolean": "^(true|false)$", "integer": "^[0-9]+$"}


def main(argv: Sequence[str]) -> int:
    """Write both files, or with `--check` say which is out of date (exit 1)."""
    made = {PAGE: page(), SCHEMA: json.dumps(schema(), indent=2) + "\n"}
    if "--check" not in argv:
        for path, text in made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        print(
            f"{path}: got an older page, expected that of stacks/settings.py. Run python -m stacks.reference."
        )
    return 1 if stale else 0


def schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of `Pulumi.<stack>.yaml`."""
    settings, registry = Settings.model_json_schema(), RegistrySettings.model_json_schema()
    cloud = Cloud.model_json_schema()
    config = {key: cloud["properties"][name] for key, name in PINS.items()}
    config |= {
        f"{PROJECT}:{name}": _or_text(field)
        for name, field in (registry["properties"] | settings["properties"]).items()
    }
    config[f"{PROJECT}:serves"] |= {"enum": ["platform", "registry"]}
    config[f"{PROJECT}:serves"].pop("const", None)
    of_both = [name for name in settings["required"] if name in registry["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of this project",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "properties": config,
                "required": [*PINS, *(f"{PROJECT}:{name}" for name in of_both)],
                "if": {
                    "properties": {f"{PROJECT}:serves": {"const": "registry"}},
                    "required": [f"{PROJECT}:serves"],
                },
                "then": _only(registry, settings),
                "else": _only(settings, registry),
                # A misspelt setting of ours is refused; other providers may have keys of their own.
                "patternProperties": {f"^(?!{PROJECT}:)": {}},
                "additionalProperties": False,
            }
        },
        "$defs": settings["$defs"] | registry["$defs"],
    }


def _only(own: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What holds of one of the two: it has its own settings and none of the other's."""
    foreign = [f"{PROJECT}:{name}" for name in other["properties"] if name not in own["properties"]]
    return {
        "required": [f"{PROJECT}:{name}" for name in own["required"]],
        "propertyNames": {"not": {"enum": foreign}},
    }


def page() -> str:
    """The settings as Markdown tables."""
    tree = schema()
    config = tree["properties"]["config"]
    lines = [
        "# Settings of a stack",
        "",
        "Made from `stacks/settings.py` by `python -m stacks.reference`; do not edit. A stack is a file",
        "`Pulumi.<stack>.yaml`; everything that differs between two stacks stands there, below `config`.",
        "An editor checks the file while you type with this line at its top:",
        "",
        "```yaml",
        f"# yaml-language-server: $schema={SCHEMA.as_posix()}",
        "```",
        "",
        *_table(
            "Where the stack lives, and what the program takes",
            config["properties"],
            config["required"],
            conditional=_conditions(config),
        ),
    ]
    for name, model in tree["$defs"].items():
        lines += [*_table(name, model["properties"], model.get("required", []), model.get("description", ""))]
    return "\n".join(lines)


def _conditions(config: dict[str, Any]) -> dict[str, str]:
    """Setting -> of which kind of stack it is, where it is not of both."""
    found = {}
    for noun, branch in (("platform", "else"), ("registry", "then")):
        other = config["then" if branch == "else" else "else"]
        for name in other["propertyNames"]["not"]["enum"]:
            need = "Required" if name in config[branch]["required"] else "Optional"
            found[name] = f"{need} of a {noun}"
    return found


def _table(
    title: str,
    fields: dict[str, Any],
    required: Sequence[str],
    opening: str = "",
    conditional: Mapping[str, str] | None = None,
) -> Iterator[str]:
    yield from (f"## {title}", "")
    if opening:
        yield from (opening, "")
    yield from ("| Key | | Value | Meaning |", "|---|---|---|---|")
    for name, field in fields.items():
        default = "" if "default" not in field else f", `{json.dumps(field['default'])}`"
        need = "Required" if name in required else (conditional or {}).get(name, "Optional")
        need += default if need.startswith("Optional") else ""
        yield f"| `{name}` | {need} | {_value(field)} | {_cell(field.get('description', ''))} |"
    yield ""


def _value(field: dict[str, Any]) -> str:
    """Type and bounds of one setting in words."""
    if "$ref" in field:
        return f"`{field['$ref'].rpartition('/')[2]}`, below"
    if "anyOf" in field:
        return _value(field["anyOf"][0])
    if "enum" in field:
        return _cell(" or ".join(f"`{value}`" for value in field["enum"]))
    if field["type"] == "array":
        least = f", at least {field['minItems']}" if "minItems" in field else ""
        return f"list{least}, each {_value(field['items'])}"
    words = [str(field["type"])]
    if "minimum" in field:
        words.append(f"{field['minimum']} to {field['maximum']}")
    if "multipleOf" in field:
        words.append(f"a multiple of {field['multipleOf']}")
    if "minLength" in field:
        words.append(f"at least {field['minLength']} characters")
    if "pattern" in field:
        words.append(f"`{field['pattern']}`")
    return _cell(", ".join(words))


def _or_text(field: dict[str, Any]) -> dict[str, Any]:
    pattern = AS_TEXT.get(field.get("type", ""))
    if pattern is None:
        return field
    outer = {key: field[key] for key in ("description", "default", "title") if key in field}
    inner = {key: value for key, value in field.items() if key not in outer}
    return outer | {"anyOf": [inner, {"type": "string", "pattern": pattern}]}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
