"""The review as JSON: everything, whatever its length, with secrets masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets import FieldChange
from plumbline.ops.review.comment import verdict
from plumbline.ops.review.finding import Review, findings, trampled_sentence
from plumbline.ops.review.masking import masked, masked_lines, masked_value
from plumbline.ops.review.planned_change import PlannedChange

SCHEMA = "plumbline.review/1"


def document(review: Review) -> Mapping[str, Any]:
    """The answer of `plumbline review --output json`; docs/reference/review.schema.json is its form."""
    dangerous = {danger.change.urn: danger for danger in review.dangers}
    answer = {
        "schema": SCHEMA,
        "stack": review.stack,
        "commit": review.commit,
        "base": review.code_base.base or None,
        "verdict": verdict(review),
        "refused": review.refused,
        "changes": [
            {
                **_change(change),
                "danger": _danger(dangerous[change.urn]) if change.urn in dangerous else None,
                "code": [
                    {
                        "file": file.path,
                        "line": file.first_line,
                        "added": file.added,
                        "removed": file.removed,
                        "diff": masked_lines(file.lines),
                    }
                    for file in (review.code.get(change.asset, ()) if change.asset else ())
                ],
            }
            for change in review.changes
        ],
        "files": [
            {"file": one.file.path, "line": one.file.first_line, **_danger(one)}
            for one in review.file_dangers
        ],
        "undone": [
            {
                "resource": one.change.resource,
                "field": one.field,
                "before": masked_value(one.field, one.before),
                "live": masked_value(one.field, one.live),
                "after": masked_value(one.field, one.after),
                "who": one.who,
                "when": one.when,
                "by": one.by,
                "unknown_because": one.unknown_because,
                "place": one.change.place or None,
                "says": trampled_sentence(one),
            }
            for one in review.trampled
        ],
        "reach": [
            {
                "pipeline": reach.pipeline,
                "steps": list(reach.steps),
                "later_steps": list(reach.later),
                "because": list(reach.because),
                "schedules": [
                    {
                        "name": schedule.name,
                        "paused": schedule.paused,
                        "time_zone": schedule.zone,
                        "next_runs": [moment.isoformat() for moment in schedule.fires],
                    }
                    for schedule in reach.schedules
                ],
            }
            for reach in review.reach
        ],
        "findings": [
            {"level": one.level, "text": one.text, "file": one.file or None, "line": one.line or None}
            for one in findings(review)
        ],
        "release_gaps": {name: list(gaps) for name, gaps in review.release_gaps.items()},
        "messages": list(review.preview.messages),
    }
    return {name: _masked(part) for name, part in answer.items()}


def _change(change: PlannedChange) -> dict[str, Any]:
    old, new = change.versions
    return {
        "resource": change.resource,
        "type": change.type,
        "action": change.action,
        "id": change.id,
        "place": change.place or None,
        "version": {"old": old, "new": new} if change.asset else None,
        "fields": [_field(field) for field in change.fields],
    }


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "path": field.path,
        "old": masked_value(field.path, field.old),
        "new": masked_value(field.path, field.new),
    }


def _danger(danger: Any) -> dict[str, Any]:
    return {"rule": danger.rule, "severity": danger.severity, "says": danger.says}


def _masked(value: Any) -> Any:
    """Every text in a document, masked."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {name: _masked(inner) for name, inner in value.items()}
    return [_masked(inner) for inner in value] if isinstance(value, list) else value
