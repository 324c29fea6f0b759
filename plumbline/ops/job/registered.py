"""Whether what a job points to is registered in the workspace, with the content that the definitions have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plumbline.assets import AssetDefinition, AssetKind, Reference
from plumbline.assets.references import parse_reference
from plumbline.azure.api_versions import api_version, api_version_at
from plumbline.azure.holding import holding_of
from plumbline.azure.live_version import code_id, kept_code_hash
from plumbline.kinds import KINDS, is_true, kind_of_input
from plumbline.ops.azure_session import AzureSession


def references_of(job: Mapping[str, Any]) -> list[Reference]:
    """Every exact reference of a canonical job to an asset of this workspace, once, in order."""
    return list(dict.fromkeys(_references(job)))


def reachable(references: Sequence[Reference], known: Sequence[AssetDefinition]) -> list[AssetDefinition]:
    """Own definitions that the references lead to, directly or through each other."""
    by_key = {(one.kind, one.name, one.version): one for one in known}
    found: dict[tuple[str, str, str], AssetDefinition] = {}
    waiting = list(references)
    while waiting:
        reference = waiting.pop(0)
        key = (reference.kind, reference.name, reference.version)
        if key in by_key and key not in found:
            found[key] = by_key[key]
            waiting += by_key[key].references
    return list(found.values())


def unregistered(
    session: AzureSession, references: Sequence[Reference], known: Sequence[AssetDefinition]
) -> list[str]:
    """What is not registered as it should be, one line each; read side by side.

    Args:
        references: What the job points to.
        known: The project's definitions: those of them that the job reaches are compared by content too.
    """
    own = reachable(references, known)
    keys = {(one.kind, one.name, one.version) for one in own}
    foreign = [one for one in references if (one.kind, one.name, one.version) not in keys]
    answers = session.side_by_side(lambda entry: _fault(session, entry), [*own, *foreign])
    return [fault for fault in answers if fault]


def _fault(session: AzureSession, wanted: AssetDefinition | Reference) -> str | None:
    what = f"{wanted.kind} {wanted.name}:{wanted.version}"
    path = f"{session.target.workspace_id}/{KINDS[wanted.kind].collection}/{wanted.name}/versions/{wanted.version}"
    body = session.get(path, api_version=api_version_at(path))
    if body is None:
        session.require_workspace()
        return f"{what}: not registered"
    if is_true(body["properties"].get("isArchived")):
        return f"{what}: archived"
    if isinstance(wanted, Reference):
        return None
    code = code_id(wanted.kind, body)
    kept = session.get(code, api_version=api_version("codes")) if code else None
    found = holding_of(
        wanted.kind,
        wanted.fields,
        body,
        code_hash=kept_code_hash(kept),
        content_hash=wanted.content_hash,
        version=wanted.version,
    )
    if found.holds_as_marked:
        return None
    if not found.differences:
        return f"{what}: registered by someone else; Azure does not show {', '.join(found.hidden)}, to compare it"
    return f"{what}: registered with other content ({found.differences[0]})"


def _references(job: Mapping[str, Any]) -> Iterator[Reference]:
    yield from _reference("component", job.get("component"))
    for node in (job.get("jobs") or {}).values():
        yield from _reference("component", node.get("component") or node.get("trial"))
        yield from _of_inputs(node.get("inputs"))
    yield from _of_inputs(job.get("inputs"))


def _of_inputs(inputs: Mapping[str, Any] | None) -> Iterator[Reference]:
    for value in (inputs or {}).values():
        if isinstance(value, Mapping) and value.get("type"):
            yield from _reference(kind_of_input(value["type"]).name, value.get("path"))


def _reference(kind: AssetKind, text: Any) -> Iterator[Reference]:
    address = parse_reference(text) if isinstance(text, str) else None
    if address is not None and address.registry is None and address.version:
        yield Reference(kind=kind, name=address.name, version=address.version)
