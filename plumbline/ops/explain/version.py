"""`plumbline explain version`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumbline.kinds import VERSIONED
from plumbline.ops.declared_line import declared_line
from plumbline.ops.errors import UserError
from plumbline.ops.output import output_options
from plumbline.ops.stack_file import project_root

if TYPE_CHECKING:
    from plumbline.assets import AssetDefinition
    from plumbline.ops.explain.answer import Answer, Reason

_MOST_LINES = 40


@click.command("version")
@click.argument("name")
@click.option("--stack", "-s", required=True, help="The stack whose version is compared with the code.")
@output_options
def command(name: str, stack: str, output: str, query: str | None) -> None:
    """Say why the asset NAME gets another version than the stack holds: the fields, files and lines that differ.

    What it refers to is followed: a component whose environment changed names what changed there. The files of the
    version before are taken from the newest commit that holds it.

    \b
    Example: plumbline explain version claims_train --stack local
    """
    from plumbline.ops.explain.answer import print_answers
    from plumbline.ops.review.gathering import load_definitions
    from plumbline.ops.target import enter_stack

    project = project_root()
    pipelines, problems = load_definitions(project)
    if not pipelines:
        raise UserError(
            "\n".join(str(problem) for problem in problems) or "pipelines: got none, expected one."
        )
    assets = {(asset.kind, asset.name): (asset, one) for one in pipelines for asset in one.assets}
    wanted = [key for key in assets if key[1] == name.partition(":")[0]]
    if not wanted:
        known = ", ".join(sorted(key[1] for key in assets))
        raise UserError(f"{name}: got no asset of that name in pipelines/, expected one of {known}.")
    enter_stack(stack)
    state = _state(project, stack)
    answers: list[Answer] = []
    for key in wanted:
        answers += _answers(project, stack, assets, state, key, set())
    print_answers("version", answers, output=output, query=query)


def _answers(
    project: Path, stack: str, assets: Any, state: Mapping[Any, Any], key: tuple[str, str], seen: set[Any]
) -> Iterator[Answer]:
    from plumbline.ops.explain.answer import Answer

    if key in seen:
        return
    seen.add(key)
    now, pipeline = assets[key]
    held = state.get(key)
    what = f"{now.kind} {now.name}"
    if held is None:
        yield Answer(subject=now.name, says=f"{what} is new: stack {stack} holds no version of it.")
        return
    if held["version"] == now.version or held.get("contentHash") == now.content_hash:
        yield Answer(
            subject=now.name,
            says=f"{what} keeps its version {held['version']}: the code says what stack {stack} holds.",
        )
        return
    reasons = tuple(_reasons(project, now, pipeline.folder, held))
    yield Answer(
        subject=now.name,
        says=f"{what} gets version {now.version} in place of {held['version']}, because this differs:",
        reasons=reasons,
    )
    for reference in now.references:
        before = state.get((reference.kind, reference.name))
        if (
            before is not None
            and before["version"] != reference.version
            and (reference.kind, reference.name) in assets
        ):
            yield from _answers(project, stack, assets, state, (reference.kind, reference.name), seen)


def _reasons(project: Path, now: AssetDefinition, folder: str, held: Mapping[str, Any]) -> Iterator[Reason]:
    from plumbline.assets import changes
    from plumbline.ops.explain.answer import Reason

    for change in changes(str(held["spec"]), now.spec):
        if now.code_hash and str(change.new) == f"sha256:{now.code_hash}":
            yield from _code(project, now, folder, str(held["version"]))
        else:
            where = _conda_line(project, now, change.new) if change.path.startswith("conda_file") else ""
            yield Reason(
                part=change.path, old=change.old, new=change.new, where=where or _line(now, change.path)
            )


def _code(project: Path, now: AssetDefinition, folder: str, version: str) -> Iterator[Reason]:
    """The files that differ from the commit that holds the version before."""
    from plumbline.ops.explain.answer import Reason
    from plumbline.ops.explain.held_version import commit_with
    from plumbline.ops.review.code_change import code_changes, files_of

    held = commit_with(project, now, folder, version)
    if held is None:
        yield Reason(
            part=f"code: no commit of the last ones holds {version}, so its files cannot be compared"
        )
        return
    paths = {
        *files_of(project, now),
        *(path for path in (held.definition.code_path, *held.definition.includes) if path),
    }
    for file in code_changes(project, held.commit).of(sorted(paths)):
        yield Reason(
            part=f"code: {file.path} (+{file.added} -{file.removed} since {held.commit[:12]})",
            where=f"{file.path}:{file.first_line}",
            lines=file.lines[:_MOST_LINES],
        )


def _line(now: AssetDefinition, path: str) -> str:
    line = declared_line(now.lines, path)
    return now.source if line is None else f"{now.source}:{line}"


def _conda_line(project: Path, now: AssetDefinition, value: Any) -> str:
    """Where a package stands in the conda file; empty when it stands nowhere, such as one that was removed."""
    from plumbline.ops.review.code_change import files_of

    path = next((name for name in files_of(project, now) if name != now.source), None)
    if path is None or not isinstance(value, str):
        return ""
    lines = (project / path).read_text(encoding="utf-8").splitlines()
    return next((f"{path}:{at}" for at, line in enumerate(lines, start=1) if value in line), "")


def _state(project: Path, stack: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """(kind, name) -> inputs of every asset as the last update left it."""
    import subprocess

    answer = subprocess.run(
        ["pulumi", "stack", "export", "--stack", stack],
        cwd=project,
        check=False,
        capture_output=True,
        text=True,
    )
    if answer.returncode != 0:
        raise UserError(f"stack {stack}: export: got {answer.stderr.strip()}, expected its state.")
    rows = (json.loads(answer.stdout).get("deployment") or {}).get("resources") or []
    kinds = {kind.token: name for name, kind in VERSIONED.items()}
    return {
        (kinds[row["type"]], str(row["inputs"]["name"])): row["inputs"]
        for row in rows
        if row.get("type") in kinds
    }
