"""Artifacts through the server: MLflow's `mlflow-artifacts` routes over the artifact store's blobs."""

from __future__ import annotations

import mimetypes
import re
from pathlib import PurePosixPath

from plumbline.emulator.executor.run import Run
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.blob.blobs import blobs_of
from plumbline.emulator.services.mlflow.access import run_of
from plumbline.emulator.services.mlflow.answer import artifact_root
from plumbline.emulator.services.mlflow.error import MlflowError
from plumbline.emulator.store import Resource

_PATH = re.compile(r"^/?ExperimentRun/dcid\.(?P<run>[^/]+)/?(?P<path>.*)$")
# Written by the executor alone: evidence is made of them.
_PROTECTED = ("system_logs/", "user_logs/", "logs/azureml/")


async def put_artifact(call: Call) -> Reply:
    """PUT mlflow-artifacts/artifacts/{path}."""
    run, path = _named(call, call.params["path"])
    if not path or ".." in PurePosixPath(path).parts:
        raise MlflowError("INVALID_PARAMETER_VALUE", f"Invalid artifact path: '{path}'.")
    if path.startswith(_PROTECTED):
        raise MlflowError("PERMISSION_DENIED", f"'{path}' is written by the service only.")
    blobs = blobs_of(call.emulator)
    where = call.emulator.executor.storage.artifacts(_workspace(call, run), run.name)
    content = await blobs.content.receive(call.stream())
    kind = call.headers.get("content-type", "application/octet-stream")
    blobs.put(where.container, f"{where.prefix}/{path}", content, headers={"content-type": kind})
    return Reply(json={})


def get_artifact(call: Call) -> Reply:
    """GET mlflow-artifacts/artifacts/{path}: one file."""
    run, path = _named(call, call.params["path"])
    where = call.emulator.executor.storage.artifacts(_workspace(call, run), run.name)
    blob = blobs_of(call.emulator).find(where.container, f"{where.prefix}/{path}")
    if blob is None:
        raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"No such artifact: '{path}'")
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return Reply(
        file=blobs_of(call.emulator).path(blob),
        headers={
            "content-type": kind,
            "content-disposition": f'attachment; filename="{PurePosixPath(path).name}"',
            "x-content-type-options": "nosniff",
        },
    )


def list_proxied(call: Call) -> Reply:
    """GET mlflow-artifacts/artifacts?path=: names relative to the path."""
    run, path = _named(call, call.query.get("path", ""))
    return Reply(json={"files": _files(call, run, path, relative=True)})


def list_of_run(call: Call) -> Reply:
    """GET artifacts/list?run_id=&path=: names relative to the run."""
    run = run_of(call, call.query.get("run_id"))
    files = _files(call, run, call.query.get("path", ""), relative=False)
    return Reply(json={"root_uri": f"mlflow-artifacts:/{artifact_root(run)}", "files": files})


def delete_artifact(call: Call) -> Reply:
    """DELETE mlflow-artifacts/artifacts/{path}: evidence stays."""
    _named(call, call.params["path"])
    raise MlflowError("PERMISSION_DENIED", "Artifacts of a run are kept.")


def _files(call: Call, run: Run, path: str, *, relative: bool) -> list[dict[str, object]]:
    where = call.emulator.executor.storage.artifacts(_workspace(call, run), run.name)
    folder = "/".join(part for part in (where.prefix, path.strip("/")) if part) + "/"
    lead = "" if relative or not path.strip("/") else path.strip("/") + "/"
    found: dict[str, dict[str, object]] = {}
    for blob in blobs_of(call.emulator).list(where.container, folder):
        name, _, rest = blob.name[len(folder) :].partition("/")
        if rest:
            found[name] = {"path": f"{lead}{name}", "is_dir": True}
        else:
            found[name] = {"path": f"{lead}{name}", "is_dir": False, "file_size": blob.size}
    return [found[name] for name in sorted(found)]


def _named(call: Call, path: str) -> tuple[Run, str]:
    match = _PATH.match(path)
    if match is None:
        raise MlflowError("PERMISSION_DENIED", f"Artifacts lie below ExperimentRun/dcid.RUN, got '{path}'.")
    return run_of(call, match["run"]), match["path"]


def _workspace(call: Call, run: Run) -> Resource:
    found = call.emulator.store.get(run.workspace_id)
    assert found is not None, "the path's workspace was found before"
    return found
