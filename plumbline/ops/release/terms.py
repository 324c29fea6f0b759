"""The terms that a release is held to: those of the checkout under the model's name, whatever a submission says.

A submission can name any registered data asset as thresholds and write any tag: what it says chooses nothing here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from plumbline.assets.release import approvers_in
from plumbline.ops.errors import UserError
from plumbline.ops.release.flow import release_flow
from plumbline.ops.release.live_asset import Known
from plumbline.ops.stack_file import project_root

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a checkout demands of a release.

    Attributes:
        source: Folder of the definitions, relative to the project's root.
        thresholds: Reference of the data asset that the pipeline's gate must have got; None when its job names none.
    """

    source: str
    thresholds: str | None


def release_terms(model: str) -> Terms | None:
    """Terms for a model; None when the checkout has no release of that name, or there is no checkout.

    Raises: UserError: the definitions have problems.
    """
    from plumbline.ops.job.release_run import folder_definition, release_job

    folder = _folder(model)
    if folder is None or not (folder / "pipeline.yml").is_file():
        return None
    definition = folder_definition(folder)
    if definition.pipeline.release is None:
        return None
    thresholds = release_flow(release_job(definition)).thresholds
    return Terms(source=definition.pipeline.folder, thresholds=thresholds)


def checkout_definitions(pipeline: str) -> Known:
    """The checkout's definitions that a run of a pipeline may have used; none when there is no sound checkout of it."""
    from plumbline.ops.job.release_run import folder_definition

    folder = _folder(pipeline)
    if folder is None or not (folder / "pipeline.yml").is_file():
        return {}
    try:
        definition = folder_definition(folder)
    except UserError:
        return {}
    return {(one.kind, one.name, one.version): one for one in definition.known}


def approvers(pipeline: str) -> frozenset[str] | None:
    """Who may approve, in lower case, as `approval.approvers` of the checkout's release.yml lists them.

    Returns: None when it lists nobody and so anybody may, or there is no checkout of it; nobody when it cannot be read.
    """
    folder = _folder(pipeline)
    file = folder / "release.yml" if folder else None
    if file is None or not file.is_file():
        return None
    try:
        return approvers_in(yaml.safe_load(file.read_bytes()))
    except (yaml.YAMLError, ValueError):
        return frozenset()


def _folder(name: str) -> Path | None:
    """Folder of a pipeline's definitions in this checkout; a name that is no folder's name has none."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return project_root() / "pipelines" / name
    except UserError:
        return None
