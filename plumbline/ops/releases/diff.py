"""`plumbline releases diff`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from plumbline.assets import changes
from plumbline.assets.lock import Release
from plumbline.ops.errors import UserError
from plumbline.ops.output import output_options, print_answer
from plumbline.ops.stack_file import project_root

COLUMNS = {"What": "what", "Field": "field", "Old": "old", "New": "new"}


@click.command("diff")
@click.argument("pipeline")
@click.option("--stack", "-s", required=True, help="The stack whose release is the new one.")
@click.option(
    "--with",
    "other",
    metavar="STACK",
    help="The stack whose release is the old one. Default: the release before.",
)
@output_options
def command(pipeline: str, stack: str, other: str | None, output: str, query: str | None) -> None:
    """Name every field that differs between two releases, offline: of pins, schedule, duty and commit.

    \b
    Example: plumbline releases diff claims_release --stack staging --with prod
    """
    project = project_root()
    new = _release(project, stack, pipeline)
    if other is not None:
        old = _release(project, other, pipeline)
    else:
        from plumbline.ops.promotion.history import release_before

        _, old = release_before(project, stack, new)
    rows = differences(old, new)
    click.echo(f"{pipeline}: {old.release} -> {new.release}", err=True)
    print_answer(rows, output=output, query=query, columns=COLUMNS, empty="No difference.")


def differences(old: Release, new: Release) -> list[dict[str, Any]]:
    """Rows of what, field, old and new; a pin that is new or gone is one row."""
    rows: list[dict[str, Any]] = []
    befores = {(pin.kind, pin.name): pin for pin in old.pins}
    afters = {(pin.kind, pin.name): pin for pin in new.pins}
    for key in sorted({*befores, *afters}):
        before, after = befores.get(key), afters.get(key)
        what = " ".join(key)
        if before == after:
            continue
        if before is None or after is None or before.version != after.version:
            rows.append(_row(what, "version", before and before.version, after and after.version))
        if before is not None and after is not None:
            rows += [_row(what, one.path, one.old, one.new) for one in changes(before.spec, after.spec)]
    rows += _schedule_rows(old, new)
    for what in ("duty", "source"):
        rows += _field_rows(what, getattr(old, what), getattr(new, what))
    return rows


def _schedule_rows(old: Release, new: Release) -> list[dict[str, Any]]:
    befores, afters = ({one.name: one for one in release.schedules} for release in (old, new))
    rows: list[dict[str, Any]] = []
    for name in sorted({*befores, *afters}):
        before, after = befores.get(name), afters.get(name)
        what = "schedule" if len({*befores, *afters}) == 1 else f"schedule {name}"
        if before is None or after is None:
            rows.append(_row(what, "(the schedule)", before and "there", after and "there"))
        else:
            rows += _field_rows(what, before, after)
    return rows


def _field_rows(what: str, old: BaseModel, new: BaseModel) -> list[dict[str, Any]]:
    return [
        _row(what, change.path, change.old, change.new)
        for change in changes(old.model_dump(mode="json"), new.model_dump(mode="json"))
        if not change.path.endswith("content_hash")
    ]


def _row(what: str, field: str, old: Any, new: Any) -> dict[str, Any]:
    shown = [value if isinstance(value, str | None) else json.dumps(value) for value in (old, new)]
    return {"what": what, "field": field, "old": shown[0], "new": shown[1]}


def _release(project: Path, stack: str, pipeline: str) -> Release:
    from plumbline.ops.promotion.origin import stack_lock

    lock = stack_lock(project, stack)
    found = lock.release_of(pipeline) if lock else None
    if found is None:
        raise UserError(f"stack {stack}: lock: got no release of {pipeline}, expected one.")
    return found
