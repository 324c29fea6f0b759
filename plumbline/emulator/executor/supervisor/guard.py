"""The first process of a step's room: makes the room, starts the step in it, and tells how the step ended.

It stays until nothing of the step is left; its own end takes down whatever still runs in its namespace.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

from plumbline.emulator.executor.supervisor import kernel, processes
from plumbline.emulator.executor.supervisor.own_user import OwnUser
from plumbline.emulator.executor.supervisor.plan import ProcessPlan
from plumbline.emulator.executor.supervisor.room import Room


@dataclass(frozen=True, kw_only=True)
class Report:
    """How the step's own process ended, as waitpid says it, and how many others it left running."""

    status: int
    left: int


def stand_guard(plan: ProcessPlan, room: Room, link: socket.socket, become: Callable[[], None]) -> None:
    """Never returns. `become` turns the calling process into the step. Raises: OSError: there is no room to start it in."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP):
        # A cancel asks the step, not its guard; and nothing is to be told of children but by waiting.
        signal.signal(number, signal.SIG_DFL if number == signal.SIGCHLD else signal.SIG_IGN)
    room.enter(
        shared_bytes=plan.disk_bytes,
        needed=[plan.working_folder, plan.log_path, plan.private, *plan.readable, *plan.writable],
        network=plan.network, port=plan.port, beside=plan.beside, own=_own_user(plan) if plan.own else None,
    )  # fmt: skip
    processes.adopt_orphans()
    kernel.hide_memory()
    with contextlib.suppress(ConnectionError):  # the supervisor is gone
        _tell_room(room, link)
        if not link.recv(1):
            os._exit(0)
        step = os.fork()
        if step == 0:
            link.close()
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            become()
        # Else the step's output would not end with it.
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        os.closerange(3, link.fileno())
        os.closerange(link.fileno() + 1, 256)
        _wait(step, room, link)
    os._exit(0)


def _own_user(plan: ProcessPlan) -> Callable[[], OwnUser]:
    return lambda: OwnUser.prepare(
        plan.own, working=plan.working_folder, writable=plan.writable, readable=plan.readable, beside=plan.beside
    )  # fmt: skip


def _tell_room(room: Room, link: socket.socket) -> None:
    told = json.dumps({"given": room.given, "refused": room.refused}).encode()
    descriptors = [room.listener.fileno()] if room.listener else []
    socket.send_fds(link, [told], descriptors)
    if room.listener:
        room.listener.close()


def _wait(step: int, room: Room, link: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return
        if pid == step:
            processes.reap()
            sees_own = "processes" not in room.given or "proc" in room.given
            left = len(processes.descendants(os.getpid())) if sees_own else 0
            link.sendall(json.dumps({"status": status, "left": left}).encode())
