"""The terms that a release is held to: those of the checkout under the model's name, whatever a submission says.

A submission can name any registered data asset as thresholds and write any tag: what it says chooses nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from plumbline.assets.contract import gate_contract
from plumbline.assets.release import approvers_in
from plumbline.assets.release_flow import release_flow
from plumbline.ops.errors import UserError
from plumbline.ops.release.contract import pipeline_folder, release_file
from plumbline.ops.release.live_asset import Known


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a checkout demands of a release.

    Attributes:
        source: Folder of the definitions, relative to the project's root.
        model: What the release's model is registered as.
        thresholds: Reference of the data asset that the pipeline's gate must have got; None when its job names none.
    """

    source: str
    model: str
    thresholds: str | None


def release_terms(pipeline: str) -> Terms | None:
    """Terms for a pipeline; None when the checkout has no release of that name, or there is no checkout.

    Raises: UserError: the definitions have problems.
    """
    from plumbline.ops.job.release_run import folder_definition, release_job

    folder = pipeline_folder(pipeline)
    if folder is None or not (folder / "pipeline.yml").is_file():
        return None
    definition = folder_definition(folder)
    if definition.pipeline.release is None:
        return None
    contract = gate_contract(definition.pipeline.release)
    thresholds = release_flow(release_job(definition), contract).thresholds
    return Terms(source=definition.pipeline.folder, model=contract.model_name, thresholds=thresholds)


def checkout_definitions(pipeline: str) -> Known:
    """The checkout's definitions that a run of a pipeline may have used; none when there is no sound checkout of it."""
    from plumbline.ops.job.release_run import folder_definition

    folder = pipeline_folder(pipeline)
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
    file = release_file(pipeline)
    if file is None:
        return None
    try:
        return approvers_in(yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError):
        return frozenset()
