"""Definitions for programs that have no Python of ours: the provider reads the YAML, and answers resource inputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumbline.assets.errors import DefinitionErrors, Problem
from plumbline.kinds import KINDS
from plumbline.kinds.definition_inputs import asset_inputs, schedule_inputs
from plumbline.provider.errors import Refusal

if TYPE_CHECKING:
    from plumbline.assets import MLPipeline

LOAD_PIPELINES = "plumbline:azureml:loadPipelines"


def load_pipelines(arguments: Mapping[str, Any], *, root: Path) -> dict[str, Any]:
    """Read, check and resolve folders of definitions. No cloud is asked.

    Args:
        arguments: folders: one a pipeline, relative to the project; strict: refuse when a definition has an error
            (default), else answer the errors.
        root: The project's folder.
    Returns: assets: `KIND/NAME` -> inputs of its resource, type and dependsOn; schedules: name -> the same; order: keys of
        the assets, each after what it points to; versions: `KIND/NAME` -> version; problems: errors and warnings.
    Raises: Refusal: errors, all at once, when strict.
    """
    from plumbline.assets.loading import load_ml_pipelines

    folders = [root / str(folder) for folder in arguments["folders"]]
    try:
        pipelines = load_ml_pipelines(folders, root=root)
    except DefinitionErrors as errors:
        if arguments.get("strict", True):
            raise Refusal(f"the definitions are refused:\n{errors}") from errors
        return {**_answer(()), "problems": [_problem(problem) for problem in errors.problems]}
    return _answer(pipelines)


def _answer(pipelines: tuple[MLPipeline, ...]) -> dict[str, Any]:
    assets = {f"{asset.kind}/{asset.name}": asset for pipeline in pipelines for asset in pipeline.assets}
    schedules = {schedule.name: schedule for pipeline in pipelines for schedule in pipeline.schedules}
    warnings = [problem for pipeline in pipelines for problem in pipeline.warnings]
    return {
        "assets": {
            key: {
                **_said(asset_inputs(asset)),
                "type": KINDS[asset.kind].token,
                "dependsOn": [f"{one.kind}/{one.name}" for one in asset.references],
            }
            for key, asset in assets.items()
        },
        "schedules": {
            name: {
                **_said(schedule_inputs(schedule)),
                "dependsOn": [f"{one.kind}/{one.name}" for one in schedule.references],
            }
            for name, schedule in schedules.items()
        },
        "order": list(assets),
        "versions": {key: asset.version for key, asset in assets.items()},
        "problems": [_problem(problem) for problem in warnings],
    }


def _said(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if value is not None}


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity,
        "file": problem.file,
        "line": problem.line,
        "field": problem.field,
        "message": str(problem),
    }
