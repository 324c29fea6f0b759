"""Rows on schedules, made and changed through azure-ai-ml."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.verify_azure import versions as api
from tests.verify_azure.check import check, part
from tests.verify_azure.checks.asset import DEFINITIONS
from tests.verify_azure.cloud import Refused, code_of, message_of
from tests.verify_azure.finding import Finding, holds
from tests.verify_azure.subject import Subject


@part("schedule", "cluster", "assets")
def make_schedule(azure: Subject) -> str:
    """A schedule that starts in twenty years, and is on."""
    azure.client().schedules.begin_create_or_update(_loaded()).result()
    return f"{azure.part('workspace')}/schedules/va_schedule"


def _loaded(**changed: Any) -> Any:
    from azure.ai.ml.entities._load_functions import load_schedule

    schedule = load_schedule(DEFINITIONS / "schedule.yml")
    for name, value in changed.items():
        setattr(schedule, name, value)
    return schedule


def _shown(azure: Subject, name: str) -> dict[str, Any]:
    found: dict[str, Any] = azure.ml(f"schedules/{name}", api=api.SCHEDULE)["properties"]
    return found


@check("ml-schedule-enabled-by-default", "schedule")
def enabled(azure: Subject) -> Finding:
    azure.part("schedule")
    name = azure.fresh("va_on")
    azure.client().schedules.begin_create_or_update(_loaded(name=name)).result()
    shown = _shown(azure, name)["isEnabled"]
    azure.client().schedules.begin_disable(name).result()
    azure.client().schedules.begin_delete(name).result()
    return holds(shown is True, f"A schedule made without isEnabled shows {shown}.")


@check("ml-schedule-in-place", "schedule")
def changed_in_place(azure: Subject) -> Finding:
    azure.part("schedule")
    name = azure.fresh("va_move")
    azure.client().schedules.begin_create_or_update(_loaded(name=name)).result()
    before = azure.system_data(f"schedules/{name}", api=api.SCHEDULE)
    azure.client().schedules.begin_create_or_update(_loaded(name=name, description="Another.")).result()
    after, shown = (
        azure.system_data(f"schedules/{name}", api=api.SCHEDULE),
        _shown(azure, name)["description"],
    )
    azure.client().schedules.begin_disable(name).result()
    azure.client().schedules.begin_delete(name).result()
    return holds(
        shown == "Another." and before["createdAt"] == after["createdAt"],
        f"After another PUT the description is {shown!r}, createdAt is kept {before['createdAt'] == after['createdAt']}.",
    )


@check("ml-schedule-windows-zones", "schedule")
def time_zone(azure: Subject) -> Finding:
    azure.part("schedule")
    shown = _shown(azure, "va_schedule")["trigger"]["timeZone"]
    body = _body(azure)
    body["properties"]["trigger"]["timeZone"] = "Europe/Berlin"
    answer = azure.send(
        "PUT", f"{azure.part('workspace')}/schedules/{azure.fresh('va_zone')}", api=api.SCHEDULE, body=body
    )
    return holds(
        shown == "W. Europe Standard Time",
        f"timeZone is answered as {shown}; a PUT with Europe/Berlin answered {answer.status_code} {code_of(answer)}.",
    )


@check("ml-schedule-start-in-the-past", "schedule")
def start_in_the_past(azure: Subject) -> Finding:
    azure.part("schedule")
    name = azure.fresh("va_past")
    schedule = _loaded(name=name)
    schedule.trigger.start_time = "2022-01-03T04:00:00"
    schedule.trigger.frequency, schedule.trigger.interval = "month", 12
    schedule.trigger.schedule.week_days, schedule.trigger.schedule.month_days = None, [3]
    azure.client().schedules.begin_create_or_update(schedule).result()
    azure.cloud.pause(azure.cloud.poll_seconds * 6)
    jobs = [row["name"] for row in azure.ml("jobs", api=api.JOB)["value"] if row["name"].startswith(name)]
    azure.client().schedules.begin_disable(name).result()
    azure.client().schedules.begin_delete(name).result()
    return holds(
        not jobs, f"A schedule whose start lies years back had made {len(jobs)} jobs a little later."
    )


@check("ml-schedule-disable-before-delete", "schedule")
def deletion_of_an_enabled_schedule(azure: Subject) -> Finding:
    azure.part("schedule")
    name = azure.fresh("va_busy")
    azure.client().schedules.begin_create_or_update(_loaded(name=name)).result()
    answer = azure.send("DELETE", f"{azure.part('workspace')}/schedules/{name}", api=api.SCHEDULE)
    azure.cloud.pause(azure.cloud.poll_seconds)
    there = azure.send("GET", f"{azure.part('workspace')}/schedules/{name}", api=api.SCHEDULE).status_code
    if there == 200:
        azure.client().schedules.begin_disable(name).result()
        azure.client().schedules.begin_delete(name).result()
    return holds(
        answer.status_code == 202 and there == 200,
        f"DELETE of an enabled schedule answered {answer.status_code} {code_of(answer)}; then its GET answered {there}.",
    )


@check("ml-schedule-trigger-checked", "schedule")
def malformed_trigger(azure: Subject) -> Finding:
    azure.part("schedule")
    body = _body(azure)
    body["properties"]["trigger"] = {
        "triggerType": "Cron", "expression": "99 99 * * *", "startTime": None, "timeZone": "UTC",
    }  # fmt: skip
    answer = azure.send(
        "PUT", f"{azure.part('workspace')}/schedules/{azure.fresh('va_bad')}", api=api.SCHEDULE, body=body
    )
    return holds(
        answer.status_code == 400,
        f"A cron expression out of bounds answered {answer.status_code} {code_of(answer)}: {message_of(answer)[:100]}",
    )


def _body(azure: Subject) -> dict[str, Any]:
    """The schedule that is there, as a body for another name."""
    shown = _shown(azure, "va_schedule")
    return {"properties": {name: value for name, value in shown.items() if name != "provisioningState"}}


@check("ml-schedule-command-job", "schedule")
def command_job(azure: Subject) -> Finding:
    azure.part("schedule")
    name, workspace = azure.fresh("va_command"), azure.part("workspace")
    body = _body(azure)
    body["properties"]["isEnabled"] = False
    body["properties"]["action"]["jobDefinition"] = {
        "jobType": "Command", "command": "echo hi", "experimentName": "va",
        "environmentId": f"{workspace}/environments/va-env/versions/1", "inputs": {}, "outputs": {},
    }  # fmt: skip
    path = f"{workspace}/schedules/{name}"
    answer = azure.send("PUT", path, api=api.SCHEDULE, body=body)
    if answer.status_code >= 400:
        return holds(False, f"A schedule of a command job answered {answer.status_code} {code_of(answer)}.")
    job = _shown(azure, name)["action"]["jobDefinition"]
    azure.send("DELETE", path, api=api.SCHEDULE)
    seen = (job["jobType"], job["command"], job["resources"]["instanceCount"], job["resources"]["shmSize"])
    return holds(
        seen == ("Command", "echo hi", 1, "2g"),
        f"Its job is answered as {seen[0]} {seen[1]!r} with {seen[2]} x {seen[3]}.",
    )


@check("schedule-modes-filled", "schedule")
def modes_of_a_schedules_job(azure: Subject) -> Finding:
    azure.part("schedule")
    job = _shown(azure, "va_schedule")["action"]["jobDefinition"]
    seen = (job["inputs"]["rows"].get("mode"), job["outputs"]["kept"].get("mode"), job.get("experimentName"))
    return holds(
        seen == ("ReadOnlyMount", "ReadWriteMount", "Default"),
        f"A schedule's job that says neither is answered with the modes {seen[0]} (input) and {seen[1]} (output) and the "
        f"experiment {seen[2]}.",
    )


@check("scheduled-job-hides-its-definition", "schedule")
def job_of_a_schedule(azure: Subject) -> Finding:
    azure.part("schedule")
    path = f"{azure.part('workspace')}/schedules/va_schedule/trigger"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = azure.send("POST", path, api=api.JOB, body={"scheduleTime": now})
    if made.status_code >= 400:
        raise Refused("POST", path, made)
    name = made.json()["submissionId"]

    def there() -> Any:
        answer = azure.send("GET", f"{azure.part('workspace')}/jobs/{name}", api=api.JOB)
        return answer.json() if answer.status_code == 200 else None

    shown = (azure.cloud.until(there, seconds=120) or {}).get("properties", {})
    azure.send("POST", f"{azure.part('workspace')}/jobs/{name}/cancel", api=api.JOB)
    told = [member for member in ("jobs", "settings", "inputs", "outputs", "computeId") if shown.get(member)]
    trigger = (shown.get("properties") or {}).get("azureml.genericTriggerName")
    return holds(
        bool(shown) and not told and trigger == "va_schedule",
        f"The job of a schedule shows of its definition {', '.join(told) or 'nothing'}; azureml.genericTriggerName is "
        f"{'the schedule' if trigger == 'va_schedule' else trigger}.",
    )
