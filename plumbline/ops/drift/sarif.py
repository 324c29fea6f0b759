"""A report as SARIF 2.1.0, for code scanning: one rule a kind of change, fingerprints of our own. Pure.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub, "SARIF support for code scanning"
(partialFingerprints, security-severity).
"""

from __future__ import annotations

from typing import Any

from plumbline import __version__
from plumbline.ops.drift.finding import FINGERPRINT, Finding, Place
from plumbline.ops.drift.report import Report, ReportedFinding
from plumbline.ops.drift.severity import value_text

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
# GitHub sorts by this number: over 9 critical, 7 high, 4 medium.
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}
_RULES = {
    "changed": "A field was changed behind the code",
    "deleted": "A resource of the code was deleted",
    "not created": "The code declares a resource that was never created",
    "not kept": "Azure did not keep a value that was sent",
    "unmanaged": "A resource that no code declares",
    "not released": "A model version without a verified release",
    "overwritten": "Stored bytes are not those that were registered",
    "archived": "An earlier version of the code's was archived",
    "not as pinned": "A registry does not hold what a lock pins",
}


def sarif_log(report: Report) -> dict[str, Any]:
    """The whole log. What no line declares is located at the stack's file: every result needs a place."""
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "plumbline drift",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "rules": [
                            {"id": _rule_id(change), "shortDescription": {"text": text}}
                            for change, text in _RULES.items()
                        ],
                    }
                },
                "automationDetails": {"id": f"plumbline-drift/{report.stack}/"},
                "columnKind": "utf16CodeUnits",
                "results": [_result(one, report.stack) for one in report.findings],
            }
        ],
    }


def _result(one: ReportedFinding, stack: str) -> dict[str, Any]:
    finding = one.finding
    place = finding.declared_at or Place(file=f"Pulumi.{stack}.yaml", line=1)
    result: dict[str, Any] = {
        "ruleId": _rule_id(finding.change),
        "level": _LEVELS[one.severity.name],
        "message": {"text": _message(one)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": place.file},
                    "region": {"startLine": place.line},
                },
                "logicalLocations": [
                    {"fullyQualifiedName": finding.resource_id or finding.urn, "kind": "resource"}
                ],
            }
        ],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "properties": {"severity": one.severity.name, "security-severity": _SCORES[one.severity.name]},
    }
    if one.is_accepted and one.acceptance is not None:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": one.acceptance.reason}
        ]
    return result


def _message(one: ReportedFinding) -> str:
    finding, change = one.finding, one.change
    who = f"{change.who}{f' ({change.by})' if change.by else ''}, {change.when}" if change.who else "unknown"
    return (
        f"{finding.resource}: {finding.field}: live {_shown(finding, 'live')}, desired {_shown(finding, 'desired')}. "
        f"Changed by {who}. {one.severity.reason}. Put back: {one.remedies['revert']}"
    )


def _shown(finding: Finding, side: str) -> str:
    return value_text(getattr(finding, side)) or "nothing"


def _rule_id(change: str) -> str:
    return f"drift/{change.replace(' ', '-')}"
