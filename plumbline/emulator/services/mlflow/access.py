"""Which runs a caller may touch: a step's token its own run and what it made below it, others as their roles say."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.executor.run import Run
from plumbline.emulator.routing import Call
from plumbline.emulator.services.jobs.place import workspace_named
from plumbline.emulator.services.mlflow.error import MlflowError
from plumbline.emulator.store import Resource


def workspace_of(call: Call) -> Resource:
    """Return the workspace of the path. Raises: MlflowError: 403 when a step's token belongs to another."""
    workspace = workspace_named(call)
    if call.principal.run is not None:
        if call.token_claims.get("workspace") != workspace.id.lower():
            raise _denied(call, f"workspace '{workspace.name}'")
        own = call.emulator.executor.runs.get(workspace.id, call.principal.run)
        if own is None or own.ended:
            raise _denied(call, "anything, because its run has ended")
    return workspace


def run_of(call: Call, name: Any) -> Run:
    """Return a run that the caller may read and write.

    Raises: MlflowError: RESOURCE_DOES_NOT_EXIST, or PERMISSION_DENIED for a step's token beyond its own run.
    """
    workspace = workspace_of(call)
    runs = call.emulator.executor.runs
    run: Run | None = runs.get(workspace.id, str(name or ""))
    if run is None:
        raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"Run with id={name} not found")
    if call.principal.run is not None:
        one: Run | None = run
        while one is not None and one.name != call.principal.run:
            one = runs.get(workspace.id, one.parent) if one.parent else None
        if one is None:
            raise _denied(call, f"run '{name}'")
    return run


def refuse_steps(call: Call, what: str) -> None:
    """Raises: MlflowError: PERMISSION_DENIED for a step's token."""
    if call.principal.run is not None:
        raise _denied(call, what)


def _denied(call: Call, what: str) -> MlflowError:
    return MlflowError(
        "PERMISSION_DENIED",
        f"The token belongs to run '{call.principal.run}': it may track this run and write its artifacts, and has no "
        f"rights on {what}.",
    )
