"""The Pulumi engine on this machine: found, downloaded or built; and the environment it runs in.

Standard library only, so that it runs before anything is installed.
"""

from plumbline.engine.ensure import Engine, Way, ensure_engine, find_engine
from plumbline.engine.errors import EngineError, InstallFailed, WayClosed
from plumbline.engine.progress import Lines, Progress, silent

__all__ = [
    "Engine",
    "EngineError",
    "InstallFailed",
    "Lines",
    "Progress",
    "Way",
    "WayClosed",
    "ensure_engine",
    "find_engine",
    "silent",
]
