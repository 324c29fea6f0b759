"""A step's room: a user, processes, shared memory, mounts, network and no sockets but its own, and no capabilities.

Each part is asked of the kernel for itself; what a machine refuses is named, in the step's log and by `plumbline doctor`
(`python -m plumbline.emulator.executor.supervisor.room FOLDER` prints what this machine gives a step in FOLDER). Root takes the namespaces
directly; anybody else in a user namespace of the step's own, where that is allowed.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from plumbline.emulator.executor.supervisor import kernel, named_sockets, own_user, shared_memory

PARTS = ("user", "processes", "proc", "shared memory", "sockets", "network", "capabilities")
"""What a room has when all is given; see README, "Limits"."""


@dataclass(kw_only=True)
class Room:
    """What was given, and what was refused with why."""

    given: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    listener: socket.socket | None = None
    user: int = 0

    def begin(self, *, beside: int = 0) -> None:
        """Before the fork: the next child is the first process of a namespace of its own.

        Args:
            beside: Process id of another rank of the same step, whose user namespace is entered, 0 for none.
        """
        if sys.platform != "linux":
            self.refused = dict.fromkeys(PARTS, "this is no Linux")
            return
        if os.geteuid() != 0:
            try:
                if beside:
                    kernel.join(beside, "user")
                else:
                    kernel.keep_own_user()
            except OSError as error:
                self.refused = dict.fromkeys(PARTS, f"no user namespace ({error.strerror})")
                return
        self.take("processes", lambda: kernel.unshare(kernel.NEW_PROCESSES))

    def enter(
        self, *, shared_bytes: int, needed: Sequence[str], network: str, port: int, beside: int = 0,
        own: Callable[[], own_user.OwnUser] | None = None,
    ) -> None:  # fmt: skip
        """In the child: the rest.

        Args:
            shared_bytes: What fits into /dev/shm.
            needed: Paths that the step must see.
            network: "emulator" for one of its own, from which only 127.0.0.1:`port` leads out; "machine" for all.
            beside: Process id of another rank of the same step, whose network is entered, 0 for none.
            own: Prepares a user of its own; None where none is wanted.
        Raises: OSError: what the machine gave cannot be used.
        """
        nothing = len(self.refused) == len(PARTS)
        if network == "machine":  # wanted so: nothing is refused
            self.refused.pop("network", None)
        if nothing:
            return
        names = named_sockets.listed()
        if network == "emulator":
            self.take("network", lambda: self._take_network(port, beside))
        try:
            kernel.unshare(kernel.NEW_MOUNTS)
            # Else the mounts would show outside as well.
            kernel.mount("none", "/", None, kernel.RECURSIVE | kernel.PRIVATE)
        except OSError as error:
            self.refused |= dict.fromkeys(("user", "proc", "shared memory", "sockets"), str(error.strerror))
            return
        if own:
            self._take_user(own)
        if "processes" in self.given:
            flags = kernel.NO_SUID | kernel.NO_DEVICES | kernel.NO_EXEC
            self.take("proc", lambda: kernel.mount("proc", "/proc", "proc", flags))
        else:
            self.refused["proc"] = self.refused["processes"]
        self.take("shared memory", lambda: shared_memory.take_own(shared_bytes, needed=needed))
        self.take("sockets", lambda: named_sockets.hide(names, needed=needed))

    def leave_capabilities(self) -> None:
        """In the process that becomes the step: become its user, and give up what root, or a user namespace, may.

        Raises: OSError.
        """
        if sys.platform == "linux":
            kernel.drop_capabilities(self.user)

    def describe(self) -> list[str]:
        """One line for each part that the step does not have."""
        return [
            f"this machine gives a step no {name} of its own: {why}" for name, why in self.refused.items()
        ]

    def _take_user(self, own: Callable[[], own_user.OwnUser]) -> None:
        found: list[own_user.OwnUser] = []
        self.take("user", lambda: found.append(own()))
        for user in found:
            user.move_in()
            self.user = user.number

    def _take_network(self, port: int, beside: int) -> None:
        if beside:
            kernel.join(beside, "net")
        else:
            kernel.unshare(kernel.NEW_NETWORK)
            kernel.raise_loopback()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # Every rank of a step answers for itself: the first may end before the others.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        self.listener = listener

    def take(self, name: str, take: Callable[[], None]) -> None:
        """Try for one part and note whether it was given."""
        try:
            take()
        except OSError as error:
            self.refused[name] = error.strerror or str(error)
        else:
            self.given.append(name)


def probe(folder: str) -> Room:
    """What this machine gives a step, tried in a child process.

    Args:
        folder: Where it would have its files.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid = os.fork()
        if pid == 0:
            room = Room()
            try:
                room.begin()
                child = os.fork()
                if child == 0:
                    room.enter(shared_bytes=1 << 20, needed=(), network="emulator", port=1)
                    room.take("user", lambda: own_user.try_map(folder))
                    room.leave_capabilities()
                    room.given.append("capabilities")
                    theirs.sendall(json.dumps({"given": room.given, "refused": room.refused}).encode())
                    os._exit(0)
                os.waitpid(child, 0)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        ours.setblocking(False)
        return Room(**json.loads(ours.recv(65536)))


if __name__ == "__main__":
    found = probe(sys.argv[1])
    print(json.dumps({"given": found.given, "refused": found.refused}))
