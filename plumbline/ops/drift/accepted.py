"""Findings that somebody accepted until a date: `stacks/accepted/<stack>.yaml`, reviewed in git like everything else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from plumbline.ops.drift.finding import Finding
from plumbline.ops.drift.severity import value_text
from plumbline.ops.errors import UserError

SCHEMA = Path(__file__).with_name("accepted.schema.json")
HEAD = """# Drift that was accepted, each entry until a date: `plumbline drift fix ID --accept` writes it, a pull request reviews it.
# An entry counts for the value that it names; another value is a finding again.
"""


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """One entry of the file.

    Attributes:
        id: The finding's id.
        live: The value that was accepted, as text.
        until: The last day on which it counts, as YYYY-MM-DD.
    """

    id: str
    resource: str
    field: str
    live: str
    owner: str
    reason: str
    until: str
    accepted_on: str

    def holds(self, today: date) -> bool:
        """Whether its last day has not passed."""
        return today <= date.fromisoformat(self.until)


def acceptances_file(project: Path, stack: str) -> Path:
    """Where a stack's accepted findings stand."""
    return project / "stacks" / "accepted" / f"{stack}.yaml"


def read_acceptances(project: Path, stack: str) -> list[Acceptance]:
    """The entries of a stack; none without a file.

    Raises: UserError: it is not what the schema asks for, every problem at once.
    """
    file = acceptances_file(project, stack)
    if not file.exists():
        return []
    from jsonschema import Draft202012Validator

    shown = file.relative_to(project)
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(
            f"{shown}:{line}: got a byte that is no UTF-8, expected text in UTF-8. Save the file as UTF-8."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{shown}:{mark.line + 1}" if mark else str(shown)
        raise UserError(f"{place}: got no YAML, expected accepted findings. Correct the file.") from error
    data = json.loads(json.dumps(data, default=str))  # YAML reads a date as one
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    problems = [
        f"{shown}: {'.'.join(map(str, error.absolute_path)) or 'file'}: {error.message}. Correct the entry."
        for error in sorted(
            validator.iter_errors(data), key=lambda error: list(map(str, error.absolute_path))
        )
    ]
    for at, row in enumerate(data.get("accepted") or () if not problems else ()):
        try:
            date.fromisoformat(row["until"])
        except ValueError:
            problems.append(
                f"{shown}: accepted.{at}.until: got {row['until']!r}, expected a day as YYYY-MM-DD. Correct the entry."
            )
    if problems:
        raise UserError("\n".join(problems))
    return [Acceptance(**row) for row in data.get("accepted") or ()]


def acceptance_of(finding: Finding, known: Sequence[Acceptance]) -> Acceptance | None:
    """The newest entry for a finding with the value that it has now, expired ones too."""
    live = value_text(finding.live)
    matching = [one for one in known if one.id == finding.id and one.live == live]
    return max(matching, key=lambda one: one.until, default=None)


def accept(project: Path, stack: str, finding: Finding, *, owner: str, reason: str, until: date) -> Path:
    """Write an entry for a finding, in place of an older one for it; answers the file."""
    file = acceptances_file(project, stack)
    entry = Acceptance(
        id=finding.id,
        resource=finding.resource,
        field=finding.field,
        live=value_text(finding.live),
        owner=owner,
        reason=reason,
        until=until.isoformat(),
        accepted_on=today().isoformat(),
    )
    kept = [one for one in read_acceptances(project, stack) if one.id != finding.id]
    rows: list[dict[str, Any]] = [asdict(one) for one in sorted([*kept, entry], key=lambda one: one.id)]
    file.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"accepted": rows}, sort_keys=False, allow_unicode=True, width=120)
    file.write_text(HEAD + text, encoding="utf-8")
    return file


def today() -> date:
    """The day in UTC, as every machine and pipeline counts it."""
    return datetime.now(UTC).date()
