"""One row: a form that Azure was seen to answer, its source, and the request (or pure call) that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).with_name("rows")
_MEMBERS = frozenset({"id", "fact", "source", "given", "request", "answer", "pure"})
_SOURCE_MEMBERS = frozenset({"recording", "date", "sdk", "api", "suite", "note"})


class BadRow(Exception):
    """A row that breaks the format of tests/recorded/README.md."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of rows/<area>.yaml; the README says what each member means."""

    area: str
    id: str
    fact: str
    source: dict[str, Any]
    given: list[Any]
    request: dict[str, Any] | None
    answer: dict[str, Any]
    pure: dict[str, Any] | None

    @property
    def api_version(self) -> str:
        """The api-version that was recorded; requests that name no other one are sent with it."""
        return str(self.source.get("api", ""))


@cache
def read_rows() -> tuple[Row, ...]:
    """All rows, in the order of their files. Raises: BadRow: for one of another form."""
    return tuple(row for path in sorted(FOLDER.glob("*.yaml")) for row in _rows_of(path))


def _rows_of(path: Path) -> Iterator[Row]:
    for entry in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or []:
        where = f"rows/{path.name}: {entry.get('id', entry)}"
        if unknown := entry.keys() - _MEMBERS:
            raise BadRow(f"{where}: got {sorted(unknown)}, expected members of {sorted(_MEMBERS)}")
        if ("request" in entry) == ("pure" in entry):
            raise BadRow(f"{where}: expected either `request` with `answer`, or `pure`")
        if "request" in entry and not entry.get("answer"):
            raise BadRow(f"{where}: expected an `answer`: a row that asks for nothing cannot fail")
        yield Row(
            area=path.stem,
            id=entry["id"],
            fact=entry["fact"],
            source=_source(where, entry.get("source")),
            given=entry.get("given") or [],
            request=entry.get("request"),
            answer=entry.get("answer") or {},
            pure=entry.get("pure"),
        )


def _source(where: str, source: Any) -> dict[str, Any]:
    if not isinstance(source, dict) or not (source.get("recording") or source.get("suite")):
        raise BadRow(
            f"{where}: expected a source with the recording (or the official suite's test) it stands in"
        )
    if unknown := source.keys() - _SOURCE_MEMBERS:
        raise BadRow(f"{where}: source: got {sorted(unknown)}, expected members of {sorted(_SOURCE_MEMBERS)}")
    return source
