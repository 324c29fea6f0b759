"""Which of the planned changes a reviewer must see first, and why: rules are data in dangers.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from plumbline.assets import FieldChange, MLPipeline
from plumbline.assets.contract import gate_contract
from plumbline.assets.release_flow import release_flow
from plumbline.ops.review.code_change import CodeChanges, FileChange
from plumbline.ops.review.planned_change import ACTIONS, PlannedChange

Severity = Literal["critical", "high", "notable"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "notable")
Roles = Mapping[tuple[str, str], str]


@dataclass(frozen=True, kw_only=True)
class Danger:
    """What is dangerous in a change.

    Attributes:
        rule: Id of the rule in dangers.yaml.
        field: The field that makes it so; None when the change as a whole does.
    """

    change: PlannedChange
    rule: str
    severity: Severity
    says: str
    field: FieldChange | None = None


@dataclass(frozen=True, kw_only=True)
class FileDanger:
    """A changed file that no preview shows, and that a reviewer must see."""

    file: FileChange
    rule: str
    severity: Severity
    says: str


def file_dangers(code: CodeChanges) -> tuple[FileDanger, ...]:
    """The dangerous ones among the files that differ from the base, the worst first."""
    found = [
        FileDanger(file=change, rule=row["id"], severity=row["severity"], says=row["says"])
        for row in _table()["files"]
        for name, change in code.files.items()
        if re.fullmatch(row["pattern"], name)
    ]
    return tuple(sorted(found, key=lambda one: SEVERITIES.index(one.severity)))


def release_roles(pipelines: Iterable[MLPipeline]) -> Roles:
    """(kind, name) of every asset that decides about a release -> gate, evaluation or thresholds.

    The steps that are gates are in it, too, as (step, name).
    """
    found: dict[tuple[str, str], str] = {}
    for pipeline in pipelines:
        if pipeline.job is None or pipeline.release is None:
            continue
        contract = gate_contract(pipeline.release)
        flow = release_flow(pipeline.job, contract)
        jobs = pipeline.job.get("jobs") or {}
        found["step", contract.gate] = "gate"
        steps = {contract.gate: "gate", contract.evaluation.step: "evaluation"}
        for step, role in steps.items():
            component = str((jobs.get(step) or {}).get("component") or "")
            if component:
                found["component", _name(component)] = role
        if flow.thresholds:
            found["data", _name(flow.thresholds)] = "thresholds"
    return found


def dangers(changes: Sequence[PlannedChange], roles: Roles) -> tuple[Danger, ...]:
    """Of each dangerous change its worst danger, the worst change first."""
    found = [danger for change in changes if (danger := _worst(change, roles)) is not None]
    return tuple(sorted(found, key=_rank))


def _rank(danger: Danger) -> tuple[int, int]:
    return SEVERITIES.index(danger.severity), ACTIONS.index(danger.change.action)


def _worst(change: PlannedChange, roles: Roles) -> Danger | None:
    if change.unprotected:
        return Danger(
            change=change, rule="unprotected", severity="critical",
            says="loses its protection, so that the next update may delete it",
        )  # fmt: skip
    found = list(_all(change, roles))
    return min(found, key=lambda danger: SEVERITIES.index(danger.severity), default=None)


def _all(change: PlannedChange, roles: Roles) -> Iterator[Danger]:
    table = _table()
    for row in table["rules"]:
        types = table["stateful"] if row.get("types") == "stateful" else row.get("types")
        if types is not None and change.type not in types:
            continue
        if change.action not in row.get("actions", ACTIONS):
            continue
        if "roles" in row and not (
            change.asset and change.has_new_version and roles.get(change.asset) in row["roles"]
        ):
            continue
        field = _field(change, row, roles) if "field" in row else None
        if "field" in row and field is None:
            continue
        yield Danger(change=change, rule=row["id"], severity=row["severity"], says=row["says"], field=field)


def _field(change: PlannedChange, row: Mapping[str, Any], roles: Roles) -> FieldChange | None:
    gates = "|".join(re.escape(name) for kind, name in roles if kind == "step") or "(?!)"
    pattern = re.compile(row["field"].replace("{gates}", gates))
    for field in change.fields if change.action != "create" else _leaves(change.desired or {}):
        if not pattern.match(field.path):
            continue
        text = str(field.new).lower() if isinstance(field.new, bool) else str(field.new)
        if "becomes" in row and text not in row["becomes"]:
            continue
        if "becomes_pattern" in row and not re.match(row["becomes_pattern"], text):
            continue
        return field
    return None


def _leaves(values: Mapping[str, Any], path: str = "") -> Iterator[FieldChange]:
    """What a new resource is created with, as changes from nothing."""
    for key, value in values.items():
        here = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping):
            yield from _leaves(value, here)
        else:
            yield FieldChange(path=here, old=None, new=value)


def _name(reference: str) -> str:
    return reference.removeprefix("azureml:").partition(":")[0]


@cache
def _table() -> Mapping[str, Any]:
    text = Path(__file__).with_name("dangers.yaml").read_text(encoding="utf-8")
    table: Mapping[str, Any] = yaml.safe_load(text)
    return table
