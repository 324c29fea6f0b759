"""Routes of run history, of artifacts' contents and of resolved output addresses."""

from __future__ import annotations

from collections.abc import Callable

from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.machine_learning.asset_place import PROVIDER, WORKSPACE, WORKSPACE_PATH
from plumbline.emulator.services.run_history import handlers

_HISTORY = f"/history/v1.0{WORKSPACE_PATH}"
_RUNS = f"{PROVIDER}/workspaces/experiments/runs"
_FORMS = ("", "/experiments/{experiment}", "/experimentids/{experiment}")


def _route(method: str, path: str, handler: Callable[[Call], Reply], verb: str) -> Route:
    return Route(
        method=method,
        path=path,
        handler=handler,
        audience="arm",
        action=f"{_RUNS}/{verb}",
        scope=WORKSPACE.id,
        logged=False,
    )


ROUTES = [
    *(_route("GET", f"{_HISTORY}{form}/runs/{{name}}", handlers.get_run, "read") for form in _FORMS),
    *(
        _route("GET", f"{_HISTORY}{form}/runs/{{name}}/details", handlers.get_details, "read")
        for form in _FORMS
    ),
    *(
        _route("GET", f"{_HISTORY}{form}/runs/{{name}}/children", handlers.get_children, "read")
        for form in _FORMS
    ),
    *(_route("PATCH", f"{_HISTORY}{form}/runs/{{name}}", handlers.patch_run, "write") for form in _FORMS),
    *(
        _route("POST", f"{_HISTORY}{form}/runs/{{name}}/cancel", handlers.cancel_run, "write")
        for form in _FORMS[1:]
    ),
    _route("POST", f"{_HISTORY}/rundata", handlers.run_data, "read"),
    _route(
        "POST", f"/data/v1.0{WORKSPACE_PATH}/dataversion/batchGetResolvedUris", handlers.resolve_uris, "read"
    ),
    Route(
        method="GET",
        path=f"/artifacts{WORKSPACE_PATH}/runs/{{name}}/contents/{{file:path}}",
        handler=handlers.get_artifact,
        audience="none",
        logged=False,
    ),
]
