"""Whether a registry holds what a lock pins: its version as it is live, hashed again, against the pin's spec. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plumbline.assets import content_hash
from plumbline.azure.holding import holding
from plumbline.azure.live_version import CODE_HASH_PROPERTY, live_version
from plumbline.kinds import KINDS, is_true

_MOST = 3


@dataclass(frozen=True, kw_only=True)
class PinFinding:
    """One pin, held against the registry.

    Attributes:
        live_hash: Content hash of what is live, None when nothing is there.
        problems: Why it does not hold; empty when it does.
        body: The version as it was judged, None when nothing is there.
    """

    reference: str
    kind: str
    expected_hash: str
    live_hash: str | None
    problems: tuple[str, ...] = ()
    body: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)

    @property
    def is_archived(self) -> bool:
        """Whether it is there and out of use."""
        return is_true(((self.body or {}).get("properties") or {}).get("isArchived"))


def pin_finding(
    pin: Mapping[str, Any],
    body: Mapping[str, Any] | None,
    *,
    registry: str | None,
    place: str,
    code_hash: str | None,
    code_problem: str | None = None,
) -> PinFinding:
    """Judge one pin.

    Args:
        pin: kind, name, version, content_hash, code_hash, reference_hashes, spec.
        body: The version as ARM answers it, None when it is not there.
        registry: Name of the registry that it lies in; None of a workspace, whose references are short already.
        place: Where it lies, for messages: `registry R`, `workspace W`.
        code_hash: Hash of the code behind it, downloaded or as the code version keeps it.
        code_problem: Why the code itself does not hold.
    """
    kind, name, version = str(pin["kind"]), str(pin["name"]), str(pin["version"])
    reference, expected = f"{name}:{version}", str(pin["content_hash"])
    where = f"{kind} {reference}"
    if body is None:
        problem = f"{where}: got nothing in {place}, expected content {expected}"
        return PinFinding(
            reference=reference, kind=kind, expected_hash=expected, live_hash=None, problems=(problem,)
        )
    properties = body.get("properties") or {}
    marked = (properties.get("properties") or {}).get(CODE_HASH_PROPERTY)
    # Data and build contexts have no code asset: Azure keeps no hash of them but our own mark.
    known = code_hash or (str(marked) if marked and not KINDS[kind].code_paths else None)
    live = live_version(kind, body, code_hash=known, registry=registry)
    found = holding(kind, pin["spec"], live, content_hash=expected, version=version)
    made = content_hash(kind, found.spec, reference_hashes=pin.get("reference_hashes") or None)
    problems = [code_problem] if code_problem else []
    if is_true(properties.get("isArchived")):
        problems.append(
            f"{where}: got it archived in {place}, expected it there for use. Restore it: "
            f"az ml {kind} restore --name {name} --version {version}"
            + (f" --registry-name {registry}" if registry else "")
        )
    if made != expected or not found.holds:
        shown = [
            f"{one.path}: {json.dumps(one.old)} -> {json.dumps(one.new)}" for one in found.differences[:_MOST]
        ]
        shown += [f"{path}: not shown" for path in found.hidden]
        problems.append(
            f"{where}: got content {made} in {place}, expected {expected} ({'; '.join(shown) or 'another spec'})"
        )
    return PinFinding(
        reference=reference,
        kind=kind,
        expected_hash=expected,
        live_hash=made,
        problems=tuple(problems),
        body=body,
    )
