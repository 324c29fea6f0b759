"""What a path names: the workspace, on ARM's routes and on those of the data plane, which have no api-version."""

from __future__ import annotations

from plumbline.emulator.errors import AzureError
from plumbline.emulator.executor.run import Run
from plumbline.emulator.routing import Call
from plumbline.emulator.services.machine_learning.asset_place import WORKSPACE
from plumbline.emulator.store import Resource


def workspace_named(call: Call) -> Resource:
    """Return the workspace. Raises: AzureError: 404; on ARM's routes 400 for an api-version that the service lacks."""
    if call.path.lower().startswith("/subscriptions/"):
        return WORKSPACE.parent(call)
    found = call.emulator.store.get(WORKSPACE.id(call))
    if found is None:
        raise AzureError(
            404,
            "WorkspaceNotFound",
            f"Workspace '{call.params['workspace']}' could not be found.",
            "workspace",
        )
    return found


def is_shown(call: Call, run: Run) -> bool:
    """Say whether run history and the jobs routes know a run: a step only once it was scheduled.

    Whether a step that is skipped gets a row after all is not known: with noise it has one.
    """
    return run.has_row or (run.ended and call.emulator.noises.has("skipped_steps_have_rows"))
