"""What a test keeps between recording and playing, and the variables that it reads; here one process does both."""

from __future__ import annotations

import os
from collections.abc import Mapping


class VariableRecorder:
    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get_or_record(self, variable: str, default: str) -> str:
        return self._kept.setdefault(variable, default)


class EnvironmentVariables:
    """The real ones; a sanitized value stands in only where nothing is set."""

    def get(self, variable: str, default: str | None = None) -> str | None:
        return os.environ.get(variable, default)

    def sanitize(self, variable: str, value: str) -> str:
        return os.environ.get(variable, value)

    def sanitize_batch(self, sanitized: Mapping[str, str]) -> dict[str, str]:
        return {variable: self.sanitize(variable, value) for variable, value in sanitized.items()}
