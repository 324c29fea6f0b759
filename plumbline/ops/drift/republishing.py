"""Puts back in a registry what a lock pins: restored, labelled, or published again from its commit. Writes to the cloud."""

from __future__ import annotations

import sys
from typing import Any

from plumbline.kinds import KINDS
from plumbline.kinds.definition_inputs import asset_inputs
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.archived_version import FIELD as ARCHIVED
from plumbline.ops.drift.finding import WHOLE, Finding
from plumbline.ops.drift.published import Pinned, pinned_in
from plumbline.ops.drift.published_label import definitions_at
from plumbline.ops.errors import UserError
from plumbline.ops.promotion.publishing import publish
from plumbline.ops.promotion.registry import RegistryReading, registry_named
from plumbline.ops.stack_file import project_root
from plumbline.ops.workspace_writer import open_writer
from plumbline.provider.address import Registry
from plumbline.provider.errors import Refusal


def put_back(session: AzureSession, finding: Finding) -> str:
    """Make a registry hold a version as it was published; answers what was done.

    Raises: UserError: Azure refuses, the commit is not here, or other content lies under the version.
    """
    if finding.field == "content":
        raise UserError(
            f"{finding.resource}: got other content, expected {finding.desired}: a version is for ever. Archive it, change a "
            "line of its code, commit, and promote the new version."
        )
    registry = registry_named(session, finding.resource_id.split("/")[3])
    one = _pinned(registry, finding)
    try:
        if finding.field == ARCHIVED:
            writer, _ = open_writer(session)
            writer.restore(registry, one.pin.kind, one.pin.name, one.pin.version)
            return f"{finding.resource} is restored in {registry.spoken}."
        with definitions_at(project_root(), one.release) as (definitions, tree):
            if finding.field == WHOLE:
                held = RegistryReading(session, registry, downloads=False).findings([one.pin])
                definition = definitions[one.pin.kind, one.pin.name]
                publish(
                    session,
                    registry,
                    [definition],
                    held,
                    root=tree,
                    say=lambda text: print(text, file=sys.stderr),
                )
                return f"{finding.resource} is published again in {registry.spoken}."
            definition = definitions[one.pin.kind, one.pin.name]
            inputs = asset_inputs(definition)
            mutable: dict[str, Any] = {
                attribute: inputs[name] for name, attribute in KINDS[one.pin.kind].entity_fields.items()
            }
            writer, _ = open_writer(session)
            writer.change(
                registry, definition, mutable, properties=_properties(session, registry, one), root=tree
            )
    except Refusal as refusal:
        raise UserError(str(refusal)) from refusal
    return f"{finding.resource} is labelled in {registry.spoken} as commit {one.release.source.commit[:12]} has it."


def _pinned(registry: Registry, finding: Finding) -> Pinned:
    for one in pinned_in(project_root(), registry.name, []):
        collection = KINDS[one.pin.kind].collection
        is_meant = registry.container_id(collection, one.pin.name) == finding.resource_id
        if is_meant and one.pin.version == finding.version:
            return one
    raise UserError(f"{finding.resource}: got no lock that pins it any more, expected one. Run drift again.")


def _properties(session: AzureSession, registry: Registry, one: Pinned) -> dict[str, str]:
    """Those that the version has, our marks among them: a change sends them again."""
    kind = KINDS[one.pin.kind]
    path = registry.version(kind.collection, one.pin.name, one.pin.version)
    body = session.get(path, api_version=registry.asked_with(kind)) or {}
    return dict((body.get("properties") or {}).get("properties") or {})
