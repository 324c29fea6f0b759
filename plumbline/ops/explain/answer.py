"""An answer to a why: one sentence, then what differs, the smallest part of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import click

from plumbline.ops.output import print_answer

SCHEMA = "plumbline.explain/1"
COLUMNS = {"Subject": "subject", "Part": "part", "Old": "old", "New": "new", "Where": "where"}


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One part that differs.

    Attributes:
        part: A field, a file, or the name of what else decides.
        old, new: Values, None where there is none to show.
        where: `file:line`; empty when no file says it.
        lines: Of code, as a diff.
    """

    part: str
    old: Any = None
    new: Any = None
    where: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Why one thing is so.

    Attributes:
        says: The answer in a sentence.
    """

    subject: str
    says: str
    reasons: tuple[Reason, ...] = ()


def print_answers(question: str, answers: Sequence[Answer], *, output: str, query: str | None) -> None:
    """Print as prose for a table, else as every other command does."""
    document = {"schema": SCHEMA, "question": question, "answers": [asdict(answer) for answer in answers]}
    if output == "table" and query is None:
        for at, answer in enumerate(answers):
            click.echo(f"{chr(10) if at else ''}{answer.says}")
            for reason in answer.reasons:
                _print(reason)
        return
    rows: list[Mapping[str, Any]] = [
        {"subject": answer.subject, **asdict(reason)} for answer in answers for reason in answer.reasons
    ]
    whole = output == "json" or query is not None
    print_answer(document if whole else rows, output=output, query=query, columns=COLUMNS, empty="No reason.")


def _print(reason: Reason) -> None:
    moved = (
        f": {_shown(reason.old)} -> {_shown(reason.new)}" if (reason.old, reason.new) != (None, None) else ""
    )
    where = f"  ({reason.where})" if reason.where else ""
    click.echo(f"  {reason.part}{moved}{where}")
    for line in reason.lines:
        click.echo(f"    {line}")


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
