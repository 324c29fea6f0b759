"""Runs one process of a step to its end and leaves nothing of it behind.

Standard input carries the plan's length and the plan, then nothing ("go", where the plan says that it is held): another
line means "cancel", the end means that the emulator is gone. Either ends the whole tree. Standard output carries one JSON line when the process runs and one
when it has ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from dataclasses import asdict
from pathlib import Path

from plumbline.emulator.executor.supervisor import landlock, processes
from plumbline.emulator.executor.supervisor.cgroup import ProcessGroup
from plumbline.emulator.executor.supervisor.guard import Report, stand_guard
from plumbline.emulator.executor.supervisor.output import BoundedLog
from plumbline.emulator.executor.supervisor.plan import GO, ProcessEnd, ProcessPlan
from plumbline.emulator.executor.supervisor.relay import Relay
from plumbline.emulator.executor.supervisor.room import Room

_WATCH_SECONDS = 0.1
_DISK_SECONDS = 1.0


def main() -> None:
    """Read the plan, run it, answer how it ended."""
    plan = _read_plan()
    os.umask(0o077)
    os.closerange(3, 64)
    relay = Relay(plan.port) if plan.network == "emulator" and sys.platform == "linux" else None
    processes.adopt_orphans()
    with Path(plan.log_path).open("ab") as file:
        log = BoundedLog(
            file, head_bytes=plan.log_head_bytes, tail_bytes=plan.log_tail_bytes, secret=plan.secret.encode()
        )
        end = _Supervision(plan, log, relay).run()
    _answer({"event": "ended", **asdict(end)})


def _read_plan() -> ProcessPlan:
    length = int(_read_exactly(10))
    return ProcessPlan.loads(_read_exactly(length))


def _read_exactly(size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = os.read(0, size - len(data))
        if not part:
            sys.exit(2)
        data += part
    return data


def _answer(event: dict[str, object]) -> None:
    with contextlib.suppress(BrokenPipeError):  # the emulator is gone; recovery will tell the story
        os.write(1, json.dumps(event).encode() + b"\n")


class _Supervision:
    def __init__(self, plan: ProcessPlan, log: BoundedLog, relay: Relay | None) -> None:
        self._plan = plan
        self._relay = relay
        self._log = log
        self._group = ProcessGroup.create(plan.name, plan.process_limit + 1)  # and its guard
        self._started = time.time()
        self._next_disk_check = time.monotonic() + _DISK_SECONDS
        self._report: Report | None = None
        if plan.sandbox and (weakness := landlock.weakness(landlock.abi())):
            log.note(weakness)

    def run(self) -> ProcessEnd:
        wake_read, wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK) if hasattr(os, "pipe2") else os.pipe()
        os.set_blocking(wake_write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        pipe_read, pipe_write = os.pipe()
        link, theirs = socket.socketpair()
        room = Room()
        room.begin(beside=self._plan.beside)
        pid = os.fork()
        if pid == 0:
            link.close()
            _stand_guard(self._plan, self._group, pipe_write, room, theirs)
        os.close(pipe_write)
        theirs.close()
        self._furnish(link)
        _answer({"event": "started", "pid": pid, "supervisor": os.getpid()})
        if not self._plan.held:
            _let_go(link)
        status, reason, detail = self._watch(pid, pipe_read, wake_read, link)
        left = 0
        if self._report is not None and self._report.left == 0 and not reason:
            with contextlib.suppress(ChildProcessError):  # collected already
                os.waitpid(pid, 0)  # nothing is left, so the guard is about to go
        if processes.any_left():
            left = 0 if reason or self._report is None else self._report.left
            grace = self._plan.grace_seconds if reason in ("canceled", "timeout") else 0.0
            statuses = processes.end_all(
                grace_seconds=grace, kill_group=self._group.kill if self._group else None
            )
            if status is None:
                self._read_report(link)
                status = self._report.status if self._report else statuses.get(pid, 9)
        assert status is not None
        self._drain(pipe_read)
        if not reason and (detail := self._talks_too_much()):
            reason = "log"
        if self._group:
            self._group.remove()
        if left:
            self._log.note(f"{left} process(es) were still running when the command ended; they were ended.")
        self._log.finish()
        code = _exit_code(status)
        if code and self._log.misses_network and self._plan.network == "emulator":
            self._log.note(
                "A step reaches the emulator only. Start the emulator with PLUMBLINE_STEP_NETWORK=machine to open this "
                "machine's network to steps."
            )
        if code == 128 + signal.SIGXFSZ and not reason:
            reason, detail = "disk", f"it wrote a file beyond its disk quota of {self._plan.disk_bytes} bytes"
        return ProcessEnd(
            exit_code=code,
            reason=reason,
            detail=detail,
            left_behind=left,
            output_bytes=self._log.total_bytes,
            has_traceback=self._log.has_traceback,
            started_at=self._started,
            ended_at=time.time(),
        )

    def _furnish(self, link: socket.socket) -> None:
        """Say in the log what the step's room lacks, and open the way from its network to the emulator."""
        told, descriptors, _, _ = socket.recv_fds(link, 65536, 1)
        if not told:
            return  # the guard died; its end says more
        room = Room(**json.loads(told))
        for line in room.describe():
            self._log.note(line)
        for descriptor in descriptors:
            if self._relay:
                self._relay.serve(descriptor)
            os.close(descriptor)

    def _read_report(self, link: socket.socket) -> None:
        link.setblocking(False)
        with contextlib.suppress(OSError):
            if data := link.recv(65536):
                self._report = Report(**json.loads(data))

    def _watch(
        self, pid: int, pipe_read: int, wake_read: int, link: socket.socket
    ) -> tuple[int | None, str, str]:
        poll = select.poll()
        for descriptor in (pipe_read, wake_read, 0, link.fileno()):
            poll.register(descriptor, select.POLLIN | select.POLLHUP)
        limit = self._plan.timeout_seconds
        deadline = time.monotonic() + limit if limit else None
        next_watch = time.monotonic() + _WATCH_SECONDS
        while True:
            for descriptor, _ in poll.poll(max(next_watch - time.monotonic(), 0) * 1000):
                if descriptor == pipe_read:
                    data = os.read(pipe_read, 1 << 20)
                    if data:
                        self._log.write(data)
                    else:
                        poll.unregister(pipe_read)
                    if detail := self._talks_too_much():
                        return None, "log", detail
                elif descriptor == link.fileno():
                    self._read_report(link)
                    if self._report is not None:
                        return self._report.status, "", ""
                    poll.unregister(link)
                elif descriptor == wake_read:
                    os.read(wake_read, 4096)
                    ended = processes.reap()
                    if pid in ended:
                        self._read_report(link)
                        return (self._report.status if self._report else ended[pid]), "", ""
                elif (said := os.read(0, 64)) == GO:
                    _let_go(link)
                else:
                    return None, ("canceled" if said else "abandoned"), ""
            now = time.monotonic()
            if deadline and now >= deadline:
                return None, "timeout", f"it ran longer than its limit of {limit:g} s"
            if now >= next_watch:
                next_watch = now + _WATCH_SECONDS
                reason, detail = self._broken_bound(now)
                if reason:
                    return None, reason, detail

    def _broken_bound(self, now: float) -> tuple[str, str]:
        bound = self._plan.process_limit
        message = f"it started more than {bound} processes at once"
        if self._group:
            if self._group.refused():
                return "processes", message
        elif len(processes.descendants(os.getpid())) > bound + 1:  # and its guard
            return "processes", message
        if now >= self._next_disk_check:
            used = sum(_size(path) for path in self._plan.quota_paths)
            # A big folder takes long to measure; never spend more than a tenth of the time on it.
            self._next_disk_check = time.monotonic() + max(_DISK_SECONDS, 10 * (time.monotonic() - now))
            if used > self._plan.disk_bytes:
                return "disk", f"it wrote {used} bytes, more than its disk quota of {self._plan.disk_bytes}"
        return "", ""

    def _talks_too_much(self) -> str:
        limit = self._plan.log_limit_bytes
        if limit is None or self._log.total_bytes <= limit:
            return ""
        return (
            f"The step was ended: it printed more than its log limit of {limit / 1024**2:g} MiB. Print less, for "
            "example a line an epoch, or write to a file in ./outputs; or start the emulator with a larger "
            "PLUMBLINE_STEP_LOG_MIB"
        )

    def _drain(self, pipe_read: int) -> None:
        os.set_blocking(pipe_read, False)
        while True:
            try:
                data = os.read(pipe_read, 1 << 20)
            except BlockingIOError:
                break
            if not data:
                break
            self._log.write(data)
        os.close(pipe_read)


def _let_go(link: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the guard died: its end says so
        link.sendall(b".")


def _stand_guard(
    plan: ProcessPlan, group: ProcessGroup | None, output: int, room: Room, link: socket.socket
) -> None:
    """Never returns: the first process of the step's room."""
    try:
        os.setsid()
        if group:
            group.join()
        stand_guard(plan, room, link, lambda: _become_the_step(plan, group, output, room))
    finally:
        _say_why_not(output)
        os._exit(126)


def _become_the_step(plan: ProcessPlan, group: ProcessGroup | None, output: int, room: Room) -> None:
    """Never returns: turns into bash, or says in the log why it cannot."""
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        if room.user:  # else it could not open /dev/stdout
            os.fchown(output, room.user, room.user)
        os.closerange(3, 256)
        for number in (signal.SIGPIPE, signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _limit_files(plan)
        if os.getuid() != 0 and not group:
            _limit_processes(plan.process_limit)
        os.chdir(plan.working_folder)
        room.leave_capabilities()
        if plan.sandbox:
            readable, writable = landlock.system_paths()
            landlock.restrict(readable + plan.readable, writable + plan.writable, private=plan.private)
        os.execve("/bin/bash", ["bash", "-c", plan.command], plan.environment)  # noqa: S606
    finally:
        _say_why_not(2)
        os._exit(126)


def _say_why_not(descriptor: int) -> None:
    """Whatever it was: a step that ends with 126 and an empty log leaves nobody anything to go by."""
    error = sys.exc_info()[1]
    said = f"[plumbline] the step could not be started: {type(error).__name__}: {error}\n"
    with contextlib.suppress(OSError):  # a guard whose step runs has no output any more
        os.write(descriptor, said.encode())


def _limit_files(plan: ProcessPlan) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    bound = plan.disk_bytes if hard == resource.RLIM_INFINITY else min(plan.disk_bytes, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bound, hard))


def _limit_processes(limit: int) -> None:
    """The kernel counts all of this user's processes and threads: allow as many more as the step may have."""
    running = 0
    if sys.platform == "linux":
        own = os.getuid()
        for entry in os.scandir("/proc"):
            try:
                if entry.name.isdigit() and entry.stat().st_uid == own:
                    running += len(os.listdir(f"{entry.path}/task"))
            except OSError:
                continue
    else:
        running = len(processes.descendants(1))
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    bound = running + 4 * limit  # threads count too; the watch counts processes exactly
    resource.setrlimit(
        resource.RLIMIT_NPROC, (bound if hard == resource.RLIM_INFINITY else min(bound, hard), hard)
    )


def _size(path: str) -> int:
    total = 0
    waiting = [path]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                        else:
                            found = entry.stat(follow_symlinks=False)
                            # Holes take no room here, and all of it where an output is kept.
                            total += max(found.st_blocks * 512, found.st_size)
                    except OSError:
                        continue
        except OSError:
            continue
    return total


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    main()
