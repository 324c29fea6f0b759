"""The executor: takes submitted jobs, runs them, and after a crash says truly how the unfinished ones ended."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumbline.emulator.executor import process
from plumbline.emulator.executor.assets import Assets
from plumbline.emulator.executor.environments import EnvironmentBuilder
from plumbline.emulator.executor.input_storage import InputStorage
from plumbline.emulator.executor.job import JobExecution
from plumbline.emulator.executor.limits import StepLimits
from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.quota import NodeQuota
from plumbline.emulator.executor.remote_inputs import local_copy
from plumbline.emulator.executor.run import Run, Runs
from plumbline.emulator.executor.scheduled_job import scheduled_job
from plumbline.emulator.executor.step_error import error_body
from plumbline.emulator.executor.step_folder import StepFolder
from plumbline.emulator.executor.step_identity import StepIdentities
from plumbline.emulator.executor.submission import JobOrigin, Submission, Submissions
from plumbline.emulator.executor.supervisor import cgroup, landlock
from plumbline.emulator.principals import Principal
from plumbline.emulator.services.blob.blobs import blobs_of
from plumbline.emulator.store import Resource

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_log = logging.getLogger("plumbline.emulator.executor")
_STOP_SECONDS = 8.0
_WORKSPACE = "Microsoft.MachineLearningServices/workspaces"


class Executor:
    """One per emulator. Handlers call `submit` and `cancel`; neither waits."""

    def __init__(self, emulator: Emulator) -> None:
        """Args: emulator: its store, settings, tokens and principals are used."""
        self._emulator = emulator
        self.runs = Runs(emulator.store)
        version = landlock.abi()
        self.storage = InputStorage(emulator, blobs_of(emulator), self.runs, self._fixture, landlock=version)
        self.assets = Assets(emulator, self.storage)
        self.nursery = process.Nursery(_private_folder(emulator.settings.home))
        self.quota = NodeQuota(self._node_limit)
        self._submissions = Submissions(self.assets, self.storage, StepIdentities(emulator, self.assets))
        self._guard = threading.Lock()
        self._jobs: dict[str, JobExecution] = {}
        folder = emulator.settings.home / "runs"
        folder.mkdir(mode=0o700, exist_ok=True)
        self.parts = ExecutorParts(
            emulator=emulator,
            runs=self.runs,
            storage=self.storage,
            assets=self.assets,
            identities=StepIdentities(emulator, self.assets),
            environments=EnvironmentBuilder(self.nursery),
            quota=self.quota,
            nursery=self.nursery,
            limits=StepLimits.from_environment(),
            folder=folder,
            landlock=version,
        )
        emulator.store.on_delete(self._gone)

    def start(self) -> None:
        """Tell how the runs of a killed emulator ended, end their processes, and make ready."""
        if weakness := landlock.weakness(self.parts.landlock):
            _log.warning("%s", weakness)
        for run in self.runs.unfinished():
            for one in run.processes:
                killed = process.kill_orphan(process.ProcessId(pid=int(one["pid"]), started=one["started"]))
                _log.info(
                    "run %s: process %s of the former emulator %s",
                    run.name,
                    one["pid"],
                    "was ended" if killed else "is gone",
                )
            self.runs.change(run.workspace_id, run.name, _lost)
        for folder in self.parts.folder.iterdir():  # a killed emulator's: nothing runs yet
            with contextlib.suppress(RecursionError):  # too deep to be removed
                StepFolder(root=folder).clear(logs_too=False)
        cgroup.sweep()
        self.nursery.warm()

    def stop(self) -> None:
        """End everything that runs, with a reason."""
        with self._guard:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.cancel("stopped")
        until = time.monotonic() + _STOP_SECONDS
        for job in jobs:
            job.done.wait(max(until - time.monotonic(), 0))
        self.nursery.stop()

    def check(
        self,
        workspace: Resource,
        name: str,
        properties: Mapping[str, Any],
        principal: Principal,
        origin: JobOrigin | None = None,
    ) -> Submission:
        """Check a job without running it. Raises: AzureError: 400 with every problem, 404 for a missing component."""
        submitter = submitter_of(self._emulator, principal)
        return self._submissions.check(workspace, name, properties, submitter, origin)

    def submit(
        self,
        workspace: Resource,
        name: str,
        properties: Mapping[str, Any],
        principal: Principal,
        origin: JobOrigin | None = None,
    ) -> Run:
        """Keep a checked job and begin it as soon as the transaction around this call is committed.

        Args:
            properties: of the job, as put.
            origin: what made it, if no client did.
        Returns: the job as it was kept, before anything of it ran.
        Raises: AzureError: 400 with every problem, 404 for a missing component; nothing is kept then.
        """
        submission = self.check(workspace, name, properties, principal, origin)
        self.runs.insert(submission.runs)
        threading.Thread(
            target=self._begin, args=(workspace, submission), name=f"job {name}", daemon=True
        ).start()
        return submission.runs[0]

    def trigger_schedule(self, schedule: Resource, principal: Principal, scheduled: datetime) -> str:
        """Submit a schedule's job now and return the job's name.

        What runs is the schedule's definition as it is now; the job's answer does not show it.

        Args:
            scheduled: the time that the job is run for.
        """
        workspace = self._emulator.store.get(schedule.id.rsplit("/", 2)[0])
        assert workspace is not None, "a schedule lives in a workspace"
        name = f"{schedule.name}-{uuid.uuid4()}"
        body, origin = scheduled_job(schedule, name, scheduled)
        return self.submit(workspace, name, body, principal, origin).name

    def cancel(self, run: Run) -> None:
        """Ask a job to end; every process of it is gone within 5 s. For a step, its whole job is meant."""
        with self._guard:
            job = self._jobs.get(_key(run.workspace_id, run.root))
        if job is not None:
            # On a thread: the caller may hold the store, which steps need to get out of the way.
            threading.Thread(
                target=job.cancel, args=("canceled",), name=f"cancel {run.root}", daemon=True
            ).start()

    def compute_changed(self) -> None:
        """Let queued steps look again: a compute target was resized."""
        threading.Thread(target=self.quota.everywhere_changed, daemon=True).start()

    # -- inside

    def _begin(self, workspace: Resource, submission: Submission) -> None:
        # The store's lock is held until the submitting transaction is over; then the run is there or it never was.
        with self._emulator.store.transaction():
            kept = self.runs.get(workspace.id, submission.runs[0].name)
        if kept is None:
            return
        key = _key(workspace.id, kept.name)
        job = JobExecution(
            self.parts, workspace, kept, submission.plan, submission.names, lambda _: self._ended(key)
        )
        with self._guard:
            self._jobs[key] = job
        # Read again: a cancel that came before the job could be found left nothing but its status.
        kept = self.runs.get(workspace.id, kept.name)
        if kept is None or kept.status == "CancelRequested":
            job.cancel("canceled")
        else:
            job.begin()

    def _ended(self, key: str) -> None:
        with self._guard:
            self._jobs.pop(key, None)

    def _node_limit(self, compute: str) -> int | None:
        return self.assets.node_limit(compute)

    def _fixture(self, uri: str) -> Path | None:
        return local_copy(self._emulator.settings.home, uri)

    def _gone(self, resource: Resource) -> None:
        if resource.type.lower() == _WORKSPACE.lower():
            with self._guard:
                jobs = [
                    job for key, job in self._jobs.items() if key.startswith(f"{resource.id.lower()}/jobs/")
                ]
            for job in jobs:
                threading.Thread(target=job.cancel, args=("canceled",), daemon=True).start()
            if not jobs:
                self.runs.forget_workspace(resource.id)


def submitter_of(emulator: Emulator, principal: Principal) -> dict[str, str]:
    """Return who submits, as run history and systemData name it."""
    return {
        "object_id": principal.object_id,
        "tenant_id": emulator.settings.tenant_id,
        "name": principal.display_name if principal.kind == "User" else principal.shown_name,
        "type": principal.shown_type,
        "display_name": principal.display_name,
    }


def _private_folder(home: Path) -> Path:
    """Return what no step may see: a project keeps beside its emulator's home what is as private, in .plumbline."""
    real = home.resolve()
    return next((parent for parent in real.parents if parent.name == ".plumbline"), real)


def _key(workspace_id: str, name: str) -> str:
    return f"{workspace_id.lower()}/jobs/{name}"


def _lost(run: Run) -> None:
    began = run.status != "NotStarted" or run.kind == "pipeline"
    run.status = "Failed" if began else "Canceled"
    text = "The emulator was stopped while this ran." if began else "Not started: the emulator was stopped."
    run.error = error_body(
        "SystemError", f"{text} Submit the job again: completed steps are reused.", "stopped"
    )
    run.ended_at = time.time()
    run.processes = []
