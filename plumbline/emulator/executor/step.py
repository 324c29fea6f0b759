"""Carries one step from its inputs to its outputs: look for equal results, wait for nodes, prepare, run, upload."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumbline.emulator.executor import binding, overlay
from plumbline.emulator.executor.assets import is_serverless
from plumbline.emulator.executor.conda import EnvironmentSpec, EnvironmentUnreadable
from plumbline.emulator.executor.environments import BuildFailed, BuiltEnvironment
from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.process import ProcessId
from plumbline.emulator.executor.quota import Withdrawn
from plumbline.emulator.executor.reuse import reuse_key
from plumbline.emulator.executor.run import Run
from plumbline.emulator.executor.step_error import StepFailed, error_body, exit_message
from plumbline.emulator.executor.step_folder import StepFolder, base_variables
from plumbline.emulator.executor.step_inputs import resolve_inputs
from plumbline.emulator.executor.step_outputs import StepOutputs
from plumbline.emulator.executor.step_plan import StepPlan
from plumbline.emulator.executor.step_processes import StepProcesses
from plumbline.emulator.executor.step_record import StepRecord
from plumbline.emulator.executor.step_times import StepTimes
from plumbline.emulator.executor.storage import Tree, Unreachable
from plumbline.emulator.executor.supervisor.plan import ProcessEnd
from plumbline.emulator.executor.tracking import tracking_variables
from plumbline.emulator.store import Resource

if TYPE_CHECKING:
    from plumbline.emulator.executor.job import JobExecution

_log = logging.getLogger("plumbline.emulator.executor")


class Canceled(Exception):
    """Somebody ended the step."""


class StepExecution:
    """One step of one job, on a thread of its own."""

    def __init__(self, parts: ExecutorParts, job: JobExecution, plan: StepPlan, name: str) -> None:
        """Args: name: of the run."""
        self.plan = plan
        self.name = name
        self.outputs: dict[str, Tree] = {}
        self._parts = parts
        self._job = job
        self._workspace: Resource = job.workspace
        self._folder = StepFolder(root=parts.folder / name)
        self._record = StepRecord(plan=plan, submitter=job.submitter, job_properties=job.properties)
        self._processes = StepProcesses(parts, plan, self._folder, name)
        self._kept = StepOutputs(
            parts, job.workspace, plan, self._folder, name=name, default_datastore=job.plan.default_datastore
        )
        self._cancel_reason = ""
        self._times = StepTimes()

    @property
    def reused(self) -> bool:
        """Say whether earlier results were taken."""
        return self._record.reused_from != ""

    def cancel(self, reason: str) -> None:
        """End it, wherever it is."""
        self._cancel_reason = self._cancel_reason or reason
        self._parts.quota.withdraw(self.name)
        self._processes.cancel()

    def execute(self) -> str:
        """Run to the end and return the status it ended with."""
        self._times.mark("ready")
        try:
            self._go()
            status, error = "Completed", None
        except (Canceled, Withdrawn):
            status, error = self._canceled_as()
        except StepFailed as failure:
            status, error = "Failed", failure.error
        except (Unreachable, EnvironmentUnreadable) as failure:
            status, error = "Failed", error_body("UserError", str(failure))
        except Exception as bug:  # noqa: BLE001  the thread's outermost edge: one step's bug must not leave its job hanging
            _log.exception("step %s: this is a bug in the emulator", self.name)
            status, error = "Failed", error_body("ServiceError", f"This is a bug in the emulator: {bug!r}")
        try:
            self._end(status, error)
        finally:
            # Only now: uploading is the node's work too.
            if self._held:
                self._parts.quota.release(self._held, self.plan.instance_count)
        return status

    def _canceled_as(self) -> tuple[str, dict[str, Any] | None]:
        if self._cancel_reason == "stopped":
            return "Failed", error_body(
                "SystemError", "The emulator was stopped while this step ran.", "stopped"
            )
        return "Canceled", error_body("UserError", "The step was canceled.", "canceled")

    def _go(self) -> None:
        inputs = resolve_inputs(self._parts.storage, self._job, self.plan, self._warn)
        label, spec = self._parts.assets.environment_spec(self._workspace, self.plan.environment_id)
        location = self._parts.assets.code_location(self._workspace, self.plan.code_id)
        code = self._parts.storage.tree(location) if location else None
        self._record.learn(inputs=inputs, code=code, environment=label, environment_digest=spec.digest)
        key = reuse_key(self.plan, code=code, environment_digest=spec.digest, inputs=inputs)
        if self.plan.is_deterministic and not self._job.plan.force_rerun and self._reuse(key):
            return
        self._check_canceled()
        self._set("Queued")
        compute = self._compute_key()
        self._parts.quota.acquire(self.name, compute, self.plan.instance_count)
        self._held = compute
        self._times.mark("granted")
        self._set("Preparing")
        built = self._build(label, spec)
        end = self._run(inputs, code, built)
        if end.exit_code != 0 or end.reason:
            self._check_canceled()
            log = self._folder.artifacts / "user_logs" / self._failed_log
            raise StepFailed(exit_message(end, log, label), reason=end.reason or "exit")
        if self.plan.is_deterministic:
            self._parts.runs.remember(self._workspace.id, key, self.name)

    # -- before

    def _reuse(self, key: str) -> bool:
        earlier = self._parts.runs.recall(self._workspace.id, key)
        if earlier is None or earlier.status != "Completed":
            return False
        trees: dict[str, Tree] = {}
        for name, kept in earlier.outputs.items():
            tree = self._parts.storage.tree(self._parts.storage.locate(self._workspace, kept["uri"]))
            if tree.digest != kept["digest"]:
                return False  # somebody changed or removed them since
            trees[name] = tree
        self.outputs = trees
        self._record.reused_from = earlier.name
        self._record.reused_seconds = sum(earlier.timings.values()) / 1000

        def take(run: Run) -> None:
            run.outputs = earlier.outputs
            run.started_at = time.time()
            run.properties |= {
                "azureml.isreused": "true",
                "azureml.reusedrunid": earlier.name,
                "azureml.reusedpipelinerunid": earlier.root,
                "azureml.reusednodeid": earlier.path,
            }

        self._change(take)
        return True

    def _compute_key(self) -> str:
        if is_serverless(self.plan.compute_id):
            return "serverless"
        compute = self._parts.assets.compute(self._workspace, self.plan.compute_id)
        if compute is None:
            raise StepFailed(f"compute '{self.plan.compute_id}' does not exist any more.", reason="compute")
        return compute.id

    def _build(self, label: str, spec: EnvironmentSpec) -> BuiltEnvironment:
        self._folder.create(self._parts.emulator.settings.ca_path)
        logs = self._folder.artifacts / "system_logs" / "environment"
        logs.mkdir()
        try:
            built = self._parts.environments.build(
                spec, label=label, canceled=lambda: self._cancel_reason != ""
            )
        except BuildFailed as failure:
            (logs / "build.log").write_text(failure.log)
            self._check_canceled()
            raise StepFailed(str(failure), reason="environment") from failure
        (logs / "build.log").write_text(built.log)
        (logs / "requirements.lock").write_text(built.lock)
        self._record.built(built)
        for warning in built.warnings:
            self._warn(warning)
        return built

    # -- run

    def _run(
        self, inputs: dict[str, str | Tree | None], code: Tree | None, built: BuiltEnvironment
    ) -> ProcessEnd:
        storage, folder, linked = self._parts.storage, self._folder, self._parts.landlock > 0
        if code is not None:
            storage.fetch(code, folder.work, link=False)
        for kept in ("outputs", "logs"):
            (folder.work / kept).mkdir(exist_ok=True)
        paths = {
            name: value
            if isinstance(value, str) or value is None
            else str(storage.fetch(value, folder.inputs / name, link=linked))
            for name, value in inputs.items()
        }
        outputs = self._kept.paths()
        binaries = overlay.create(folder.environment, base=built.folder, interpreter=built.interpreter)
        variables, token = self._variables(binaries, paths, outputs)
        command = binding.fill_command(self.plan.command, paths, outputs)
        if not linked:
            self._warn("this machine has no Landlock: the step could read and write beyond its own folders")
        self._times.mark("prepared")
        end = self._run_processes(command, variables, token, built)
        self._times.mark("ran")
        self._set("Finalizing")
        self._collect(outputs, end)
        return end

    def _variables(
        self, binaries: Path, inputs: dict[str, str | None], outputs: dict[str, str]
    ) -> tuple[dict[str, str], str]:
        """Return what the step finds in its environment, and the token of its own that is among it."""
        run = self._parts.runs.get(self._workspace.id, self.name)
        assert run is not None
        tracking, token = tracking_variables(
            self._parts.emulator, self._workspace, run, str(self._folder.certificates)
        )
        variables = {
            **base_variables(self._folder, binaries),
            **tracking,
            **{f"AZURE_ML_INPUT_{name}": value for name, value in inputs.items() if value is not None},
            **{f"AZURE_ML_OUTPUT_{name}": value for name, value in outputs.items()},
            **{
                name: binding.fill(value, lambda parts: _value_of(parts, inputs, outputs))
                for name, value in self.plan.environment_variables.items()
            },
        }
        return variables, token

    def _run_processes(
        self, command: str, variables: dict[str, str], token: str, built: BuiltEnvironment
    ) -> ProcessEnd:
        if not self._processes.start(command, variables, token, built):
            raise Canceled
        names = self._processes.logs
        self._set("Running", logs=[f"user_logs/{name}" for name in names])
        ends = self._processes.wait(self._note_processes)
        worst = next((index for index, end in enumerate(ends) if end.exit_code or end.reason), 0)
        self._failed_log = names[worst]
        for end in ends:
            if end.exit_code == 0 and end.has_traceback:
                self._warn("the step exited with 0, but its log has a traceback")
            if end.left_behind:
                self._warn(f"{end.left_behind} process(es) were left behind and ended")
        self._record.ended(ends[worst], sum(end.output_bytes for end in ends))
        return ends[worst]

    def _note_processes(self, supervisor: ProcessId, process: ProcessId) -> None:
        # Kept, so that the next emulator can end them if this one is killed.
        found = [{"pid": one.pid, "started": one.started} for one in (supervisor, process)]
        self._change(lambda run: run.processes.extend(found))

    # -- after

    def _collect(self, paths: dict[str, str], end: ProcessEnd) -> None:
        """Keep the outputs, those of a failed step too: they tell why."""
        self.outputs, kept = self._kept.collect(paths)
        if end.exit_code == 0 and not end.reason:
            for name, tree in self.outputs.items():
                if not tree.files:
                    self._warn(f"output {name} is empty")
        self._change(lambda run: run.outputs.update(kept))

    def _end(self, status: str, error: dict[str, Any] | None) -> None:
        self._times.mark("ended")
        timings = self._times.milliseconds()
        logs = self._keep_artifacts(status, error, timings)

        def finish(run: Run) -> None:
            run.status, run.error, run.timings, run.processes = status, error, timings, []
            run.ended_at = time.time()
            run.started_at = run.started_at or run.ended_at
            run.record = self._record.as_json()
            run.logs = logs or run.logs

        self._change(finish)
        self._folder.clear(logs_too=bool(logs))

    def _keep_artifacts(
        self, status: str, error: dict[str, Any] | None, timings: dict[str, int]
    ) -> list[str]:
        self._record.finished(
            status=status,
            error=error,
            timings=timings,
            outputs=self.outputs,
            run=self._parts.runs.get(self._workspace.id, self.name),
        )
        system = self._folder.artifacts / "system_logs"
        system.mkdir(parents=True, exist_ok=True)
        (system / "run_record.json").write_text(json.dumps(self._record.as_json(), indent=1))
        try:
            return self._kept.keep_artifacts()
        except Unreachable as failure:
            _log.warning("run %s: its logs are not kept: %s", self.name, failure)
            return []

    # -- bookkeeping

    def _set(self, status: str, logs: list[str] | None = None) -> None:
        self._check_canceled()

        def move(run: Run) -> None:
            run.status = status
            if status == "Preparing":
                run.started_at = time.time()
            run.logs = logs or run.logs

        self._change(move)
        self._job.step_moved(self, status)

    def _change(self, change: Any) -> None:
        self._parts.runs.change(self._workspace.id, self.name, change)

    def _warn(self, text: str) -> None:
        self._change(lambda run: run.warnings.append(text))
        self._record.warnings.append(text)

    def _check_canceled(self) -> None:
        if self._cancel_reason:
            raise Canceled

    _failed_log = "std_log.txt"
    _held = ""


def _value_of(parts: tuple[str, ...], inputs: dict[str, str | None], outputs: dict[str, str]) -> str | None:
    if parts[0] == "inputs" and len(parts) > 1:
        return inputs.get(parts[1]) or ""
    return outputs.get(parts[1]) if parts[0] == "outputs" and len(parts) > 1 else None
