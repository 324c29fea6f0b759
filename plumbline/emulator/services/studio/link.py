"""Links into the studio page that carry their own right: they open one job, read only, for a limited time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from plumbline.emulator.executor.run import Run

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_PERIOD_SECONDS = 7 * 86400


def studio_url(emulator: Emulator, run: Run) -> str:
    """Return the page's address, the same at each call for a week; it is good for one to two weeks.

    The signature covers this one job of this workspace.
    """
    age = time.time() - run.created_at
    expires = run.created_at + (age // _PERIOD_SECONDS + 2) * _PERIOD_SECONDS
    signature = emulator.sas.sign(
        scope(run.workspace_id), run.root, permissions="r", lifetime_seconds=int(expires) + 0.5 - time.time()
    )
    return f"{emulator.settings.base_url}/studio{run.workspace_id}/runs/{run.root}?{signature}"


def log_url(emulator: Emulator, run: Run, path: str, *, hours: float = 24) -> str:
    """Return an address of one log or artifact of a run, as run history hands them out."""
    signature = emulator.sas.sign(
        scope(run.workspace_id), f"{run.name}/{path}", permissions="r", lifetime_seconds=hours * 3600
    )
    return f"{emulator.settings.base_url}/artifacts{run.workspace_id}/runs/{run.name}/contents/{path}?{signature}"


def scope(workspace_id: str) -> str:
    """Return what stands where a container stands in a blob's signature; no container can be called so."""
    return f"runs:{workspace_id.lower()}"
