"""Reads what emulators logged, and says which requests of product code no published operation has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.wire.table import complaint

_USER_AGENTS = Path(__file__).with_name("user_agents.yaml")


@cache
def user_agents() -> list[dict[str, str]]:
    """Rows of user_agents.yaml."""
    rows: list[dict[str, str]] = yaml.safe_load(_USER_AGENTS.read_text(encoding="utf-8"))["rows"]
    return rows


class LoggedRequests:
    """The files that emulators append to in one folder (PLUMBLINE_REQUEST_LOG), read on from where it stopped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[Path, int] = {}

    def new(self) -> Iterator[dict[str, Any]]:
        """Requests since the last call; a line that is still being written waits for the next."""
        for file in sorted(self.folder.glob("*.jsonl")):
            with file.open("rb") as content:
                content.seek(self._read.get(file, 0))
                for line in content:
                    if not line.endswith(b"\n"):
                        break
                    self._read[file] = self._read.get(file, 0) + len(line)
                    yield json.loads(line)


def complaints(requests: Iterable[Mapping[str, Any]], *, test: str) -> list[str]:
    """One line for each kind of unpublished request: who sent it, what, why it is none.

    Args:
        test: node id of the test that ran meanwhile ("tests/engine/test_x.py::test_y").
    """
    found: dict[str, None] = {}
    for request in requests:
        if request.get("run"):
            continue  # a step's own code, with the token of its run
        row = _row(request["user_agent"])
        if row is None:
            found[f"user agent {request['user_agent']!r}: no row in user_agents.yaml"] = None
        elif _is_checked(row, test) and (reason := complaint(request)):
            keys = "".join(f" {name}={value}" for name, value in request["query"].items())
            found[
                f"{request['user_agent'].split(' ')[0]}: {request['method']} {request['path']}{keys}: {reason}"
            ] = None
    return list(found)


def _row(user_agent: str) -> dict[str, str] | None:
    return next((row for row in user_agents() if user_agent.startswith(row["begins"])), None)


def _is_checked(row: Mapping[str, str], test: str) -> bool:
    return row["checked"] == "yes" or (row["checked"] == "below" and not test.startswith(row["exempt"]))
