"""`plumbline pin`: the exact versions behind labels and other people's assets, in a committed file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumbline.ops.definition_root import definition_root
from plumbline.ops.errors import UserError
from plumbline.ops.output import output_options, print_answer
from plumbline.ops.target import enter_target, target_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plumbline.assets import ForeignReference

SCHEMA = "plumbline.pin/1"
COLUMNS = {"Reference": "reference", "Pinned": "pinned", "Newest": "newest", "State": "state", "File": "file"}
NOTHING = "No reference needs a pin."


@click.command("pin")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER]...")
@click.option("--check", is_flag=True, help="Change nothing; say what is missing and where newer exists.")
@target_options
@output_options
def command(
    folders: tuple[Path, ...],
    check: bool,
    stack: str | None,
    resource_group: str | None,
    workspace_name: str | None,
    output: str,
    query: str | None,
) -> None:
    """Write the exact version behind every label and foreign reference to pins.yaml beside the pipeline.

    Definitions may name what others register: azureml:NAME@latest, azureml:NAME:4, a registry's label, a curated
    environment. Nothing that moves is sent to Azure: the version that it stands for is asked for here, once, and
    committed. Run it again to move to the newest.

    \b
    Exit codes: 0 all pinned, 1 something is not there (the others are written), 3 (--check) a pin is missing or newer exists.
    Example: plumbline pin --check --stack dev
    """
    from plumbline.assets import read_ml_pipelines

    chosen = [folder.resolve() for folder in folders]
    root = definition_root(chosen)
    chosen = chosen or _all_folders(root)
    foreign = read_ml_pipelines(chosen, root=root).foreign
    rows = _rows(foreign, stack, resource_group, workspace_name) if foreign else []
    missing = [row for row in rows if row["newest"] is None]
    if not check:
        _write(root, chosen, foreign, rows)
    answer = {"schema": SCHEMA, "check": check, "pins": rows}
    whole = output == "json" or query is not None
    print_answer(answer if whole else rows, output=output, query=query, columns=COLUMNS, empty=NOTHING)
    if missing:
        raise UserError(
            "\n".join(
                f"{row['file']}:{row['line']}: {row['reference']}: got no such {row['kind']} in {row['place']}, "
                "expected one. Correct the name, or ask whoever registers it."
                for row in missing
            )
        )
    if check and any(row["state"] != "newest" for row in rows):
        raise SystemExit(3)


def _rows(
    foreign: Sequence[ForeignReference],
    stack: str | None,
    resource_group: str | None,
    workspace_name: str | None,
) -> list[dict[str, Any]]:
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.pin.newest import Newest

    target = enter_target(stack, resource_group, workspace_name)
    newest = Newest(AzureSession(target))
    found = newest.of(foreign)
    return [
        {
            "reference": reference.text,
            "kind": reference.kind,
            "pinned": reference.pinned,
            "newest": exact,
            "state": _state(reference.pinned, exact),
            "folder": reference.folder,
            "file": reference.file,
            "line": reference.line,
            "place": newest.place(reference.address),
        }
        for reference, exact in zip(foreign, found, strict=True)
    ]


def _state(pinned: str | None, newest: str | None) -> str:
    if newest is None:
        return "not there"
    if pinned is None:
        return "not pinned"
    return "newest" if pinned == newest else "newer exists"


def _write(
    root: Path, folders: Sequence[Path], foreign: Sequence[ForeignReference], rows: Sequence[dict[str, Any]]
) -> None:
    """Bring each folder's pins.yaml to what was found; a folder that needs none loses it.

    What is not there keeps the pin that it had.
    """
    from plumbline.ops.pin.file import write_pins

    for folder in folders:
        here = folder.resolve()
        pins = {
            row["reference"]: row["newest"] or row["pinned"]
            for reference, row in zip(foreign, rows, strict=True)
            if (root / reference.folder).resolve() == here and (row["newest"] or row["pinned"])
        }
        if (changed := write_pins(here, pins)) is not None:
            click.echo(changed, err=True)
    for row in rows:
        if row["newest"] is not None:
            row.update(pinned=row["newest"], state="newest")


def _all_folders(root: Path) -> list[Path]:
    from plumbline.ops.job.definition import pipeline_folders

    found = pipeline_folders(root)
    if not found:
        raise UserError(
            f"{root / 'pipelines'}: got no folder of definitions, expected one a pipeline. "
            "Add one, or name the folders: plumbline pin FOLDER"
        )
    return found
