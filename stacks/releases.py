"""Which ML pipelines a stack carries: every definition is read and checked before anything is declared."""

from __future__ import annotations

from pathlib import Path

import pulumi

from plumbline.assets import DefinitionErrors, MLPipeline, load_ml_pipelines
from stacks.settings import PROJECT, Settings, place_of


def load_pipelines(stack: str, settings: Settings) -> tuple[MLPipeline, ...]:
    """Read the stack's pipelines from `pipelines/`.

    Raises: pulumi.RunError: every problem of every file at once, each with file and line.
    """
    root = Path.cwd()
    folders = [root / "pipelines" / name for name in settings.pipelines]
    known = sorted(folder.name for folder in (root / "pipelines").iterdir() if folder.is_dir())
    missing = [
        f"{place_of(stack, f'{PROJECT}:pipelines.{at}')}: {PROJECT}:pipelines: got {name!r}, "
        f"expected a folder below pipelines/: {', '.join(known)}. Mend the list."
        for at, (name, folder) in enumerate(zip(settings.pipelines, folders, strict=True))
        if not folder.is_dir()
    ]
    if missing:
        raise pulumi.RunError("\n".join(["the stack's pipelines are refused:", *missing]))
    try:
        pipelines = load_ml_pipelines(folders, root=root)
    except DefinitionErrors as error:
        raise pulumi.RunError(f"the pipelines' definitions are refused:\n{error}") from None
    for pipeline in pipelines:
        for warning in pipeline.warnings:
            pulumi.warn(str(warning))
    return pipelines
