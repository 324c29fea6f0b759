"""The thresholds that a release must be judged by: those of the checkout, not those that a submission chose."""

from __future__ import annotations

import re

from plumbline.ops.errors import UserError
from plumbline.ops.release.flow import release_flow
from plumbline.ops.stack_file import project_root


def required_thresholds(pipeline: str) -> str | None:
    """Reference of the thresholds that a pipeline's definition names; None without a checkout of it.

    A submission can name any registered data asset (`--set inputs.thresholds.path=...`), so a run that was judged by
    other thresholds has passed another gate.

    Raises: UserError: the definitions have problems.
    """
    from plumbline.ops.job.release_run import folder_definition, release_job

    if not re.fullmatch(r"[A-Za-z0-9_-]+", pipeline):
        return None
    try:
        folder = project_root() / "pipelines" / pipeline
    except UserError:
        return None
    if not (folder / "pipeline.yml").is_file():
        return None
    return release_flow(release_job(folder_definition(folder))).thresholds
