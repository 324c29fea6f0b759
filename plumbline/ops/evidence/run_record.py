"""What one step of a run did, as far as its own record and run history say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from plumbline.assets.references import normal_reference
from plumbline.ops.job.outcome import PHASES, error_text
from plumbline.ops.release.live_asset import LiveAsset
from plumbline.ops.run_history import RunHistory, StepRun

# Rests on history-run-record.
# Written by the emulator's executor; Azure has nothing of the kind, and what it alone knows is null there.
RECORD = "system_logs/run_record.json"
LOCK = "system_logs/environment/requirements.lock"


def step_entry(
    history: RunHistory, step: StepRun, component: LiveAsset | None
) -> tuple[dict[str, Any], bytes | None]:
    """A step's entry in the evidence, and the lock of its environment when there is one."""
    details = history.details(step.name)
    ran = history.details(step.reused_from) if step.reused_from else details
    files = ran.get("logFiles") or {}
    record = json.loads(history.log(files[RECORD])) if RECORD in files else {}
    lock = history.log(files[LOCK]).encode() if LOCK in files else None
    timings = record.get("timings") or {}
    seconds = {phase: timings[f"{phase}_ms"] / 1000 for phase in PHASES if f"{phase}_ms" in timings}
    took = round(sum(seconds.values()), 3) if seconds else step.seconds
    environment = record.get("environment") or {}
    entry = {
        "name": step.step,
        "status": step.status,
        "run": step.name,
        "component": component.reference if component else None,
        "content_hash": component.content_hash if component else None,
        "code_hash": component.code_hash if component else None,
        "environment": _environment(component, environment),
        "lock_sha256": environment.get("lock_sha256"),
        "python": environment.get("python"),
        "started_at": _time(step.started_at),
        "ended_at": _time(step.ended_at),
        "seconds": {} if step.reused_from else seconds,
        "total_seconds": 0.0 if step.reused_from else took,
        "reused": {"job": step.reused_job, "run": step.reused_from, "seconds_saved": took}
        if step.reused_from
        else None,
        "inputs": {name: _input(value) for name, value in sorted((record.get("inputs") or {}).items())},
        "outputs": {name: _output(value) for name, value in sorted((record.get("outputs") or {}).items())},
        "error": error_text(details) if step.status == "Failed" else None,
    }
    return entry, lock


def _environment(component: LiveAsset | None, recorded: Mapping[str, Any]) -> str | None:
    if component and component.environment:
        return component.environment.removeprefix("azureml:")
    return recorded.get("name")


def _input(value: Mapping[str, Any]) -> dict[str, Any]:
    if "value" in value:
        return {"value": value["value"]}
    asset = str(value.get("asset") or "")
    return {
        "asset": normal_reference(asset).removeprefix("azureml:") if asset else None,
        "digest": value.get("digest"),
        "bytes": value.get("bytes"),
        "files": value.get("files"),
    }


def _output(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.get(name) for name in ("digest", "bytes", "files")}


def _time(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None
