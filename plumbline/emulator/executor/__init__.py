"""Runs submitted jobs as real processes: environments, steps, the graph that orders them.

`Executor` is loaded when it is asked for: the supervisors live below this package and must start without it.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "Executor":
        from plumbline.emulator.executor.executor import Executor

        return Executor
    raise AttributeError(name)
