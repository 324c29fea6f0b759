"""Schedules: kept, enabled, disabled, triggered by hand. The clock fires none of them here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.machine_learning import mfe_operation, paging
from plumbline.emulator.services.machine_learning.asset_place import WORKSPACE
from plumbline.emulator.services.machine_learning.job_form import filled_job
from plumbline.emulator.services.machine_learning.reference import check_references
from plumbline.emulator.services.machine_learning.trigger import check_trigger, normal_trigger
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
    properties["trigger"] = normal_trigger(call, properties["trigger"])
    action["jobDefinition"] = filled_job(call, action["jobDefinition"], "schedule")


HOOKS = Hooks(before_put=check)


class ScheduleHandlers(ResourceHandlers):
    """Schedules list by whether they are enabled, and go only when they are not.

    Source: recorded schedule tests, 2023-10-27 to 2024-02-21 (tests/recorded/rows/schedules.yaml).
    """

    def __init__(self, kind: ResourceType) -> None:
        super().__init__(kind, HOOKS)

    def put(self, call: Call) -> Reply:
        """Create or replace: always 201 with `properties` alone, which say Creating, also for a replacement."""
        stored = super().put(call)
        schedule = call.emulator.store.get(call.path)
        assert schedule is not None, "it was just stored"
        headers = mfe_operation.begin(call, _workspace(call), schedule.id, "Creating")
        headers["location"] = f"{call.base_url}{schedule.id}?api-version={call.api_version}"
        properties = {**stored.json["properties"], "provisioningState": "Creating"}
        return Reply(status=201, json={"properties": properties}, headers=headers)

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
        """Remove a schedule that was disabled; the operation on one that is enabled fails, and it stays."""
        present = call.emulator.store.get(call.path)
        if present is None:
            return super().delete(call)
        refusal = ""
        if present.body["properties"]["isEnabled"]:
            refusal = f"Cannot delete an active trigger {present.name}"
        else:
            super().delete(call)
        headers = mfe_operation.begin(
            call, _workspace(call), present.id, "Deleting", refusal=refusal, location=True
        )
        return Reply(status=202, json=None, headers=headers)

    def answer(self, call: Call, resource: Resource, *, pending: bool = False) -> dict[str, Any]:
        """A schedule as it is read: its name, properties and systemData, neither id nor type."""
        shown = super().answer(call, resource, pending=pending)
        state = mfe_operation.state_of(call, resource.id)
        if state is not None:
            shown["properties"] = {**shown["properties"], "provisioningState": state}
        return {member: shown[member] for member in ("name", "properties", "systemData")}

    def _found(self, call: Call) -> Resource:
        present = call.emulator.store.get(call.path)
        if present is None:
            raise _not_found(call.path.rstrip("/").rsplit("/", 1)[-1])
        return present

    def _clean(self, sent: dict[str, Any], *, keep_nulls: bool = False) -> dict[str, Any]:
        """Nulls among tags stay, and the job's steps stay exactly as they were sent."""
        body = super()._clean(sent, keep_nulls=keep_nulls)
        _keep(body, sent, ("properties", "tags"))
        _keep(body, sent, ("properties", "action", "jobDefinition", "tags"))
        _keep(body, sent, ("properties", "action", "jobDefinition", "jobs"))
        return body


def _keep(body: dict[str, Any], sent: dict[str, Any], path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        if not isinstance(body.get(name), dict) or not isinstance(sent.get(name), dict):
            return
        body, sent = body[name], sent[name]
    if isinstance(sent.get(path[-1]), dict):
        body[path[-1]] = sent[path[-1]]


def _workspace(call: Call) -> Resource:
    workspace = call.emulator.store.get(parent_of(call.path))
    assert workspace is not None, "the resource manager found it"
    return workspace


def _not_found(name: str) -> AzureError:
    return AzureError(404, "UserError", f"Resource Trigger {name} not found", inner=("NotFound",))


def trigger(call: Call) -> Reply:
    """POST trigger: run the schedule's job now, if something executes jobs here. A disabled schedule runs, too."""
    address = call.path.rstrip("/").rsplit("/", 1)[0]
    schedule = call.emulator.store.get(address)
    if schedule is None:
        raise _not_found(address.rsplit("/", 1)[-1])
    submit = getattr(call.emulator.executor, "trigger_schedule", None)
    if submit is None:
        raise AzureError(501, "NotImplemented", "Nothing executes jobs here.")
    job = submit(schedule, call.principal, _time(call.json().get("scheduleTime")))
    return Reply(json={"scheduleActionType": "CreateJob", "submissionId": job})


def _time(asked: Any) -> datetime:
    """Read the time that a job is asked for; without one it is now."""
    if not asked:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(str(asked))
    except ValueError as error:
        raise AzureError(400, "UserError", f"'{asked}' is not a time of ISO 8601.", "scheduleTime") from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
