"""A versioned asset in its three forms: inputs, outputs, definition; and how a live one shows in the first two."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from plumbline.assets import (
    AssetDefinition,
    canonical_text,
    content_hash,
    is_content_version,
    version_from_hash,
)
from plumbline.azure.live_version import LiveVersion
from plumbline.kinds import KINDS
from plumbline.provider.codec import UNKNOWN, Properties, is_known
from plumbline.provider.kinds.sent_and_got import held
from plumbline.provider.table import property_rows


def outputs_of(
    kind: str,
    inputs: Properties,
    *,
    registered: Any,
    acknowledged: str | None = None,
    lost: str | None = None,
    divided: str | None = None,
) -> Properties:
    """The outputs that follow from inputs; what is not known yet is UNKNOWN, never a placeholder.

    Args:
        registered: Versions that the resource registered so far, or UNKNOWN.
    """
    version = inputs.get("version", UNKNOWN)
    rows = property_rows(kind)
    values = {name: inputs[name] for name, row in rows.items() if row.is_output and name in inputs} | {
        "reference": f"{inputs['name']}:{version}" if is_known([inputs["name"], version]) else UNKNOWN,
        "registeredVersions": list(registered) if is_known(registered) else registered,
        "version": version,
    }
    kept = {"acknowledged": acknowledged, "lost": lost, "divided": divided}
    values |= {name: text for name, text in kept.items() if text}
    secrets = set(inputs.secrets)
    if secrets & {"name", "version"}:
        secrets.add("reference")
    if secrets:
        secrets |= kept.keys()
    return Properties(entries=values, secrets=frozenset(secrets & values.keys()))


def mutable_inputs(kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What the inputs want of the mutable values: wire name -> value, None for none, {} for no tags."""
    empty: dict[str, Any] = {"tags": {}}
    return {wire: inputs.get(wire) or empty.get(wire) for wire in KINDS[kind].entity_fields}


def seen_inputs(
    kind: str,
    inputs: Properties,
    live: LiveVersion,
    *,
    version: str,
    acknowledged: str | None,
    archived: bool,
    divided: str | None = None,
) -> dict[str, Any]:
    """The inputs as they would have to be to give what is live.

    What Azure is known to make of them, and what it acknowledged otherwise than it was sent, counts as sent.

    Args:
        acknowledged: The output of that name.
        archived: Whether the container is.
        divided: The output of that name. Where Azure's places still disagree in the same way, the inputs show what a refresh
            made of them, and stay.
    """
    seen = dict(inputs.entries) | _seen_content(
        kind, inputs, live, version=version, acknowledged=acknowledged
    )
    known: dict[str, Any] = json.loads(acknowledged or "{}")
    seen_before: dict[str, Any] = json.loads(divided or "{}")
    for wire, expected in mutable_inputs(kind, inputs).items():
        if wire in seen_before and live.divided.get(wire) == seen_before[wire]:
            continue
        value = live.differing(wire, expected)
        if wire not in known or value != known[wire]:
            seen[wire] = value if value or wire in inputs else None
    seen["archived"] = archived or bool(live.differing("archived", inputs.get("archived", False)))
    return {name: value for name, value in seen.items() if value is not None}


def _seen_content(
    kind: str, inputs: Properties, live: LiveVersion, *, version: str, acknowledged: str | None
) -> dict[str, Any]:
    if "spec" not in inputs:
        return {
            "spec": canonical_text(live.spec),
            "contentHash": _imported_hash(kind, live, version),
            "codeHash": live.code_hash,
        }
    found = held(kind, {**inputs.entries, "version": version}, live, acknowledged=acknowledged)
    unseen = live.content_mark is None and not any(path in live.spec for path in found.hidden)
    if found.holds or (unseen and not found.differences):
        return {}
    shown: dict[str, Any] = json.loads(found.spec)
    for path in found.hidden:
        # Azure does not show it, and what vouches for it says that it is other content.
        head, _, rest = path.partition(".")
        holder = shown[head] if rest else shown
        holder[rest or head] = f"content {live.content_mark or 'that nothing vouches for'}"
    return {
        "spec": canonical_text(shown),
        "contentHash": content_hash(kind, shown),
        "codeHash": live.code_hash,
    }


def _imported_hash(kind: str, live: LiveVersion, version: str) -> str | None:
    """What an import takes for the content: the hash that the version stands for, else our mark, else that of what shows.

    Azure does not show all; what it shows is checked once the program's definition is there.
    """
    made = content_hash(kind, live.spec)
    if not is_content_version(version):
        return live.content_mark or made
    known = [
        hashed for hashed in (made, live.content_mark) if hashed and version_from_hash(hashed) == version
    ]
    # A hash over references to declared versions cannot be made from this spec alone; then it is not known.
    return known[0] if known else None


def definition_of(kind: str, inputs: Properties) -> AssetDefinition:
    """The definition that inputs were made from, as far as a registration needs it."""
    return AssetDefinition(
        kind=kind,
        name=inputs["name"],
        version=inputs["version"],
        declared_version=inputs["version"],
        spec=inputs["spec"],
        content_hash=inputs["contentHash"],
        source=inputs.get("source", ""),
        code_hash=inputs.get("codeHash"),
        code_path=inputs.get("codePath"),
        includes=tuple(inputs.get("includes", ())),
        display_name=inputs.get("displayName"),
        description=inputs.get("description"),
        tags=inputs.get("tags", {}),
    )
