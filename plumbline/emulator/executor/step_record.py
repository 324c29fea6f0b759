"""What evidence needs of a step, gathered while it happens; kept as the artifact system_logs/run_record.json."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any

from plumbline.emulator.executor.environments import BuiltEnvironment
from plumbline.emulator.executor.run import Run, time_text
from plumbline.emulator.executor.step_plan import StepPlan, Uri
from plumbline.emulator.executor.storage import Tree
from plumbline.emulator.executor.supervisor.plan import ProcessEnd


@dataclass
class StepRecord:
    """Grows as the step goes; `as_json` may be asked at any time."""

    plan: StepPlan
    submitter: dict[str, str]
    job_properties: dict[str, str]
    reused_from: str = ""
    reused_seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    _content: dict[str, Any] = field(default_factory=dict)

    def learn(
        self,
        *,
        inputs: dict[str, str | Tree | None],
        code: Tree | None,
        environment: str,
        environment_digest: str,
    ) -> None:
        """Take what is known before anything runs."""
        shown: dict[str, Any] = {}
        for name, value in inputs.items():
            source = self.plan.inputs[name]
            if isinstance(value, Tree):
                shown[name] = {
                    "uri": value.location.uri,
                    "asset": value.location.asset,
                    "digest": value.digest,
                    "bytes": value.size,
                    "files": len(value.files),
                }
                if isinstance(source, Uri):
                    shown[name]["declared"] = source.uri
            else:
                shown[name] = {"value": value}
        self._content |= {
            "component": {"id": self.plan.component_id, "sha256": self.plan.component_sha256},
            "command": {
                "text": self.plan.command,
                "sha256": hashlib.sha256(self.plan.command.encode()).hexdigest(),
            },
            "code": {"id": self.plan.code_id, "digest": code.digest if code else ""},
            "environment": {
                "id": self.plan.environment_id,
                "name": environment,
                "spec_digest": environment_digest,
            },
            "inputs": shown,
            "compute": self.plan.compute_id,
            "submitter": self.submitter,
            "deterministic": self.plan.is_deterministic,
            "job_properties": self.job_properties,
        }

    def built(self, environment: BuiltEnvironment) -> None:
        """Take the environment's lock."""
        self._content["environment"] |= {
            "lock_sha256": hashlib.sha256(environment.lock.encode()).hexdigest(),
            "python": environment.interpreter.version,
            "reused": environment.reused,
        }

    def ended(self, end: ProcessEnd, output_bytes: int) -> None:
        """Take how the processes ended."""
        self._content["process"] = {
            "exit_code": end.exit_code,
            "reason": end.reason,
            "detail": end.detail,
            "left_behind": end.left_behind,
            "output_bytes": output_bytes,
        }

    def finished(
        self,
        *,
        status: str,
        error: dict[str, Any] | None,
        timings: dict[str, int],
        outputs: dict[str, Tree],
        run: Run | None,
    ) -> None:
        """Take the end."""
        self._content |= {
            "status": status,
            "error": error,
            "timings": timings,
            "outputs": {
                name: {
                    "uri": tree.location.uri,
                    "digest": tree.digest,
                    "bytes": tree.size,
                    "files": {file: blob.sha256 for file, blob in sorted(tree.files.items())},
                }
                for name, tree in outputs.items()
            },
        }
        if run is not None:
            self._content |= {
                "run": run.name,
                "job": run.root,
                "path": run.path,
                "created": time_text(run.created_at),
                "started": time_text(run.started_at),
                "ended": time_text(time.time()),
                "properties": run.properties,
            }

    def as_json(self) -> dict[str, Any]:
        """Return the record."""
        reuse = {"run": self.reused_from, "seconds_saved": self.reused_seconds} if self.reused_from else None
        found: dict[str, Any] = json.loads(json.dumps({"schema": 1, **self._content}))
        return {**found, "reused_from": reuse, "warnings": self.warnings}
