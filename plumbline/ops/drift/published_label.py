"""Labels of published versions, held against the commit that a lock names: description, tags, display name."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumbline.assets import AssetDefinition, changes
from plumbline.assets.lock import Release
from plumbline.azure.live_version import live_version
from plumbline.kinds import KINDS
from plumbline.kinds.definition_inputs import asset_inputs
from plumbline.ops.checkout import exported, fetch_command
from plumbline.ops.errors import UserError
from plumbline.ops.promotion.origin import checkout_definition
from plumbline.ops.promotion.pins import definitions_of

if TYPE_CHECKING:
    from plumbline.ops.drift.published import Pinned


def label_differences(
    project: Path, edited: Sequence[tuple[Pinned, Mapping[str, Any]]], notes: list[str]
) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Reference -> field -> (as published, live).

    Args:
        edited: Pins with the live version.
        notes: Is told of releases whose commit is not there.
    """
    by_release: dict[str, list[tuple[Pinned, Mapping[str, Any]]]] = {}
    for pair in edited:
        by_release.setdefault(pair[0].release.digest, []).append(pair)
    found: dict[str, dict[str, tuple[Any, Any]]] = {}
    for pairs in by_release.values():
        release = pairs[0][0].release
        try:
            with definitions_at(project, release) as (definitions, _):
                for one, body in pairs:
                    definition = definitions.get((one.pin.kind, one.pin.name))
                    if definition is not None:
                        found[one.pin.reference] = dict(_differences(definition, body))
        except UserError as error:
            notes.append(f"Labels of what {release.pipeline} pins were not compared. {error}")
    return found


@contextmanager
def definitions_at(
    project: Path, release: Release
) -> Iterator[tuple[Mapping[tuple[str, str], AssetDefinition], Path]]:
    """Definitions of a release by kind and name, as its commit has them, and the folder that holds its files for so long.

    Raises: UserError: the commit is not in this checkout.
    """
    commit = release.source.commit
    try:
        with exported(project, commit) as tree:
            pipeline = checkout_definition(tree, release.pipeline).pipeline
            yield {(one.kind, one.name): one for one in definitions_of(pipeline)}, tree
    except subprocess.CalledProcessError as error:
        raise UserError(
            f"commit {commit}: got no files of it, expected them from git. Fetch it: {fetch_command(project)}"
        ) from error


def _differences(
    definition: AssetDefinition, body: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    inputs, live = asset_inputs(definition), live_version(definition.kind, body)
    for name in KINDS[definition.kind].entity_fields:
        wanted = inputs[name]
        got = live.differing(name, wanted)
        for change in changes({name: wanted}, {name: got}):
            yield change.path, (change.old, change.new)
