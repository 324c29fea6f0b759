"""The page of all commands and the schema of release.yml, made from the code: `python -m plumbline.ops.reference [--check]`."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from plumbline.assets.json_schema import json_schema
from plumbline.ops.cli import group

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGE, SCHEMA = REFERENCE / "commands.md", REFERENCE / "release.schema.json"
HEAD = """# Commands

Made from the commands by `make pages`; do not edit.

Exit codes: 0 clean, 1 failure, 2 usage, 3 drift found or gate closed. With `--output json` nothing but JSON is on
stdout; talk goes to stderr.
"""


def commands(
    command: click.Command | None = None, path: tuple[str, ...] = ("plumbline",)
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it, in the order of the help."""
    command = command or group
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command, info_name=path[-1])
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is not None and not inner.hidden:
            yield from commands(inner, (*path, name))


def page() -> str:
    """The page's text."""
    parts = [HEAD]
    for path, command in commands():
        words = " ".join(path)
        parameters = [found for found in command.params if found.name != "help"]
        arguments = " ".join(
            found.make_metavar(click.Context(command)) for found in parameters if _is_argument(found)
        )
        parts.append(f"## {words}\n\n    {words} {arguments}".rstrip() + "\n\n" + _help(command))
        options = [found for found in parameters if isinstance(found, click.Option)]
        if options:
            rows = "\n".join(f"| {_names(option)} | {_text(option)} |" for option in options)
            parts.append(f"| Option | Meaning |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def _is_argument(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Argument)


def _help(command: click.Command) -> str:
    parts = []
    for line in inspect.cleandoc(command.help or "").replace("\b\n", "").splitlines():
        words = line.removeprefix("Example: ")
        parts.append(line if words == line else f"\n    {words}")
    return "\n".join(parts).replace("\n\n\n", "\n\n") + "\n"


def _names(option: click.Option) -> str:
    return ", ".join(f"`{name}`" for name in option.opts)


def _text(option: click.Option) -> str:
    text = (option.help or "").rstrip(".")
    if isinstance(option.type, click.Choice):
        text += f". One of {', '.join(f'`{choice}`' for choice in option.type.choices)}"
    if option.required:
        text = f"Required. {text}"
    elif option.show_default and option.default is not None:
        text += f". Default `{option.default}`"
    return text.strip().replace("|", "\\|")


def schema() -> str:
    """The JSON Schema of release.yml."""
    return json.dumps(json_schema("release", title="release.yml of a pipeline"), indent=2) + "\n"


def main(words: list[str]) -> int:
    """Write both files, or with --check say whether they are up to date."""
    status = 0
    for file, text in ((PAGE, page()), (SCHEMA, schema())):
        if words != ["--check"]:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            print(
                f"{file.relative_to(Path.cwd())}: got an old file, expected that of the code. Run: make pages"
            )
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
