"""Tables of recorded forms: each line names the row of tests/recorded that shows it, and can be taken away.

A test takes a line away (the control endpoint's `recorded/ID`) and sees that its row no longer holds: so a row that
shows nothing is found, and every form that rests on a recording is tried.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class RecordedForms:
    """The lines in force, of any table: a YAML list whose items may have `recorded: ROW`."""

    def __init__(self) -> None:
        self.taken_away: frozenset[str] = frozenset()
        self._tables: dict[Path, Any] = {}

    def table(self, path: Path) -> Any:
        """A table's content without the lines that are taken away; read once."""
        if path not in self._tables:
            self._tables[path] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        return self._without(self._tables[path]) if self.taken_away else self._tables[path]

    def _without(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._without(item) for item in value if not self._is_gone(item)]
        if isinstance(value, dict):
            return {key: self._without(item) for key, item in value.items() if not self._is_gone(item)}
        return value

    def _is_gone(self, item: Any) -> bool:
        return isinstance(item, dict) and item.get("recorded") in self.taken_away
