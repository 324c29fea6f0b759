"""The page of one job: graph, steps with status and timings, links to logs."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from plumbline.emulator.executor.run import Run, time_text
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.jobs.place import workspace_named
from plumbline.emulator.services.mlflow.table import TrackingTable
from plumbline.emulator.services.studio.graph import Box, graph_svg
from plumbline.emulator.services.studio.link import log_url, scope

_REFERENCE = re.compile(r"parent\.jobs\.([^.}]+)\.outputs\.")
_STYLE = """body{font:14px/1.45 system-ui,sans-serif;margin:2rem;color:#222}table{border-collapse:collapse}
td,th{padding:.3rem .8rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}svg{max-width:100%;font:14px
system-ui,sans-serif}pre{background:#f6f6f6;padding:.8rem;white-space:pre-wrap;max-width:70rem}.muted{color:#666}"""
# No script, nothing from elsewhere, and no address of this page in anybody's logs.
_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
}


def job_page(call: Call) -> Reply:
    """GET the page; the address's signature is the right to read it."""
    workspace = workspace_named(call)
    name = call.params["name"]
    call.emulator.sas.check(scope(workspace.id), name, call.query, needs="r")
    runs = call.emulator.executor.runs
    job = runs.get(workspace.id, name)
    if job is None:
        return Reply(status=404, body=b"There is no such job.", headers={"content-type": "text/plain"})
    below = [run for run in runs.below(workspace.id, name) if run.kind in ("step", "group", "sweep_step")]
    steps = [run for run in below if run.kind in ("step", "sweep_step")] or (
        [job] if job.kind == "command" else []
    )
    return Reply(body=_page(call, job, steps).encode(), headers=_HEADERS)


def _page(call: Call, job: Run, steps: list[Run]) -> str:
    boxes = [
        Box(path=run.path, title=run.path or run.display_name, status=run.status, note=_note(run))
        for run in steps
    ]
    edges = {run.path: _reads(run) for run in steps}
    refresh = "" if job.ended else '<meta http-equiv="refresh" content="3">'
    error = f"<pre>{escape(job.error['error']['message'])}</pre>" if job.error else ""
    rows = "".join(_row(call, run) for run in steps)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(job.display_name)}</title>{refresh}'
        f"<style>{_STYLE}</style></head><body><h1>{escape(job.display_name)}</h1><p><b>{escape(job.status)}</b> "
        f'<span class="muted">job {escape(job.name)}, experiment {escape(job.experiment)}, submitted by '
        f"{escape(job.submitter.get('display_name', ''))} at {time_text(job.created_at)}</span></p>{error}"
        f"{graph_svg(boxes, edges)}<table><tr><th>step</th><th>status</th><th>queued</th><th>preparing</th><th>running"
        f"</th><th>uploading</th><th>metrics</th><th>logs</th><th>warnings</th></tr>{rows}</table>"
        '<p class="muted">Plumbline emulator: a read-only view.</p></body></html>'
    )


def _row(call: Call, run: Run) -> str:
    times = "".join(
        f"<td>{_milliseconds(run, name)}</td>" for name in ("queued", "preparing", "running", "uploading")
    )
    metrics = TrackingTable(call.emulator.store).latest(run.workspace_id.lower(), run.name)
    shown = "<br>".join(f"{escape(one['key'])} = {escape(str(one['value']))}" for one in metrics[:20])
    logs = "<br>".join(
        f'<a href="{escape(log_url(call.emulator, run, path))}">{escape(path)}</a>' for path in run.logs
    )
    warnings = "<br>".join(escape(one) for one in run.warnings)
    reused = " (reused)" if run.properties.get("azureml.isreused") == "true" else ""
    return (
        f"<tr><td>{escape(run.path or run.display_name)}</td><td>{escape(run.status)}{reused}</td>{times}"
        f"<td>{shown}</td><td>{logs}</td><td>{warnings}</td></tr>"
    )


def _milliseconds(run: Run, name: str) -> str:
    value = run.timings.get(f"{name}_ms")
    return "" if value is None else f"{value / 1000:.2f} s"


def _note(run: Run) -> str:
    if run.properties.get("azureml.isreused") == "true":
        return "reused"
    return f"{sum(run.timings.values()) / 1000:.1f} s" if run.timings else ""


def _reads(run: Run) -> set[str]:
    uris: list[Any] = [value.get("uri", "") for value in run.inputs.values()]
    return {match for uri in uris for match in _REFERENCE.findall(str(uri))}
