"""Handlers of the jobs routes."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

from plumbline.emulator.errors import AzureError
from plumbline.emulator.executor.run import Run
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.jobs.answer import job_answer, job_members, submitted_answer
from plumbline.emulator.services.jobs.place import is_shown, workspace_named
from plumbline.emulator.services.jobs.run_properties import add_properties
from plumbline.emulator.services.jobs.unknown_members import refuse_unknown_members
from plumbline.emulator.services.machine_learning.job_form import filled_job
from plumbline.emulator.services.machine_learning.mfe_operation import cancel_address
from plumbline.emulator.store import Resource

# What a PUT on an existing job may change; the rest is what was run.
_CHANGEABLE = frozenset({"tags", "displayName", "description", "isArchived", "properties"})
# Made by the service and echoed by clients that send back what they got.
_MADE_HERE = frozenset({"status", "services", "parentJobName", "outputs"})
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$")
_PAGE = 50


def put_job(call: Call) -> Reply:
    """PUT jobs/{name}: submit, or change what may change of a job that is there."""
    workspace = workspace_named(call)
    name, body = call.params["name"], call.json()
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise AzureError(400, "UserError", "The job has no properties.", "properties")
    runs = call.emulator.executor.runs
    present = runs.get(workspace.id, name)
    if present is not None:
        return Reply(json=job_answer(call, _changed(call, workspace, present, properties)))
    if not _NAME.match(name):
        raise AzureError(
            400,
            "UserError",
            f"The job name '{name}' must consist of letters, digits, '-', '_' and '.'.",
            "name",
        )
    refuse_unknown_members(call, properties)
    run = call.emulator.executor.submit(workspace, name, properties, call.principal)
    return Reply(
        status=201,
        json=submitted_answer(call, run),
        headers={"location": f"{call.base_url}{run.id}?api-version={call.api_version}"},
    )


def _changed(call: Call, workspace: Resource, present: Run, properties: dict[str, Any]) -> Run:
    # A job that is there and runs is not run again by sending it again.
    shown = job_members(call, present)
    sent = filled_job(call, properties, "job")
    fixed = [name for name in {**shown, **properties} if name not in _CHANGEABLE | _MADE_HERE]
    different = [name for name in fixed if _plain(sent.get(name)) != _plain(shown.get(name))]
    if different or present.parent:
        raise AzureError(
            400,
            "UserError",
            "A job with this name already exists. If you are trying to submit a new job, use a different name. If you "
            "are trying to update an existing job, the existing job's settings cannot be changed. Only description, "
            f"tags, displayName, properties, and isArchived can be updated. Changed: {', '.join(sorted(different))}.",
            "name",
        )

    def change(run: Run) -> None:
        run.tags = {key: str(value) for key, value in (properties.get("tags") or run.tags).items()}
        run.display_name = properties.get("displayName") or run.display_name
        run.description = properties.get("description") or run.description
        run.archived = run.hidden = bool(properties.get("isArchived", run.archived))
        add_properties(run, properties.get("properties") or {})

    changed: Run = call.emulator.executor.runs.change(workspace.id, present.name, change)
    return changed


def _plain(value: Any) -> Any:
    """A value without what an echo may add or leave out: nulls and empty members."""
    if isinstance(value, dict):
        found = {key: _plain(member) for key, member in value.items()}
        return {key: member for key, member in found.items() if member is not None} or None
    return None if value in ("", []) else value


def get_job(call: Call) -> Reply:
    """GET jobs/{name}; a step is a job too."""
    return Reply(json=job_answer(call, find_run(call)))


def list_jobs(call: Call) -> Reply:
    """GET jobs: newest first, jobs without their steps."""
    workspace = workspace_named(call)
    query = call.query
    token = query.get("$skip", "")
    found = call.emulator.executor.runs.jobs(workspace.id, before=int(token) if token.isdigit() else None)
    wanted = [run for run in found if run.kind != "tracking" and _listed(run, query)]
    page = wanted[:_PAGE]
    answer: dict[str, Any] = {"value": [job_answer(call, run) for run in page]}
    if len(wanted) > len(page):
        rest = {key: value for key, value in query.items() if key != "$skip"} | {
            "$skip": str(page[-1].sequence)
        }
        answer["nextLink"] = f"{call.base_url}{quote(call.path)}?{urlencode(rest)}"
    return Reply(json=answer)


def _listed(run: Run, query: Any) -> bool:
    view = query.get("listviewtype", "ActiveOnly").lower()
    if (view == "activeonly" and run.archived) or (view == "archivedonly" and not run.archived):
        return False
    kind = query.get("jobtype", "")
    if kind and kind.lower() != str(run.definition.get("jobType", "")).lower():
        return False
    tag = query.get("tag", "")
    if tag:
        key, _, value = tag.partition("=")
        if key not in run.tags or (value and run.tags[key] != value):
            return False
    return True


def cancel_job(call: Call) -> Reply:
    """POST jobs/{name}/cancel: 202 at once; the Location answers 202 until nothing of the job runs any more.

    Raises: AzureError: 400 UserError for a job that has ended.
    Source: recorded cancels, 2023-10-27.
    """
    run = find_run(call)
    executor = call.emulator.executor
    root = executor.runs.get(run.workspace_id, run.root)
    if root is None or root.ended:
        raise AzureError(
            400,
            "UserError",
            f"The pipeline run {run.root} is in terminal status, it can't be canceled.",
            inner=("BadArgument", "ArgumentInvalid", "CancelPipelineRunInTerminalStatus"),
        )

    def ask(one: Run) -> None:
        one.status = "CancelRequested"

    executor.runs.change(run.workspace_id, run.root, ask)
    executor.cancel(run)
    location = cancel_address(call, workspace_named(call), run.root)
    headers = {"location": location, "x-ms-async-operation-timeout": "PT1H"}
    return Reply(status=202, json=None, headers=headers)


def delete_job(call: Call) -> Reply:
    """DELETE jobs/{name}: only of what has ended. Its outputs stay in the blob store, as on Azure."""
    run = find_run(call)
    if not run.ended:
        raise AzureError(409, "UserError", f"The job '{run.name}' has not ended; cancel it first.", "name")
    call.emulator.executor.runs.remove(run.workspace_id, run.name)
    return Reply(status=200, body=b"")


def find_run(call: Call, parameter: str = "name") -> Run:
    """Return the run that a path names. Raises: AzureError: 404."""
    workspace = workspace_named(call)
    run = call.emulator.executor.runs.get(workspace.id, call.params[parameter])
    if run is None or not is_shown(call, run):
        raise AzureError(
            404,
            "UserError",
            f"Run {call.params[parameter]} was not found in workspace '{workspace.name}'.",
            "name",
        )
    found: Run = run
    return found
