"""The studio's one route."""

from __future__ import annotations

from plumbline.emulator.routing import Route
from plumbline.emulator.services.machine_learning.asset_place import WORKSPACE_PATH
from plumbline.emulator.services.studio.page import job_page

ROUTES = [
    Route(
        method="GET",
        path=f"/studio{WORKSPACE_PATH}/runs/{{name}}",
        handler=job_page,
        audience="none",
        logged=False,
    )
]
