"""Gathers what a review says: definitions, preview, code since the base, who changed what is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from plumbline.assets import DefinitionErrors, MLPipeline, Problem, load_ml_pipelines
from plumbline.assets.contract import gate_contract
from plumbline.assets.release_flow import release_flow
from plumbline.ops.checkout import source_commit
from plumbline.ops.declared_line import declared_line
from plumbline.ops.job.definition import pipeline_folders
from plumbline.ops.review.code_change import code_changes, files_of
from plumbline.ops.review.danger import dangers, file_dangers, release_roles
from plumbline.ops.review.finding import Review
from plumbline.ops.review.planned_change import PlannedChange, planned_changes
from plumbline.ops.review.preview import Preview
from plumbline.ops.review.reach import reached
from plumbline.ops.review.trampled import overwritten, with_authors


def load_definitions(project: Path) -> tuple[tuple[MLPipeline, ...], tuple[Problem, ...]]:
    """Every pipeline of the project, and every problem and warning of its definitions."""
    try:
        pipelines = load_ml_pipelines(pipeline_folders(project), root=project)
    except DefinitionErrors as error:
        return (), error.problems
    return pipelines, tuple(problem for pipeline in pipelines for problem in pipeline.warnings)


def gather(project: Path, stack: str, preview: Preview, *, base: str | None, now: datetime) -> Review:
    """Put a review together from a preview.

    Raises: UserError: the workspace whose changes would be undone cannot be asked.
    """
    pipelines, problems = load_definitions(project)
    lines = {asset.source: asset.lines for pipeline in pipelines for asset in pipeline.assets}
    lines |= {schedule.source: schedule.lines for pipeline in pipelines for schedule in pipeline.schedules}
    planned = () if preview.refused else planned_changes(preview.steps)
    changes = tuple(_placed(change, lines.get(change.place)) for change in planned)
    code = code_changes(project, base)
    moved = {change.asset for change in changes if change.has_new_version}
    assets = {(asset.kind, asset.name): asset for pipeline in pipelines for asset in pipeline.assets}
    undone = overwritten(changes, preview.steps)
    if undone:
        from plumbline.ops.target import enter_target

        undone = with_authors(undone, enter_target(stack), preview.steps)
    gaps = {
        pipeline.name: release_flow(pipeline.job, gate_contract(pipeline.release)).problems
        for pipeline in pipelines
        if pipeline.release is not None and pipeline.job is not None
    }
    return Review(
        stack=stack,
        commit=source_commit(project),
        preview=preview,
        changes=changes,
        dangers=dangers(changes, release_roles(pipelines)),
        trampled=undone,
        reach=reached(pipelines, changes, preview.steps, now=now),
        problems=problems,
        code_base=code,
        code={
            key: code.of(files_of(project, asset))
            for key, asset in assets.items()
            if key in moved and code.base
        },
        file_dangers=file_dangers(code),
        release_gaps={name: found for name, found in gaps.items() if found},
    )


def _placed(change: PlannedChange, lines: Mapping[str, int] | None) -> PlannedChange:
    """A change of a definition, at the line of the first field that moves, or of the nearest thing around it."""
    moved = (declared_line(lines, field.path) for field in change.fields) if lines else ()
    line = next((found for found in moved if found is not None), (lines or {}).get("name"))
    return change if line is None else replace(change, place=f"{change.place}:{line}")
