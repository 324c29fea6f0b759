"""How what is live differs from the state, resource by resource: our own kinds compared here, all others by the engine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.clean_check import is_remembered, live_digest, remember
from plumbline.ops.drift.engine_call import refresh_plan
from plumbline.ops.drift.own_reading import own_steps
from plumbline.ops.drift.own_resources import Division, divided
from plumbline.ops.drift.refresh_plan import findings


def live_plan(
    session: AzureSession, stack: str, document: Mapping[str, Any], *, project: Path, whole: bool = False
) -> dict[str, Any]:
    """As `pulumi refresh --preview-only --json` answers it, in the order of the state.

    Args:
        document: The exported state.
        whole: Ask the engine in any case; else its resources are left out where it is remembered that none differs.
    Raises: UserError: a resource cannot be read.
    """
    rows = divided(document, session.target.pins, os.environ)
    with ThreadPoolExecutor(max_workers=1) as pool:
        engine = (
            pool.submit(_engine_steps, stack, rows)
            if whole
            else pool.submit(_remembered_steps, session, stack, document, rows, project)
        )
        steps = [*own_steps(session, stack, rows.own), *engine.result()]
    resources = (document.get("deployment") or {}).get("resources") or ()
    order = {str(row["urn"]): at for at, row in enumerate(resources)}
    return {"steps": sorted(steps, key=lambda step: order.get(str(step["urn"]), len(order)))}


def _engine_steps(stack: str, rows: Division) -> list[dict[str, Any]]:
    return list(refresh_plan(stack, rows.targets)["steps"]) if rows.others else []


def _remembered_steps(
    session: AzureSession, stack: str, document: Mapping[str, Any], rows: Division, project: Path
) -> list[dict[str, Any]]:
    digest = live_digest(session, document, rows.others) if rows.others else None
    if is_remembered(project, stack, digest):
        return []
    steps = _engine_steps(stack, rows)
    if not findings({"steps": steps}) and not any(step["op"] in {"update", "delete"} for step in steps):
        remember(project, stack, digest)
    return steps
