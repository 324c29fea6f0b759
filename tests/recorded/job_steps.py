"""Set-up steps of rows about jobs and schedules. A job is run once a world: rows only read it.

Each of them adds names: the job's, its steps' runs, and what they were made of.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from tests.recorded.world import World

Step = Callable[[World, dict[str, str]], None]
JOBS, SCHEDULES = "2024-01-01-preview", "2023-06-01-preview"
_ENDED = ("Completed", "Failed", "Canceled")
_SECONDS, _PAUSE = 60.0, 0.05
_FOLDER = {"type": "uri_folder"}
_kept: WeakKeyDictionary[World, dict[str, dict[str, str]]] = WeakKeyDictionary()


def _once(step: Step) -> Step:
    """Make a step run once a world; rows of that world share what it names."""

    def shared(world: World, names: dict[str, str]) -> None:
        known = _kept.setdefault(world, {})
        if step.__name__ not in known:
            own = dict(names)
            step(world, own)
            known[step.__name__] = {
                name: value for name, value in own.items() if names.get(name) != value and name != "unique"
            }
        names |= known[step.__name__]

    shared.__name__, shared.__doc__ = step.__name__, step.__doc__
    return shared


def _send(
    world: World, names: dict[str, str], method: str, path: str, body: Any = None, version: str = JOBS
) -> Any:
    request = {"method": method, "path": path} | ({} if body is None else {"body": body})
    response = world.send(request, names, api_version=version)
    assert response.status_code in {200, 201, 202}, (path, response.status_code, response.text)
    return response.json() if response.text else None


def _until(world: World, names: dict[str, str], path: str, holds: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + _SECONDS
    while not holds(found := _send(world, names, "GET", path)):
        assert time.monotonic() < deadline, found
        time.sleep(_PAUSE)
    return found


def _ended(world: World, names: dict[str, str], job: str) -> None:
    _until(
        world,
        names,
        f"{{workspace}}/jobs/{job}",
        lambda found: found["properties"]["status"] in _ENDED,
    )


def _runs(world: World, names: dict[str, str], job: str) -> dict[str, str]:
    rows = _send(world, names, "GET", f"/history/v1.0{{workspace}}/runs/{job}/children", version="")["value"]
    return {row["displayName"]: row["runId"] for row in rows}


@_once
def cluster(world: World, names: dict[str, str]) -> None:
    """A cluster with nodes enough for jobs that stay, `{cluster}`, and an environment without packages, `{bare}`."""
    names["cluster"], names["bare"] = (
        f"{names['workspace']}/{path}" for path in ("computes/nodes", "environments/bare/versions/1")
    )
    scale = {"minNodeCount": 0, "maxNodeCount": 50, "nodeIdleTimeBeforeScaleDown": "PT2M"}
    size = {"vmSize": "STANDARD_DS3_V2", "vmPriority": "Dedicated", "scaleSettings": scale}
    body = {"location": "westeurope", "properties": {"computeType": "AmlCompute", "properties": size}}
    _send(world, names, "PUT", "{cluster}", body, "2023-08-01-preview")
    _send(world, names, "PUT", "{bare}", {"properties": {"image": "python:3.11"}}, "2023-04-01-preview")


@_once
def components(world: World, names: dict[str, str]) -> None:
    """`{maker}` (registered), `{reader}` (anonymous, of a component file `read_file`), `{breaker}`, `{sleeper}`."""
    cluster(world, names)
    parts: dict[str, tuple[str, str, dict[str, Any]]] = {
        "maker": (
            "rows_maker/versions/7",
            "rows_maker",
            {"command": "echo ${{inputs.rate}} > ${{outputs.made}}/x", "inputs": {"rate": {"type": "number"}},
             "outputs": {"made": _FOLDER}},
        ),
        "reader": (
            "azureml_anonymous/versions/0f8fad5b-d9cb-469f-a165-70867728950e",
            "read_file",
            {"command": "cat ${{inputs.data}}/x > ${{outputs.kept}}/x", "inputs": {"data": _FOLDER},
             "outputs": {"kept": _FOLDER}},
        ),
        "breaker": (
            "rows_breaker/versions/1",
            "rows_breaker",
            {"command": "exit 3", "outputs": {"made": _FOLDER}},
        ),
        "sleeper": (
            "rows_sleeper/versions/1",
            "rows_sleeper",
            {"command": "sleep 600", "outputs": {"made": _FOLDER}},
        ),
    }  # fmt: skip
    for role, (path, name, spec) in parts.items():
        full = {
            "name": name,
            "version": path.rsplit("/", 1)[-1] if role != "reader" else "0.0.1",
            "type": "command",
            "environment": "azureml:{bare}",
            **spec,
        }
        body = {"properties": {"isAnonymous": role == "reader", "componentSpec": full}}
        names[role] = _send(world, names, "PUT", f"{{workspace}}/components/{path}", body)["id"]
    names["reader_version"] = names["reader"].rsplit("/", 1)[-1]  # the service chooses it


def _nodes(first: str) -> dict[str, Any]:
    rate = {"rate": {"job_input_type": "literal", "value": "${{parent.inputs.rate}}"}}
    data = {"data": {"job_input_type": "literal", "value": "${{parent.jobs.make.outputs.made}}"}}
    return {
        "make": {
            "name": "make",
            "type": "command",
            "componentId": first,
            "inputs": rate if first == "{maker}" else {},
            "_source": "YAML.JOB",
        },
        "read": {
            "name": "read",
            "type": "command",
            "componentId": "{reader}",
            "inputs": data,
            "outputs": {"kept": {"value": "${{parent.outputs.result}}", "type": "literal"}},
            "_source": "YAML.JOB",
        },
    }


def _pipeline(first: str = "{maker}", **more: Any) -> dict[str, Any]:
    return {
        "properties": {
            "jobType": "Pipeline",
            "displayName": "rows",
            "experimentName": "recorded",
            "tags": {"owner": "tests"},
            "computeId": "{cluster}",
            "properties": {},
            "isArchived": False,
            "inputs": {
                "rate": {"jobInputType": "literal", "value": "0.5"},
                "table": {
                    "jobInputType": "uri_file",
                    "uri": "azureml://datastores/workspaceblobstore/paths/t.csv",
                },
            },
            "outputs": {"result": {"jobOutputType": "uri_folder"}},
            "jobs": _nodes(first),
            "settings": {"_source": "YAML.JOB"},
            **more,
        }
    }


@_once
def completed_job(world: World, names: dict[str, str]) -> None:
    """`{job}` ran `make` and `read` (`{make_run}`, `{read_run}`); `{again}` is the same once more, all reused."""
    components(world, names)
    for role in ("job", "again"):
        names[role] = f"rows-{role}"
        _send(world, names, "PUT", f"{{workspace}}/jobs/rows-{role}", _pipeline())
        _ended(world, names, names[role])
    for name, run in _runs(world, names, names["job"]).items():
        names[f"{name}_run"] = run
    names["again_read_run"] = _runs(world, names, names["again"])["read"]


@_once
def failed_job(world: World, names: dict[str, str]) -> None:
    """`{failed}`: its first step failed, `{failed_run}`; the second was never started."""
    components(world, names)
    names["failed"] = "rows-failed"
    _send(world, names, "PUT", "{workspace}/jobs/rows-failed", _pipeline("{breaker}"))
    _ended(world, names, "rows-failed")
    names["failed_run"] = _runs(world, names, "rows-failed")["make"]


def running_job(world: World, names: dict[str, str]) -> None:
    """`{running}`, a job of the row's own: its first step runs until it is cancelled, its second waits."""
    components(world, names)
    names["running"] = f"rows-running-{names['unique']}"
    _send(world, names, "PUT", "{workspace}/jobs/{running}", _pipeline("{sleeper}"))
    children = "/history/v1.0{workspace}/runs/{running}/children"
    _until(world, names, children, lambda found: bool(found["value"]))


def cancelled_job(world: World, names: dict[str, str]) -> None:
    """`{running}` of the row's own, cancelled and ended; `{cancel}` is where its cancellation is told."""
    running_job(world, names)
    request = {"method": "POST", "path": "{workspace}/jobs/{running}/cancel"}
    answer = world.send(request, names, api_version="2023-04-01-preview")
    assert answer.status_code == 202, answer.text
    names["cancel"] = answer.headers["location"]
    _ended(world, names, names["running"])


@_once
def command_job(world: World, names: dict[str, str]) -> None:
    """`{command}`: a command job with one output, ended."""
    cluster(world, names)
    names["command"] = "rows-command"
    body = {
        "jobType": "Command",
        "command": "echo 1 > ${{outputs.one}}/x",
        "environmentId": "{bare}",
        "computeId": "{cluster}",
        "experimentName": "recorded",
        "inputs": {},
        "outputs": {"one": {"jobOutputType": "uri_folder"}},
    }
    _send(world, names, "PUT", "{workspace}/jobs/rows-command", {"properties": body})
    _ended(world, names, "rows-command")


@_once
def scheduled_job(world: World, names: dict[str, str]) -> None:
    """`{scheduled}`: a job that the schedule `rows-weekly` made, ended."""
    components(world, names)
    definition = _pipeline(displayName="of the definition")["properties"]
    definition["inputs"] = {"rate": {"jobInputType": "literal", "value": "0.5"},
                            "said": {"jobInputType": "literal", "value": "${{name}}"}}  # fmt: skip
    body = {
        "properties": {
            "action": {"actionType": "CreateJob", "jobDefinition": definition},
            "trigger": {"triggerType": "Cron", "expression": "15 10 * * 1"},
        }
    }
    _send(world, names, "PUT", "{workspace}/schedules/rows-weekly", body, SCHEDULES)
    asked = {"scheduleTime": "2024-02-19T00:00:00"}
    answer = _send(world, names, "POST", "{workspace}/schedules/rows-weekly/trigger", asked)
    names["scheduled"] = answer["submissionId"]
    _ended(world, names, names["scheduled"])


STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (
        cluster,
        components,
        completed_job,
        failed_job,
        running_job,
        cancelled_job,
        command_job,
        scheduled_job,
    )
}
