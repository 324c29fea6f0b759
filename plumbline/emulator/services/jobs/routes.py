"""Routes of jobs."""

from __future__ import annotations

from plumbline.emulator.routing import Route
from plumbline.emulator.services.jobs import handlers
from plumbline.emulator.services.machine_learning.asset_place import PROVIDER, WORKSPACE_PATH

_JOBS = f"{WORKSPACE_PATH}/jobs"
_JOB = f"{_JOBS}/{{name}}"
_ACTION = f"{PROVIDER}/workspaces/jobs"

ROUTES = [
    Route(
        method="PUT",
        path=_JOB,
        handler=handlers.put_job,
        audience="machine_learning",
        action=f"{_ACTION}/write",
    ),
    Route(
        method="GET",
        path=_JOB,
        handler=handlers.get_job,
        audience="machine_learning",
        action=f"{_ACTION}/read",
    ),
    Route(
        method="GET",
        path=_JOBS,
        handler=handlers.list_jobs,
        audience="machine_learning",
        action=f"{_ACTION}/read",
    ),
    Route(
        method="DELETE",
        path=_JOB,
        handler=handlers.delete_job,
        audience="machine_learning",
        action=f"{_ACTION}/delete",
    ),
    Route(
        method="POST",
        path=f"{_JOB}/cancel",
        handler=handlers.cancel_job,
        audience="machine_learning",
        action=f"{_ACTION}/cancel/action",
    ),
]
