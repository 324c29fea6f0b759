"""A drift check's answer: findings with everything that a reader needs, and what was counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plumbline.ops.drift.accepted import Acceptance
from plumbline.ops.drift.finding import FINGERPRINT, Finding
from plumbline.ops.drift.severity import Severity
from plumbline.ops.last_change import LastChange
from plumbline.ops.release.live_code import WAY_OUT

SCHEMA_VERSION = 3


@dataclass(frozen=True, kw_only=True)
class ReportedFinding:
    """A finding, how bad it is, who made it, and what settles it.

    Attributes:
        remedies: `revert`, `accept` -> the command.
        acceptance: The entry that names it, expired or not. `is_accepted`: it counts today.
    """

    finding: Finding
    severity: Severity
    change: LastChange
    first_seen: str
    last_seen: str
    remedies: Mapping[str, str]
    acceptance: Acceptance | None = None
    is_accepted: bool = False

    def shown(self) -> dict[str, Any]:
        """As JSON has it; docs/reference/drift.schema.json describes every member."""
        one, change = self.finding, self.change
        place = one.declared_at
        return {
            "id": one.id,
            "severity": self.severity.name,
            "severityReason": self.severity.reason,
            "class": one.ownership,
            "change": one.change,
            "resource": one.resource,
            "type": one.type,
            "resourceId": one.resource_id or None,
            "version": one.version,
            "urn": one.urn,
            "declaredAt": {"file": place.file, "line": place.line} if place else None,
            "field": one.field,
            "desired": one.desired,
            "lastKnown": one.last_known,
            "live": one.live,
            "who": change.who or "unknown",
            "when": change.when or "unknown",
            "by": change.by,
            "source": change.source,
            "unknownBecause": change.unknown_because,
            "note": self.note,
            "firstSeen": self.first_seen,
            "lastSeen": self.last_seen,
            "accepted": self._acceptance(),
            "remedies": dict(self.remedies),
            "fingerprint": {FINGERPRINT: one.fingerprint},
        }

    @property
    def note(self) -> str | None:
        """What a reader of one line should know."""
        if self.acceptance is not None:
            by = f"by {self.acceptance.owner} until {self.acceptance.until}"
            return f"accepted {by}" if self.is_accepted else f"was accepted {by}"
        if self.finding.change == "overwritten" and WAY_OUT not in str(self.finding.live):
            return WAY_OUT
        return self.change.note or self.change.unknown_because

    def _acceptance(self) -> dict[str, Any] | None:
        if self.acceptance is None:
            return None
        one = self.acceptance
        return {
            "owner": one.owner,
            "reason": one.reason,
            "until": one.until,
            "on": one.accepted_on,
            "expired": not self.is_accepted,
        }


@dataclass(frozen=True, kw_only=True)
class Report:
    """A whole check.

    Attributes:
        counts: Class -> how many things of it were looked at.
        notes: What could not be compared, in words.
        remarks: What a reader should know and what leaves no gap.
    """

    stack: str
    checked_at: str
    findings: tuple[ReportedFinding, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def open(self) -> list[ReportedFinding]:
        """Those that nobody accepted."""
        return [one for one in self.findings if not one.is_accepted]

    def shown(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "schemaVersion": SCHEMA_VERSION,
            "stack": self.stack,
            "checkedAt": self.checked_at,
            "findings": [one.shown() for one in self.findings],
            "counts": dict(self.counts),
            "notes": list(self.notes),
            "remarks": list(self.remarks),
        }
