"""The processes of one step: one for a plain step, one for each rank of a distributed one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from plumbline.emulator.executor.distribution import process_environments
from plumbline.emulator.executor.environments import BuiltEnvironment
from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.process import ProcessId, StepProcess
from plumbline.emulator.executor.step_folder import StepFolder
from plumbline.emulator.executor.step_plan import StepPlan
from plumbline.emulator.executor.supervisor.plan import ProcessEnd, ProcessPlan


class StepProcesses:
    """Starts them together, and ends all when one fails."""

    def __init__(self, parts: ExecutorParts, plan: StepPlan, folder: StepFolder, name: str) -> None:
        """Args: name: of the run."""
        self._parts = parts
        self._plan = plan
        self._folder = folder
        self._name = name
        self._guard = threading.Lock()
        self._canceled = False
        self._running: list[StepProcess] = []
        self.logs: list[str] = []

    def start(self, command: str, variables: Mapping[str, str], token: str, built: BuiltEnvironment) -> bool:
        """Start all; return False when the step was canceled before."""
        # A driver starts the processes of all nodes itself.
        nodes = 1 if self._plan.driver else self._plan.instance_count
        ranks = process_environments(self._plan.distribution, nodes)
        many = len(ranks) > 1
        self.logs = [
            f"std_log_process_{rank:02d}.txt" if many else "std_log.txt" for rank in range(len(ranks))
        ]
        with self._guard:
            if self._canceled:
                return False
            first = 0
            for rank, log in zip(ranks, self.logs, strict=True):
                plan = self._plan_of(command, {**variables, **rank}, token, built, log)
                # Ranks find one another on loopback: those after the first share its network.
                self._running.append(self._parts.nursery.start(replace(plan, beside=first, held=many)))
                if many:
                    stands = self._running[-1].first_process()
                    first = first or stands
            for process in self._running if many else ():
                process.go()
        return True

    def _plan_of(
        self, command: str, variables: dict[str, str], token: str, built: BuiltEnvironment, log: str
    ) -> ProcessPlan:
        limits, folder = self._parts.limits, self._folder
        path = folder.artifacts / "user_logs" / log
        path.touch()
        # Landlock binds real folders, whatever way leads to them.
        readable = [os.path.realpath(one) for one in folder.readable()]
        writable = [os.path.realpath(one) for one in folder.writable()]
        return ProcessPlan(
            name=f"{self._name[:32]}-{variables['RANK']}", command=command, working_folder=str(folder.work),
            environment=variables, log_path=str(path), secret=token, sandbox=self._parts.landlock > 0,
            readable=[*readable, str(built.folder), str(built.interpreter.prefix)],
            writable=writable, quota_paths=writable, own=os.path.realpath(folder.root), timeout_seconds=self._plan.timeout_seconds,
            disk_bytes=limits.disk_bytes, process_limit=limits.process_limit, log_head_bytes=limits.log_head_bytes,
            log_limit_bytes=limits.log_bytes, network=limits.network, port=self._parts.emulator.settings.port,
        )  # fmt: skip

    def cancel(self) -> None:
        """End those that run, and let none start."""
        with self._guard:
            self._canceled = True
            running = list(self._running)
        for process in running:
            process.cancel()

    def abandon(self) -> None:
        """End those that run and wait for that; nobody asks how they ended."""
        self.cancel()
        if self._running:
            self.wait(lambda *_: None)

    def wait(self, started: Callable[[ProcessId, ProcessId], None]) -> list[ProcessEnd]:
        """Return how each ended, in the order of the ranks."""
        ends: list[ProcessEnd | None] = [None] * len(self._running)

        def wait(index: int) -> None:
            end = ends[index] = self._running[index].wait(started)
            if end.exit_code or end.reason:
                # The others would wait for it for ever.
                for other in self._running:
                    other.cancel()

        threads = [threading.Thread(target=wait, args=(index,)) for index in range(1, len(self._running))]
        for thread in threads:
            thread.start()
        wait(0)
        for thread in threads:
            thread.join()
        return [end for end in ends if end is not None]


def worst_of(ends: Sequence[ProcessEnd]) -> int:
    """Return the rank that says why a step ended as it did: the first that failed by itself, else 0.

    The others are ended because of it, and "canceled" is not what its owner needs to read.
    """
    bad = [rank for rank, end in enumerate(ends) if end.exit_code or end.reason]
    own = [rank for rank in bad if ends[rank].reason != "canceled"]
    return min(own or bad or [0], key=lambda rank: (ends[rank].ended_at, rank))
