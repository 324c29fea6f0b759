"""Writes what is live into the definitions, and proves by reading them again that they now say it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.assets import (
    DefinitionErrors,
    MLPipeline,
    ScheduleDefinition,
    load_ml_pipelines,
)
from plumbline.kinds import KINDS, SCHEDULE
from plumbline.ops.codify.difference import Definition, FieldEdit, edits
from plumbline.ops.codify.live_resource import PREFIX, LiveResource
from plumbline.ops.codify.yaml_text import NoPlace, line_of, value_at, with_value, without
from plumbline.ops.errors import UserError

JOB = "create_job"
_BY_NAME = ("inputs", "outputs", "settings", "tags")
_WHOLE = ("experiment_name", "display_name", "description", "compute", "identity")


@dataclass(frozen=True, kw_only=True)
class Written:
    """One field that a file says now."""

    resource: str
    file: str
    line: int
    field: str
    was: Any
    now: Any


@dataclass(frozen=True, kw_only=True)
class Refused:
    """One field that no file can say, and why."""

    resource: str
    field: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Codified:
    """What was written, and what was not."""

    written: tuple[Written, ...]
    refused: tuple[Refused, ...]


def codify(
    live: Sequence[LiveResource],
    *,
    root: Path,
    folders: Sequence[Path],
    fields: Iterable[str] | None = None,
    dry_run: bool = False,
) -> Codified:
    """Write what is live of some resources into the YAML files that define them, comments and layout kept.

    The files are read again afterwards; when they do not say what is live, or say something else of another asset,
    they are put back as they were.

    Args:
        live: From `live_resources` of a refresh plan.
        folders: The pipelines' folders.
        fields: Optional. Only these fields, as findings name them (`description`, `tags.owner`,
            `create_job.inputs.alpha`). Default: all.
        dry_run: Put the files back in any case.
    Raises: UserError: the definitions have errors, before or after.
    """
    before = _definitions(folders, root)
    texts = _Texts(root)
    chosen = None if fields is None else set(fields)
    written: list[Written] = []
    refused: list[Refused] = []
    wanted: list[tuple[LiveResource, Definition, FieldEdit]] = []
    for resource in live:
        definition = _defining(before, resource)
        reason = _unsayable(resource, definition)
        if definition is None or reason is not None:
            refused.append(Refused(resource=resource.resource, field="", reason=reason or ""))
            continue
        found, unsaid = edits(definition, resource)
        refused += [
            Refused(resource=resource.resource, field=field, reason=reason)
            for field, reason in unsaid
            if chosen is None or field in chosen
        ]
        wanted += [(resource, definition, edit) for edit in found if _is_chosen(edit, chosen)]
    for resource, definition, edit in wanted:
        try:
            file, line = _write(texts, definition, edit, resource)
        except NoPlace as error:
            refused.append(Refused(resource=resource.resource, field=edit.field, reason=str(error)))
            continue
        written.append(
            Written(resource=resource.resource, file=file, line=line, field=edit.field, was=edit.was, now=edit.now)
        )  # fmt: skip
    texts.save()
    try:
        _require_said(
            before, _definitions(folders, root), wanted, {(one.resource, one.field) for one in written}
        )
    except UserError:
        texts.restore()
        raise
    if dry_run:
        texts.restore()
    return Codified(written=tuple(written), refused=tuple(refused))


def _write(texts: _Texts, definition: Definition, edit: FieldEdit, resource: LiveResource) -> tuple[str, int]:
    """Put one edit into a file's text; answers the file and the line."""
    file, path, value = definition.source, edit.path, edit.now
    if isinstance(definition, ScheduleDefinition) and path[0] == JOB:
        file, path, value = _job_place(texts, definition, edit, resource)
    elif value_at(texts.read(file), ("name",)) != definition.name:
        raise NoPlace(
            f"{file} defines it within something else, without a place for this field: write it by hand"
        )
    text = texts.read(file)
    edited = without(text, path) if value is None else with_value(text, path, value)
    line = line_of(edited, path)  # an anchor that went with the value leaves no YAML: nothing is put then
    texts.put(file, edited)
    return file, line


def _job_place(
    texts: _Texts, definition: ScheduleDefinition, edit: FieldEdit, resource: LiveResource
) -> tuple[str, tuple[str, ...], Any]:
    """Where a schedule's job says something: the schedule's own override where one can, else the job's file."""
    text = texts.read(definition.source)
    said = value_at(text, (JOB,))
    job_path = said.get("job") if isinstance(said, Mapping) else said
    field = edit.path[1]
    unit = edit.path[1:3] if field in _BY_NAME else edit.path[1:2]
    live = json.loads((resource.inputs or {})["spec"])[JOB]
    value = _at(live, unit)
    if value is not None and field in (*_WHOLE, *_BY_NAME):
        if not isinstance(said, Mapping):
            texts.put(definition.source, with_value(text, (JOB,), {"job": job_path}))
        return definition.source, (JOB, *unit), value
    job_file = (Path(definition.source).parent / str(job_path).removeprefix("file:")).as_posix()
    path = edit.path[1:]
    said_there: Any = value_at(texts.read(job_file), ())
    for depth, key in enumerate(path):
        if not isinstance(said_there, Mapping):
            # The file says it in its short form.
            return job_file, path[:depth], _at(live, path[:depth])
        said_there = said_there.get(key, {})
    return job_file, path, edit.now


def _at(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _is_chosen(edit: FieldEdit, chosen: set[str] | None) -> bool:
    if chosen is None:
        return True
    names = {edit.field, edit.field.removeprefix("spec."), _wire(edit.path)}
    return bool(names & chosen) or edit.path[0] in chosen


def _wire(path: tuple[str, ...]) -> str:
    return "displayName" if path == ("display_name",) else ".".join(path)


def _unsayable(resource: LiveResource, definition: Definition | None) -> str | None:
    if not resource.type.startswith(PREFIX):
        return "no definition says it: the program declares it, from its code and the stack's settings. Change those"
    if resource.inputs is None:
        return "it was deleted. Remove its file, or bring it back: pulumi up"
    if definition is None:
        return (
            f"no definition of this name is in {resource.source or 'the project'}. "
            "The last update was made from other files"
        )
    return None


def _definitions(folders: Sequence[Path], root: Path) -> dict[tuple[str, str, str], Definition]:
    try:
        pipelines = load_ml_pipelines(folders, root=root)
    except DefinitionErrors as error:
        raise UserError(str(error)) from error
    return {
        (definition.source, token, definition.name): definition
        for pipeline in pipelines
        for token, definition in _with_tokens(pipeline)
    }


def _defining(
    definitions: Mapping[tuple[str, str, str], Definition], resource: LiveResource
) -> Definition | None:
    """The definition of a resource; one that was just imported does not say its file yet."""
    if resource.source:
        return definitions.get((resource.source, resource.type, resource.name))
    return next(
        (found for key, found in definitions.items() if key[1:] == (resource.type, resource.name)), None
    )


def _with_tokens(pipeline: MLPipeline) -> Iterable[tuple[str, Definition]]:
    for asset in pipeline.assets:
        yield KINDS[asset.kind].token, asset
    for schedule in pipeline.schedules:
        yield SCHEDULE.token, schedule


def _require_said(
    before: Mapping[tuple[str, str, str], Definition],
    after: Mapping[tuple[str, str, str], Definition],
    wanted: Sequence[tuple[LiveResource, Definition, FieldEdit]],
    written: set[tuple[str, str]],
) -> None:
    """Refuse files that do not say what was to be said, or that now say something else of what was not meant.

    Raises: UserError: naming each.
    """
    meant = {(definition.source, one.type, one.name) for one, definition, _ in wanted}
    problems = [
        f"{key[0]}: {key[2]}: got another definition, expected that of before"
        for key, definition in before.items()
        if key not in meant and _said(after.get(key)) != _said(definition)
    ]
    for resource, _, edit in wanted:
        definition = _defining(after, resource)
        left = edits(definition, resource)[0] if definition is not None else [edit]
        if (resource.resource, edit.field) in written and any(other.path == edit.path for other in left):
            problems.append(
                f"{resource.source}: {edit.field}: got a file that does not read back as {edit.now!r}"
            )
    if problems:
        raise UserError(
            "\n".join(sorted(set(problems)))
            + "\nEvery file was put back. Write these fields by hand (an anchor or a merge key may stand in the way)."
        )


def _said(definition: Definition | None) -> tuple[Any, ...]:
    if definition is None:
        return ()
    return (definition.spec, definition.description, definition.display_name, dict(definition.tags))


class _Texts:
    """Files by their path from the root: as they were, and as they shall be. Line ends are kept."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._were: dict[str, str] = {}
        self._now: dict[str, str] = {}

    def read(self, file: str) -> str:
        if file not in self._now:
            try:
                text = (self._root / file).read_bytes().decode("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise NoPlace(f"{file} cannot be read") from error
            self._were[file] = self._now[file] = text
        return self._now[file]

    def put(self, file: str, text: str) -> None:
        self.read(file)
        self._now[file] = text

    def save(self) -> None:
        self._store(self._now)

    def restore(self) -> None:
        self._store(self._were)

    def _store(self, texts: Mapping[str, str]) -> None:
        for file, text in texts.items():
            if text != self._were[file] or texts is self._were:
                (self._root / file).write_bytes(text.encode("utf-8"))
