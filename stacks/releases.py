"""Which ML pipelines a stack carries: every definition is read and checked before anything is declared."""

from __future__ import annotations

from pathlib import Path

import pulumi

from plumbline.assets import DefinitionErrors, MLPipeline, load_ml_pipelines
from stacks.settings import Settings


def load_pipelines(stack: str, settings: Settings) -> tuple[MLPipeline, ...]:
    """Read the stack's pipelines from `pipelines/`.

    Raises: pulumi.RunError: every problem of every file at once, each with file and line.
    """
    # A rehearsal runs in a folder of links: definitions are read, and bounded, where they really lie.
    root = (Path.cwd() / "pipelines").resolve().parent
    folders = [root / "pipelines" / name for name in settings.pipelines]
    missing = [name for name, folder in zip(settings.pipelines, folders, strict=True) if not folder.is_dir()]
    if missing:
        known = sorted(folder.name for folder in (root / "pipelines").iterdir() if folder.is_dir())
        raise pulumi.RunError(
            f"Pulumi.{stack}.yaml: azure-ml-platform:pipelines: got {', '.join(missing)}, "
            f"expected folders below pipelines/: {', '.join(known)}. Mend the list."
        )
    try:
        pipelines = load_ml_pipelines(folders, root=root)
    except DefinitionErrors as error:
        raise pulumi.RunError(f"the pipelines' definitions are refused:\n{error}") from None
    for pipeline in pipelines:
        for warning in pipeline.warnings:
            pulumi.warn(str(warning))
    return pipelines
