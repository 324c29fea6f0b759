"""`plumbline validate`: every definition checked offline, all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumbline.ops.definition_root import definition_root
from plumbline.ops.errors import UserError
from plumbline.ops.output import output_options, print_answer

if TYPE_CHECKING:
    from plumbline.assets import MLPipeline, Problem

SCHEMA = "plumbline.validate/1"
COLUMNS = {
    "Severity": "severity",
    "File": "file",
    "Line": "line",
    "Field": "field",
    "Got": "got",
    "Expected": "expected",
    "Next step": "next_step",
}


@click.command("validate")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER]...")
@output_options
def command(folders: tuple[Path, ...], output: str, query: str | None) -> None:
    """Check every definition below pipelines/ (or the FOLDERs) offline, before anything is planned.

    FOLDERs need no Pulumi project around them. Finds what azure-ai-ml lets through: unknown keys, cycles, bindings to nothing, literals out of range,
    references that nobody registers. Warnings are shown and stop nothing. No cloud is asked.

    \b
    Exit codes: 0 no error, 1 errors.
    Example: plumbline validate --output json
    """
    from plumbline.assets import read_ml_pipelines

    chosen = [folder.resolve() for folder in folders]
    root = definition_root(chosen)
    chosen = chosen or _all_folders(root)
    reading = read_ml_pipelines(chosen, root=root)
    pipelines, errors = reading.pipelines, reading.errors
    warnings = tuple(problem for problem in reading.problems if problem.severity == "warning")
    rows = [_row(problem) for problem in (*errors, *warnings)]
    if output == "table" and query is None:
        for problem in (*errors, *warnings):
            click.echo(str(problem) if problem.severity == "error" else f"warning: {problem}")
        click.echo(_summary(chosen, pipelines, errors, warnings))
    else:
        answer = {
            "schema": SCHEMA,
            "valid": not errors,
            "problems": rows,
            "pipelines": [_told(pipeline) for pipeline in pipelines if not _faulty(pipeline, errors)],
            "partly_read": [_told(pipeline) for pipeline in pipelines if _faulty(pipeline, errors)],
        }
        whole = output == "json" or query is not None
        print_answer(
            answer if whole else rows, output=output, query=query, columns=COLUMNS, empty="No problem."
        )
    if errors:
        raise SystemExit(1)


def _all_folders(root: Path) -> list[Path]:
    from plumbline.ops.job.definition import pipeline_folders

    found = pipeline_folders(root)
    if not found:
        raise UserError(
            f"{root / 'pipelines'}: got no folder of definitions, expected one a pipeline. "
            "Add one, or name the folders: plumbline validate FOLDER"
        )
    return found


def _row(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity,
        "file": problem.file,
        "line": problem.line,
        "field": problem.field,
        "got": problem.got,
        "expected": problem.expected,
        "next_step": problem.next_step,
    }


def _faulty(pipeline: MLPipeline, errors: tuple[Problem, ...]) -> bool:
    """Whether a file of the pipeline's folder has an error."""
    return any(f"{error.file}/".startswith(f"{pipeline.folder}/") for error in errors)


def _told(pipeline: MLPipeline) -> Mapping[str, Any]:
    """What a pipeline would register, and the digest that its runs would have."""
    from plumbline.ops.job.digest import job_digest

    return {
        "name": pipeline.name,
        "folder": pipeline.folder,
        "assets": [
            {
                "kind": asset.kind,
                "name": asset.name,
                "version": asset.version,
                "source": asset.source,
                "inline": asset.inline or None,
            }
            for asset in pipeline.assets
        ],
        "steps": list(pipeline.graph.names),
        "schedule": pipeline.schedule.name if pipeline.schedule else None,
        "jobs": [
            {"file": job.source, "steps": list(job.graph.names), "job_digest": job_digest(job.fields)}
            for job in pipeline.jobs
        ],
        "schedules": [{"file": schedule.source, "name": schedule.name} for schedule in pipeline.schedules],
        "not_read": dict(pipeline.left_out),
        "job_digest": job_digest(pipeline.job) if pipeline.job else None,
    }


def _summary(
    folders: list[Path],
    pipelines: tuple[MLPipeline, ...],
    errors: tuple[Problem, ...],
    warnings: tuple[Problem, ...],
) -> str:
    assets = sum(len(pipeline.assets) for pipeline in pipelines)
    if errors:
        read = sum(len(pipeline.jobs) + len(pipeline.schedules) for pipeline in pipelines) + assets
        rest = f"\nRead beside them: {_count(read, 'definition')}." if read else ""
        files = len({row.file for row in errors})
        return f"{rest}\n{_count(len(errors), 'problem')} in {_count(files, 'file')}."
    noted = f", {_count(len(warnings), 'warning')}" if warnings else ""
    left = [f"{name} ({what})" for pipeline in pipelines for name, what in pipeline.left_out.items()]
    others = f" Not read as definitions: {', '.join(left)}." if left else ""
    inline = "".join(
        f"{asset.source}: {asset.inline} becomes {asset.kind} {asset.reference.rstrip(':')}\n"
        for pipeline in pipelines
        for asset in pipeline.assets
        if asset.inline
    )
    counted = f"{_count(len(folders), 'pipeline')} with {_count(assets, 'asset')}"
    return f"{inline}{counted}: no problem{noted}.{others}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
