"""Carries one step from its inputs to its outputs: look for equal results, wait for nodes, prepare, run, upload."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from plumbline.emulator.executor import binding, overlay
from plumbline.emulator.executor.assets import is_serverless
from plumbline.emulator.executor.blob_writer import LeftOut
from plumbline.emulator.executor.conda import EnvironmentSpec, EnvironmentUnreadable
from plumbline.emulator.executor.environments import BuildFailed, BuiltEnvironment
from plumbline.emulator.executor.output_assets import OutputAssets
from plumbline.emulator.executor.parallel_report import parallel_warnings, prepare_driver
from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.plain_folder import plain_folder
from plumbline.emulator.executor.process import ProcessId
from plumbline.emulator.executor.quota import Withdrawn
from plumbline.emulator.executor.reuse import reuse_key
from plumbline.emulator.executor.run import Run
from plumbline.emulator.executor.step_end import StepEnd, canceled_end
from plumbline.emulator.executor.step_error import StepFailed, error_body, exit_message
from plumbline.emulator.executor.step_folder import StepFolder
from plumbline.emulator.executor.step_inputs import resolve_inputs, with_addresses
from plumbline.emulator.executor.step_outputs import StepOutputs
from plumbline.emulator.executor.step_plan import StepPlan
from plumbline.emulator.executor.step_processes import StepProcesses, worst_of
from plumbline.emulator.executor.step_record import StepRecord
from plumbline.emulator.executor.step_reuse import earlier_results, take_results
from plumbline.emulator.executor.step_times import StepTimes
from plumbline.emulator.executor.step_variables import step_variables
from plumbline.emulator.executor.storage import Tree, Unreachable
from plumbline.emulator.executor.supervisor.plan import ProcessEnd
from plumbline.emulator.store import Resource

if TYPE_CHECKING:
    from plumbline.emulator.executor.job import JobExecution

_TWIN_SECONDS = 0.1
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
        self._folder = StepFolder(root=plain_folder(parts.folder) / name)
        self._record = StepRecord(
            plan=plan, submitter=job.submitter, job_properties=job.properties, warnings=[*plan.notes]
        )
        self._processes = StepProcesses(parts, plan, self._folder, name)
        self._kept = StepOutputs(
            parts, job.workspace, plan, self._folder, name=name, job=job.name,
            default_datastore=job.plan.default_datastore,
        )  # fmt: skip
        self._end = StepEnd(
            runs=parts.runs, workspace_id=job.workspace.id, name=name, record=self._record, kept=self._kept,
            folder=self._folder,
        )  # fmt: skip
        self._assets = OutputAssets(parts, job.workspace)
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
        """Run to the end and return the status it ended with; whatever happens, it does not raise."""
        self._times.mark("ready")
        status, error = self._outcome()
        self._times.mark("ended")
        try:
            self._end.write(status, error, self._times.milliseconds(), self.outputs)
        except Exception as bug:  # noqa: BLE001  a bug while the step ends must not leave its job hanging
            _log.exception("step %s: its end could not be written", self.name)
            status, error = (
                "Failed",
                error_body("SystemError", f"The step's end could not be written: {bug!r}"),
            )
            with contextlib.suppress(sqlite3.Error):  # no room for a word: the next start tells the end
                self._end.write_plainly(status, error)
        finally:
            self._parts.identities.forget(self._secret)
            # Only now: uploading is the node's work too.
            if self._held:
                self._parts.quota.release(self._held, self.plan.instance_count)
        return status

    def _outcome(self) -> tuple[str, dict[str, Any] | None]:
        try:
            self._go()
            return "Completed", None
        except (Canceled, Withdrawn):
            return canceled_end(self._cancel_reason)
        except StepFailed as failure:
            return "Failed", failure.error
        except (Unreachable, EnvironmentUnreadable, LeftOut) as failure:
            return "Failed", error_body("UserError", str(failure))
        except OSError as failure:
            return "Failed", error_body(
                "SystemError", f"The emulator's machine refused a file: {failure}", "files"
            )
        except Exception as bug:  # noqa: BLE001  the thread's outermost edge: one step's bug must not leave its job hanging
            _log.exception("step %s: this is a bug in the emulator", self.name)
            return "Failed", error_body("ServiceError", f"This is a bug in the emulator: {bug!r}")

    def _go(self) -> None:
        inputs = resolve_inputs(self._parts.storage, self._job, self.plan, self.name, self._warn)
        label, spec = self._parts.assets.environment_spec(self._workspace, self.plan.environment_id)
        location = self._parts.assets.code_location(self._workspace, self.plan.code_id)
        code = self._parts.storage.tree(location) if location else None
        self._record.learn(inputs=inputs, code=code, environment=label, environment_digest=spec.digest)
        given, deciding = with_addresses(self.plan, inputs)
        key = reuse_key(self.plan, code=code, environment_digest=spec.digest, inputs=deciding)
        if self.plan.is_deterministic and not self._job.plan.force_rerun and self._reuse(key):
            self._assets.register_all(self.name, self.plan, self.outputs)
            return
        self._check_canceled()
        self._set("Queued")
        compute = self._compute_key()
        self._parts.quota.acquire(
            self.name, compute, self.plan.instance_count, withdrawn=lambda: self._cancel_reason != ""
        )
        self._held = compute
        self._times.mark("granted")
        self._set("Preparing")
        built = self._build(label, spec)
        end = self._run(given, code, built)
        if end.exit_code != 0 or end.reason:
            self._check_canceled()
            log = self._folder.artifacts / "user_logs" / self._failed_log
            raise StepFailed(exit_message(end, log, label), reason=end.reason or "exit")
        self._assets.register_all(self.name, self.plan, self.outputs)
        if self.plan.is_deterministic:
            self._parts.runs.remember(self._workspace.id, key, self.name)

    # -- before

    def _reuse(self, key: str) -> bool:
        while (found := earlier_results(self._parts, self._workspace, key)) is None:
            twin = self._job.twins.before(key, self.plan.path)
            if twin is None:
                return False
            while not twin.wait(_TWIN_SECONDS):
                self._check_canceled()
        earlier, self.outputs = found
        self._record.reused_from = earlier.name
        self._record.reused_seconds = sum(earlier.timings.values()) / 1000
        self._change(partial(take_results, earlier=earlier))
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
        if self.plan.driver:
            prepare_driver(self.plan, folder, paths)
        binaries = overlay.create(folder.environment, base=built.folder, interpreter=built.interpreter)
        run = self._parts.runs.get(self._workspace.id, self.name)
        assert run is not None, "a step that runs has a run"
        variables, token = step_variables(
            self._parts, self._workspace, run, self.plan, folder, binaries=binaries, inputs=paths, outputs=outputs
        )  # fmt: skip
        own, self._secret = self._parts.identities.variables(self._workspace, self.plan, folder.certificates)
        variables |= own
        if self.plan.identity.get("type") == "managed" and not own:
            self._warn("the step asks for a managed identity and its compute has none: it runs without one")
        command = binding.fill_command(self.plan.command, paths, outputs)
        if not linked:
            self._warn("this machine has no Landlock: the step could read and write beyond its own folders")
        self._times.mark("prepared")
        end = self._run_processes(command, variables, token, built)
        self._times.mark("ran")
        self._set("Finalizing")
        self._collect(outputs, end)
        return end

    def _run_processes(
        self, command: str, variables: dict[str, str], token: str, built: BuiltEnvironment
    ) -> ProcessEnd:
        try:
            if not self._processes.start(command, variables, token, built):
                raise Canceled
            names = self._processes.logs
            self._set("Running", logs=[f"user_logs/{name}" for name in names])
        except BaseException:
            self._processes.abandon()
            raise
        ends = self._processes.wait(self._note_processes)
        worst = worst_of(ends)
        self._failed_log = names[worst]
        for end in ends:
            if end.exit_code == 0 and end.has_traceback:
                self._warn("the step exited with 0, but its log has a traceback")
            if end.left_behind:
                self._warn(f"{end.left_behind} process(es) were left behind and ended")
        self._record.ended(ends[worst], sum(end.output_bytes for end in ends))
        for warning in parallel_warnings(self._folder) if self.plan.driver else ():
            self._warn(warning)
        return ends[worst]

    def _note_processes(self, supervisor: ProcessId, process: ProcessId) -> None:
        # Kept, so that the next emulator can end them if this one is killed.
        found = [{"pid": one.pid, "started": one.started} for one in (supervisor, process)]
        with contextlib.suppress(KeyError, sqlite3.Error):  # a full disk: the step runs all the same
            self._change(lambda run: run.processes.extend(found))

    # -- after

    def _collect(self, paths: dict[str, str], end: ProcessEnd) -> None:
        """Keep the outputs, those of a failed step too: they tell why."""
        ended_well = end.exit_code == 0 and not end.reason
        try:
            self.outputs, kept = self._kept.collect(paths)
            self._change(lambda run: run.outputs.update(kept))
        except (StepFailed, OSError, sqlite3.Error) as failure:
            if not ended_well:
                self._warn(f"the outputs are not kept: {failure}")
            elif isinstance(failure, StepFailed):
                raise
            else:
                message = f"The outputs could not be kept: {failure}."
                raise StepFailed(message, code="SystemError", reason="output") from failure
        if ended_well:
            for name, tree in self.outputs.items():
                if not tree.files:
                    self._warn(f"output {name} is empty")

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
        self._record.warnings.append(text)
        with contextlib.suppress(sqlite3.Error):  # the step's end writes all of them again
            self._change(lambda run: run.warnings.append(text))

    def _check_canceled(self) -> None:
        if self._cancel_reason:
            raise Canceled

    _failed_log = "std_log.txt"
    _held = ""
    _secret = ""
