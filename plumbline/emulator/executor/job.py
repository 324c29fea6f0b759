"""Carries one job: starts each step as soon as what it reads is there, and decides what a step's end means for the rest."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from plumbline.emulator.executor.conda import EnvironmentUnreadable
from plumbline.emulator.executor.environments import BuildFailed
from plumbline.emulator.executor.execution_log import EXECUTION_LOG, ExecutionLog
from plumbline.emulator.executor.job_properties import stages_text
from plumbline.emulator.executor.output_assets import OutputAssets
from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.run import ENDED, Run
from plumbline.emulator.executor.step import StepExecution
from plumbline.emulator.executor.step_end import write_last_word
from plumbline.emulator.executor.step_error import StepFailed, error_body
from plumbline.emulator.executor.step_plan import JobPlan, Produced, StepPlan
from plumbline.emulator.executor.step_reuse import RunningTwins
from plumbline.emulator.executor.storage import Tree, Unreachable
from plumbline.emulator.executor.sweep_end import SweepEnd
from plumbline.emulator.executor.trials import Trials
from plumbline.emulator.store import Resource

_log = logging.getLogger("plumbline.emulator.executor")


class JobExecution:
    """One job that runs. Its steps run on threads of their own; whoever ends a step moves the job on."""

    def __init__(
        self,
        parts: ExecutorParts,
        workspace: Resource,
        job: Run,
        plan: JobPlan,
        names: dict[str, str],
        ended: Callable[[str], None],
    ) -> None:
        """Args: names: path to run name; ended: called with the job's name when nothing of it runs any more."""
        self.workspace = workspace
        self.name = job.name
        self.plan = plan
        self.submitter = job.submitter
        self.properties = job.properties
        self.done = threading.Event()
        self.twins = RunningTwins()
        self._parts = parts
        self._is_command = job.kind == "command"
        self._names = names
        self._ended = ended
        self._guard = threading.RLock()
        self._trials = Trials(plan)
        self._waiting = {step.path: step for step in plan.steps}
        self._running: dict[str, StepExecution] = {}
        self._outputs: dict[str, dict[str, Tree]] = {}
        self._status: dict[str, str] = {}
        self._group_status: dict[str, str] = {}
        self._over = False
        self._cancel_reason = ""
        self._log = ExecutionLog(parts.folder / job.name / "artifacts")

    def begin(self) -> None:
        """Start what can start."""
        self._say(f"Submitting {len(self.plan.steps)} steps of job {self.name}")
        with self._guard:
            if self._over:  # canceled before it began
                return
            if not self._is_command:
                self._change(self.name, lambda run: _start(run, [EXECUTION_LOG]))
            self._advance()
        self._finish_if_over()
        self._build_ahead()

    def output(self, path: str, name: str) -> Tree:
        """Return what an earlier step wrote. Raises: StepFailed: it has no such output."""
        with self._guard:
            tree = self._outputs.get(path, {}).get(name)
        if tree is None:
            raise StepFailed(f"step '{path}' has no output '{name}'.", reason="input")
        return tree

    def cancel(self, reason: str) -> None:
        """End everything."""
        with self._guard:
            if self._over:
                return
            self._cancel_reason = self._cancel_reason or reason
            running = list(self._running.values())
            self._skip_all()
        for step in running:
            step.cancel(reason)
        self._finish_if_over()

    def step_moved(self, step: StepExecution, status: str) -> None:
        """Take note that a step's status changed."""
        if not self._is_command:
            self._say(f"step {step.plan.path} ({step.name}): {status}")
            with self._guard:
                self._refresh_groups(step.plan.path, status)

    # -- inside; under the guard

    def _advance(self) -> list[StepExecution]:
        """Start or skip what waits; return the running steps that must end because another one failed."""
        failed = [
            path for path, status in self._trials.without(self._status).items() if status != "Completed"
        ]
        if self._cancel_reason or (failed and not self.plan.continue_on_step_failure):
            self._skip_all()
            return list(self._running.values())
        for path, step in list(self._waiting.items()):
            if not self._trials.may_start(path, self._running):
                continue
            states = [self._status.get(needed) for needed in step.depends_on]
            if any(state in ENDED and state != "Completed" for state in states):
                self._skip(step)
            elif all(state == "Completed" for state in states):
                self._start_step(path, step)
        return []

    def _start_step(self, path: str, plan: StepPlan) -> None:
        del self._waiting[path]
        self._give_row(path)
        step = StepExecution(self._parts, self, plan, self._names[path])
        self._running[path] = step
        threading.Thread(target=self._carry, args=(path, step), name=f"step {step.name}", daemon=True).start()

    def _give_row(self, path: str) -> None:
        """Show a step in run history from now on, and the nested pipelines that it lies in."""
        if self._is_command:
            return
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            self._change(self._names["/".join(parts[:depth])], _schedule)

    def _carry(self, path: str, step: StepExecution) -> None:
        status = "Failed"
        try:
            status = step.execute()
        finally:
            # Whatever happened: a step that stayed among the running ones would hang its job for ever.
            self._settle(path, step, status)

    def _settle(self, path: str, step: StepExecution, status: str) -> None:
        how = " (earlier results reused)" if step.reused else ""
        self._say(f"step {path} ({step.name}): {status}{how}")
        self._tell_end(path, step.name, status)
        with self._guard:
            self._outputs[path] = step.outputs
            self._status[path] = status
            del self._running[path]
            self._close_sweep(path)
            self._refresh_groups(path, status)
            stopping = self._advance()
        self.twins.ended(path)
        # Outside of the guard: who ends a step waits for nobody. Source: learn, pipeline job YAML reference,
        # settings.continue_on_step_failure: "the pipeline execution will be stopped, canceling any running steps".
        for other in stopping:
            other.cancel(self._cancel_reason or "failed")
        self._finish_if_over()

    def _skip_all(self) -> None:
        for step in list(self._waiting.values()):
            self._skip(step)

    def _skip(self, step: StepPlan) -> None:
        """A step that cannot start any more; what depends on it is skipped in its turn."""
        self._waiting.pop(step.path, None)
        self._status[step.path] = "Canceled"
        why = "The job was canceled." if self._cancel_reason else "A step before it did not complete."

        def skip(run: Run) -> None:
            run.status, run.ended_at = "Canceled", time.time()
            run.error = error_body("UserError", f"Not started: {why}", "skipped")

        self._change(self._names[step.path], skip)
        self._say(f"step {step.path} ({self._names[step.path]}): not started. {why}")
        sweep = self._close_sweep(step.path)
        self._refresh_groups(step.path, "Canceled")
        for later in list(self._waiting.values()):
            if later.depends_on & {step.path, sweep}:
                self._skip(later)

    def _close_sweep(self, path: str) -> str | None:
        """End the sweep that ended with a trial, if one did: its best trial's outputs are its own. Return its path."""
        sweep = self._trials.over(path, self._status)
        if sweep is None:
            return None
        plan = self._trials.plan_of(sweep)
        status = {one: self._status[one] for one in self._trials.of(sweep)}
        end = SweepEnd.of(self._parts, self.workspace, plan, self._names, status)
        state, error = _joined(list(status.values())), None
        if end.completed and not self._cancel_reason:
            state = "Completed"
        self._outputs[sweep] = self._outputs.get(end.best, {})
        self._change(self._names[sweep], partial(_end_sweep, end=end))
        if state == "Completed" and plan.step is not None:
            try:
                OutputAssets(self._parts, self.workspace).register_all(
                    self._names[sweep], plan.step, self._outputs[sweep]
                )
            except StepFailed as failure:
                state, error = "Failed", failure.error
        if state == "Failed":
            failed = ", ".join(one for one, end_state in status.items() if end_state == "Failed")
            error = error or error_body("UserError", f"Trials that failed: {failed}.")
        self._status[sweep] = state
        self._say(f"step {sweep} ({self._names[sweep]}): {state}, best trial {end.best or 'unknown'}")
        self._change(self._names[sweep], partial(_tell, error=error))
        return sweep

    def _refresh_groups(self, path: str, status: str) -> None:
        while path := path.rpartition("/")[0]:
            below = [step.path for step in self.plan.steps if step.path.startswith(f"{path}/")]
            inner = {self._trials.sweep_of(one) or one for one in below}
            states = [self._status.get(one, "") for one in inner]
            state = "Running" if status != "Canceled" or any(states) else ""
            if all(states):
                state = _joined(states)
            if state and self._group_status.get(path) != state:
                self._group_status[path] = state
                self._change(self._names[path], partial(_move, status=state))

    def _finish_if_over(self) -> None:
        with self._guard:
            if self._waiting or self._running or self._over:
                return
            self._over = True
        try:
            if not self._is_command:
                self._finish()
            elif self._cancel_reason and not self._status:
                self._change(self.name, lambda run: _move(run, "Canceled"))
        finally:
            self.done.set()
            self._ended(self.name)

    def _finish(self) -> None:
        ended = self._trials.without(self._status)
        failed = [path for path, status in ended.items() if status == "Failed"]
        status = "Completed"
        if failed or any(state != "Completed" for state in ended.values()):
            status = "Canceled" if self._cancel_reason == "canceled" else "Failed"
        trials = SweepEnd()
        if self.plan.sweep is not None:
            trials = SweepEnd.of(self._parts, self.workspace, self.plan.sweep, self._names, self._status)
        if trials.completed and not self._cancel_reason:
            status = "Completed"
        error = self._error(failed) if status == "Failed" else None
        outputs = self._job_outputs(self.plan.outputs) or trials.outputs
        self._say(f"job {self.name}: {status}")
        self._log.keep(self._parts.storage, self.workspace, self.name)

        def finish(run: Run) -> None:
            run.status, run.error, run.ended_at, run.logs = status, error, time.time(), [EXECUTION_LOG]
            run.outputs = outputs
            run.properties |= trials.properties
            if run.kind == "pipeline":
                run.properties["azureml.pipelines.stages"] = stages_text(run)

        for group in self.plan.groups:
            self._change(
                self._names[group.path], partial(_take_outputs, outputs=self._job_outputs(group.outputs))
            )
        write_last_word(self._parts.runs, self.workspace.id, self.name, finish)

    def _job_outputs(self, bound: dict[str, Produced]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for name, producer in bound.items():
            run = self._parts.runs.get(self.workspace.id, self._names[producer.step])
            output = run.outputs.get(producer.output) if run else None
            if output:
                found[name] = output
        return found

    def _error(self, failed: list[str]) -> dict[str, Any]:
        if self._cancel_reason == "stopped":
            return error_body("SystemError", "The emulator was stopped while this job ran.", "stopped")
        if self.plan.sweep is not None:
            return error_body("UserError", f"Trials that failed: {', '.join(failed) or 'none'}.")
        nodes = ", ".join(f"/{path}" for path in failed)
        text = (
            f"Pipeline has failed child jobs. Failed nodes: {nodes}. See the child jobs for details and logs."
        )
        body = error_body("UserError", text if failed else "A step was canceled.")
        body["error"]["referenceCode"] = "PipelineHasStepJobFailed" if failed else None
        return body

    # -- bookkeeping

    def _build_ahead(self) -> None:
        """Build environments while earlier steps run; a failure is told by the step that needs it."""

        def build(reference: str) -> None:
            try:
                label, spec = self._parts.assets.environment_spec(self.workspace, reference)
                self._parts.environments.build(spec, label=label, canceled=self.done.is_set)
            except (BuildFailed, EnvironmentUnreadable, Unreachable):
                _log.info("environment %s could not be built ahead", reference)

        # Steps that reuse earlier results need none: only look at what is still waiting for others.
        later = {step.environment_id for step in self.plan.steps if step.depends_on}
        for reference in later - {step.environment_id for step in self.plan.steps if not step.depends_on}:
            threading.Thread(
                target=build, args=(reference,), name=f"environment {reference}", daemon=True
            ).start()

    def _tell_end(self, path: str, name: str, status: str) -> None:
        """Say why a step failed, and what a green one hides."""
        run = self._parts.runs.get(self.workspace.id, name)
        if run is None:
            return
        if status == "Failed" and run.error:
            self._say(f"step {path}: {run.error['error']['message']}")
        for warning in run.warnings:
            self._say(f"step {path}: warning: {warning}")

    def _say(self, text: str) -> None:
        if not self._is_command:
            self._log.say(text)

    def _change(self, name: str, change: Callable[[Run], None]) -> None:
        try:
            self._parts.runs.change(self.workspace.id, name, change)
        # Neither a run's removal nor a full disk may keep the job from its end.
        except (KeyError, sqlite3.Error) as failure:
            _log.warning("run %s: its new state is not written: %s", name, failure)


def _start(run: Run, logs: list[str]) -> None:
    run.status, run.started_at, run.logs = "Running", time.time(), logs


def _schedule(run: Run) -> None:
    if not run.scheduled_at:
        run.status, run.scheduled_at = "Queued", time.time()


def _move(run: Run, status: str) -> None:
    run.status = status
    run.started_at = run.started_at or time.time()
    if status in ENDED:
        run.ended_at = time.time()


def _end_sweep(run: Run, end: SweepEnd) -> None:
    run.outputs = dict(end.outputs)
    run.properties |= end.properties


def _tell(run: Run, error: dict[str, Any] | None) -> None:
    run.error = error


def _take_outputs(run: Run, outputs: dict[str, Any]) -> None:
    run.outputs.update(outputs)


def _joined(states: list[str]) -> str:
    if "Failed" in states:
        return "Failed"
    return "Canceled" if "Canceled" in states else "Completed"
