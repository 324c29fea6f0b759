"""Schedules: kept, enabled, disabled, triggered by hand. The clock fires none of them here."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.machine_learning import paging
from plumbline.emulator.services.machine_learning.asset_place import WORKSPACE
from plumbline.emulator.services.machine_learning.reference import check_references
from plumbline.emulator.services.machine_learning.trigger import check_trigger
from plumbline.emulator.services.resource_manager import checks
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks, ResourceHandlers
from plumbline.emulator.services.resource_manager.resource_types import ResourceType
from plumbline.emulator.store import Resource, parent_of

_ACTIONS = {"CreateJob"}


def check(call: Call, schedule_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    """Before a schedule is stored: its trigger can fire and its job names what exists.

    Raises: AzureError: 400 UserError; 501 for actions that are not emulated (monitors, data imports).
    """
    for member in body.keys() - {"properties"}:
        # No other member exists here: a client that sends one does not get it back.
        del body[member]
    properties = body["properties"]
    action = properties["action"]
    if not isinstance(action, dict) or action.get("actionType") not in _ACTIONS:
        kind = action.get("actionType") if isinstance(action, dict) else action
        raise AzureError(501, "NotImplemented", f"Schedules with action {kind} are not emulated.")
    if not isinstance(action.get("jobDefinition"), dict):
        raise AzureError(
            400, "UserError", "action.jobDefinition is required.", "properties.action.jobDefinition"
        )
    if not isinstance(properties["isEnabled"], bool):
        raise AzureError(400, "UserError", "isEnabled must be true or false.", "properties.isEnabled")
    check_trigger(properties["trigger"])
    workspace = call.emulator.store.get(parent_of(schedule_id))
    assert workspace is not None, "the resource manager found it"
    check_references(call.emulator, workspace, properties)


HOOKS = Hooks(before_put=check)


class ScheduleHandlers(ResourceHandlers):
    """Schedules list by whether they are enabled, and go only when they are not."""

    def __init__(self, kind: ResourceType) -> None:
        super().__init__(kind, HOOKS)

    def list(self, call: Call) -> Reply:
        """Schedules, oldest first; enabled ones only unless listViewType says otherwise."""
        checks.check_api_version(call, self.kind)
        call.params.setdefault("workspace", call.params["workspaces"])
        workspace = WORKSPACE.parent(call)
        view = call.query.get("listviewtype", "EnabledOnly").lower()
        if view not in {"enabledonly", "disabledonly", "all"}:
            raise AzureError(
                400, "UserError", f"listViewType '{view}' is not one of EnabledOnly, DisabledOnly, All."
            )
        found = [
            entry
            for entry in call.emulator.store.list(workspace.id, self.kind.type)
            if view == "all" or entry.body["properties"]["isEnabled"] == (view == "enabledonly")
        ]
        return paging.page(call, found, lambda entry: self.answer(call, entry))

    def delete(self, call: Call) -> Reply:
        """Remove a schedule that was disabled. Source: Microsoft Learn: "A schedule must be disabled before deletion"."""
        present = call.emulator.store.get(call.path)
        if present is not None and present.body["properties"]["isEnabled"]:
            raise AzureError(
                400, "UserError", f"Schedule '{present.name}' is enabled. Disable it before you delete it."
            )
        return super().delete(call)


def trigger(call: Call) -> Reply:
    """POST trigger: run the schedule's job now, if something executes jobs here. A disabled schedule runs, too."""
    schedule = call.emulator.store.get(call.path.rstrip("/").rsplit("/", 1)[0])
    if schedule is None:
        raise AzureError(404, "UserError", f"Schedule {call.params['name']} was not found.")
    submit = getattr(call.emulator.executor, "trigger_schedule", None)
    if submit is None:
        raise AzureError(501, "NotImplemented", "Nothing executes jobs here.")
    return Reply(json={"scheduleActionType": "CreateJob", "submissionId": submit(schedule, call.principal)})
