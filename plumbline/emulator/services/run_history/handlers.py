"""Handlers of run history and of the data plane's addresses of outputs."""

from __future__ import annotations

import mimetypes
from dataclasses import replace
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.executor.run import Run
from plumbline.emulator.executor.storage import Unreachable
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.blob.blobs import blobs_of
from plumbline.emulator.services.jobs.handlers import cancel_job, find_run
from plumbline.emulator.services.jobs.place import is_shown, workspace_named
from plumbline.emulator.services.jobs.run_properties import add_properties
from plumbline.emulator.services.run_history.answer import details_answer, run_answer
from plumbline.emulator.services.run_history.inner_graph import graph_of, named_graph
from plumbline.emulator.services.run_history.outputs import (
    output_address,
    output_of,
    outputs_answer,
    type_name,
)
from plumbline.emulator.services.studio.link import scope


def get_run(call: Call) -> Reply:
    """GET runs/{name}."""
    return Reply(json=run_answer(call, _graph(call) or find_run(call)))


def get_details(call: Call) -> Reply:
    """GET runs/{name}/details: what `jobs.stream` polls."""
    return Reply(json=details_answer(call, find_run(call)))


def get_children(call: Call) -> Reply:
    """GET runs/{name}/children, oldest first: a step has its row only once it was scheduled."""
    graph = _graph(call)
    run = find_run(call) if graph is None else graph
    if (inner := graph_of(call, run)) is not None and graph is None:
        return Reply(json={"value": [run_answer(call, inner)]})
    above = run.parent if graph is not None else run.name
    found = [
        replace(one, parent=run.name) for one in call.emulator.executor.runs.children(run.workspace_id, above)
    ]
    children = sorted(
        (one for one in found if is_shown(call, one)), key=lambda one: one.scheduled_at or one.created_at
    )
    top = call.query.get("$top", "")
    if top.isdigit():
        children = children[: int(top)]
    return Reply(json={"value": [run_answer(call, child) for child in children]})


def _graph(call: Call) -> Run | None:
    return named_graph(call, workspace_named(call).id, call.params["name"])


def run_data(call: Call) -> Reply:
    """POST rundata: the run with its outputs, which `jobs.download` resolves."""
    workspace = workspace_named(call)
    run = call.emulator.executor.runs.get(workspace.id, str(call.json().get("runId", "")))
    if run is None or not is_shown(call, run):
        raise AzureError(404, "UserError", f"Run {call.json().get('runId')} was not found.", "runId")
    metadata = run_answer(call, run) | {"outputs": outputs_answer(call, workspace, run)}
    return Reply(json={"runMetadata": metadata, "runDefinition": {}, "jobSpecification": {}})


def patch_run(call: Call) -> Reply:
    """PATCH runs/{name}: display name, tags, description, hidden; properties are added, never changed."""
    run, body = find_run(call), call.json()

    def change(one: Run) -> None:
        one.display_name = body.get("displayName") or body.get("display_name") or one.display_name
        one.description = body.get("description") or one.description
        if body.get("tags") is not None:
            one.tags = {key: str(value) for key, value in body["tags"].items()}
        if body.get("properties"):
            add_properties(one, body["properties"])
        if body.get("hidden") is not None:
            one.hidden = one.archived = bool(body["hidden"])

    return Reply(
        json=run_answer(call, call.emulator.executor.runs.change(run.workspace_id, run.name, change))
    )


def cancel_run(call: Call) -> Reply:
    """POST runs/{name}/cancel; of a run that has ended it changes nothing."""
    if not find_run(call).ended:
        cancel_job(call)
    return get_run(call)


def resolve_uris(call: Call) -> Reply:
    """POST dataversion/batchGetResolvedUris: from asset ids to datastore addresses in their long form."""
    workspace = workspace_named(call)
    parts = workspace.id.split("/")
    base = f"azureml://subscriptions/{parts[2]}/resourcegroups/{parts[4]}/workspaces/{workspace.name}"
    executor = call.emulator.executor
    values: dict[str, Any] = {}
    for asset_id in call.json().get("values") or []:
        named = output_of(asset_id)
        run = executor.runs.get(workspace.id, named[0]) if named else None
        kept = output_address(run, named[1]) if run is not None and named is not None else None
        if kept is None:
            try:
                kept = executor.storage.locate(workspace, asset_id).uri, "uri_folder"
            except Unreachable as error:
                raise AzureError(404, "UserError", str(error), "values") from error
        uri, kind = kept
        short = uri.removeprefix("azureml://")
        values[asset_id] = {
            "uri": f"{base}/{short}" if short.startswith("datastores/") else uri,
            "type": type_name(call, kind),
            "legacyDatasetType": None,
        }
    return Reply(json={"values": values})


def get_artifact(call: Call) -> Reply:
    """GET a log or artifact by its signed address; of a running step as far as it goes."""
    workspace = workspace_named(call)
    name, path = call.params["name"], call.params["file"]
    call.emulator.sas.check(scope(workspace.id), f"{name}/{path}", call.query, needs="r")
    executor = call.emulator.executor
    kind = mimetypes.guess_type(path)[0] or "text/plain"
    kind = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    local = executor.parts.folder / name / "artifacts" / path
    if local.is_file() and local.resolve().is_relative_to((executor.parts.folder / name).resolve()):
        # A snapshot: the file may grow while it is sent, and its length was said before.
        return Reply(body=local.read_bytes(), headers={"content-type": kind})
    where = executor.storage.artifacts(workspace, name)
    blob = blobs_of(call.emulator).find(where.container, f"{where.prefix}/{path}")
    if blob is None:
        raise AzureError(404, "UserError", f"Run {name} has no artifact {path}.", "path")
    return Reply(file=blobs_of(call.emulator).path(blob), headers={"content-type": kind})
