"""Handlers of experiments and runs."""

from __future__ import annotations

import operator
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from plumbline.emulator.executor.executor import submitter_of
from plumbline.emulator.executor.run import Run
from plumbline.emulator.executor.tracking import experiment_id
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.jobs.place import is_shown
from plumbline.emulator.services.mlflow.access import run_of, workspace_of
from plumbline.emulator.services.mlflow.answer import ENDED, experiment_answer, run_answer, run_info
from plumbline.emulator.services.mlflow.error import MlflowError
from plumbline.emulator.services.mlflow.table import TrackingTable

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_CLAUSE = re.compile(
    r"^\s*(?P<kind>metrics?|params?|parameters?|tags?|attributes?|run)\.[`\"]?(?P<key>[^`\"=<>!]+?)[`\"]?\s*"
    r"(?P<operator>>=|<=|!=|=|>|<)\s*(?P<value>'[^']*'|\"[^\"]*\"|[-+.\deE]+)\s*$",
    re.IGNORECASE,
)


def _experiments(call: Call) -> dict[str, tuple[str, int]]:
    workspace = workspace_of(call)
    found = TrackingTable(call.emulator.store).experiments(workspace.id.lower())
    for run in call.emulator.executor.runs.everything(workspace.id):
        identifier = experiment_id(workspace.id, run.experiment)
        if identifier not in found or found[identifier][1] > run.created_at * 1000:
            found[identifier] = (run.experiment, int(run.created_at * 1000))
    return found


def get_experiment(call: Call) -> Reply:
    """GET experiments/get."""
    identifier = call.query.get("experiment_id", "")
    found = _experiments(call).get(identifier)
    if found is None:
        raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"Could not find experiment with ID {identifier}")
    return Reply(json={"experiment": experiment_answer(identifier, *found)})


def get_experiment_by_name(call: Call) -> Reply:
    """GET experiments/get-by-name."""
    name = call.query.get("experiment_name", "")
    for identifier, (known, created) in _experiments(call).items():
        if known == name:
            return Reply(json={"experiment": experiment_answer(identifier, known, created)})
    raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"Could not find experiment with name {name!r}")


def create_experiment(call: Call) -> Reply:
    """POST experiments/create."""
    name = str(call.json().get("name") or "")
    if not name:
        raise MlflowError("INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'.")
    if any(known == name for known, _ in _experiments(call).values()):
        raise MlflowError("RESOURCE_ALREADY_EXISTS", f"Experiment {name!r} already exists.")
    workspace = workspace_of(call)
    identifier, _ = TrackingTable(call.emulator.store).add_experiment(workspace.id.lower(), name)
    return Reply(json={"experiment_id": identifier})


def search_experiments(call: Call) -> Reply:
    """GET or POST experiments/search, without a filter."""
    found = sorted(_experiments(call).items(), key=lambda one: -one[1][1])
    return Reply(json={"experiments": [experiment_answer(identifier, *rest) for identifier, rest in found]})


def create_run(call: Call) -> Reply:
    """POST runs/create: a run beside the jobs; from within a step, below the step's own."""
    body, workspace = call.json(), workspace_of(call)
    tags = {str(tag["key"]): str(tag.get("value", "")) for tag in body.get("tags") or []}
    parent = tags.get("mlflow.parentRunId", "") or (call.principal.run or "")
    above = run_of(call, parent) if parent else None
    experiments = _experiments(call)
    identifier = str(body.get("experiment_id") or "")
    if above is not None and call.principal.run is not None:
        experiment = above.experiment
    elif identifier in experiments:
        experiment = experiments[identifier][0]
    elif identifier in ("", "0"):
        experiment = "Default"
    else:
        raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"Could not find experiment with ID {identifier}")
    name = str(uuid.uuid4())
    run = Run(
        workspace_id=workspace.id,
        name=name,
        root=above.root if above else name,
        parent=above.name if above else "",
        kind="tracking",
        experiment=experiment,
        status="Running",
        display_name=str(body.get("run_name") or tags.pop("mlflow.runName", "") or name),
        tags=tags,
        started_at=int(body.get("start_time") or time.time() * 1000) / 1000,
        submitter=submitter_of(call.emulator, call.principal),
    )
    call.emulator.executor.runs.insert([run])
    return Reply(json={"run": run_answer(TrackingTable(call.emulator.store), run)})


def get_run(call: Call) -> Reply:
    """GET runs/get."""
    run = run_of(call, call.query.get("run_id") or call.query.get("run_uuid"))
    return Reply(json={"run": run_answer(TrackingTable(call.emulator.store), run)})


def update_run(call: Call) -> Reply:
    """POST runs/update. The status of a job's run is the executor's to set: a client's word for it is let pass."""
    body = call.json()
    run = run_of(call, body.get("run_id") or body.get("run_uuid"))

    def change(one: Run) -> None:
        if body.get("run_name"):
            one.display_name = str(body["run_name"])
        if one.kind == "tracking" and body.get("status"):
            one.status = ENDED.get(body["status"], "Running")
            one.ended_at = int(body.get("end_time") or time.time() * 1000) / 1000 if one.ended else 0.0

    return Reply(
        json={"run_info": run_info(call.emulator.executor.runs.change(run.workspace_id, run.name, change))}
    )


def delete_run(call: Call) -> Reply:
    """POST runs/delete and runs/restore."""
    run = run_of(call, call.json().get("run_id"))
    gone = call.path.endswith("delete")

    def change(one: Run) -> None:
        one.archived = one.hidden = gone

    call.emulator.executor.runs.change(run.workspace_id, run.name, change)
    return Reply(json={})


def log_metric(call: Call) -> Reply:
    """POST runs/log-metric."""
    body = call.json()
    _keep(call, run_of(call, body.get("run_id") or body.get("run_uuid")), metrics=[body])
    return Reply(json={})


def log_parameter(call: Call) -> Reply:
    """POST runs/log-parameter."""
    body = call.json()
    _keep(call, run_of(call, body.get("run_id") or body.get("run_uuid")), params=[body])
    return Reply(json={})


def log_batch(call: Call) -> Reply:
    """POST runs/log-batch: all or nothing."""
    body = call.json()
    _keep(
        call,
        run_of(call, body.get("run_id")),
        metrics=body.get("metrics") or [],
        params=body.get("params") or [],
        tags=body.get("tags") or [],
    )
    return Reply(json={})


def set_tag(call: Call) -> Reply:
    """POST runs/set-tag."""
    body = call.json()
    _keep(call, run_of(call, body.get("run_id") or body.get("run_uuid")), tags=[body])
    return Reply(json={})


def delete_tag(call: Call) -> Reply:
    """POST runs/delete-tag."""
    body = call.json()
    run = run_of(call, body.get("run_id"))

    def change(one: Run) -> None:
        one.tags.pop(str(body.get("key")), None)

    call.emulator.executor.runs.change(run.workspace_id, run.name, change)
    return Reply(json={})


def accept_inputs(call: Call) -> Reply:
    """POST runs/log-inputs and log-model: taken note of by nobody; the run's lineage is the job's."""
    run_of(call, call.json().get("run_id"))
    return Reply(json={})


def _keep(
    call: Call,
    run: Run,
    *,
    metrics: list[dict[str, Any]] | None = None,
    params: list[dict[str, Any]] | None = None,
    tags: list[dict[str, Any]] | None = None,
) -> None:
    table, workspace = TrackingTable(call.emulator.store), run.workspace_id.lower()
    for metric in metrics or []:
        if not metric.get("key"):
            raise MlflowError("INVALID_PARAMETER_VALUE", "Missing value for required parameter 'key'.")
        table.log_metric(workspace, run.name, metric)
    for param in params or []:
        there = table.log_param(workspace, run.name, str(param["key"]), str(param.get("value", "")))
        if there is not None:
            raise MlflowError(
                "INVALID_PARAMETER_VALUE",
                f"Changing param values is not allowed. Param with key='{param['key']}' "
                f"was already logged with value='{there}' for run ID='{run.name}'.",
            )
    if tags:
        new = {str(tag["key"]): str(tag.get("value", "")) for tag in tags}
        name = new.pop("mlflow.runName", "")

        def change(one: Run) -> None:
            one.tags |= new
            one.display_name = name or one.display_name

        call.emulator.executor.runs.change(run.workspace_id, run.name, change)


def metric_history(call: Call) -> Reply:
    """GET metrics/get-history."""
    run = run_of(call, call.query.get("run_id") or call.query.get("run_uuid"))
    values = TrackingTable(call.emulator.store).history(
        run.workspace_id.lower(), run.name, call.query.get("metric_key", "")
    )
    return Reply(json={"metrics": values})


def search_runs(call: Call) -> Reply:
    """POST runs/search, with the filters that compare metrics, params, tags and attributes."""
    body, workspace = call.json(), workspace_of(call)
    wanted = set(body.get("experiment_ids") or [])
    clauses = [
        _clause(part)
        for part in re.split(r"\s+and\s+", str(body.get("filter") or ""), flags=re.IGNORECASE)
        if part.strip()
    ]
    view = str(body.get("run_view_type") or "ACTIVE_ONLY")
    table = TrackingTable(call.emulator.store)
    answers = []
    for run in call.emulator.executor.runs.everything(workspace.id):
        if call.principal.run is not None and call.principal.run not in (run.name, run.parent):
            continue
        if not is_shown(call, run):
            continue
        shown = view == "ALL" or run.archived == (view == "DELETED_ONLY")
        if shown and experiment_id(workspace.id, run.experiment) in wanted:
            answer = run_answer(table, run)
            if all(_matches(answer, clause) for clause in clauses):
                answers.append(answer)
    return Reply(json={"runs": answers[: int(body.get("max_results") or 1000)]})


def _clause(text: str) -> re.Match[str]:
    match = _CLAUSE.match(text)
    if match is None:
        raise MlflowError("INVALID_PARAMETER_VALUE", f"The filter '{text}' is not understood.")
    return match


def _matches(answer: dict[str, Any], clause: re.Match[str]) -> bool:
    kind, key, value = clause["kind"].lower(), clause["key"].strip(), clause["value"]
    if kind.startswith("attribute") or kind == "run":
        found = answer["info"].get(key)
    else:
        rows = answer["data"][
            "metrics" if kind.startswith("metric") else "tags" if kind.startswith("tag") else "params"
        ]
        found = next((row["value"] for row in rows if row["key"] == key), None)
    if found is None:
        return False
    compare = _COMPARISONS[clause["operator"]]
    if value[0] in "'\"":
        return compare(str(found), value[1:-1])
    return isinstance(found, int | float) and compare(float(found), float(value))
