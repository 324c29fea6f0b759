"""The one way out of a step's network: connections to the emulator's address are carried on by a process outside.

The listening socket belongs to the step's network, the process to the machine's. What passes is TLS, and not looked at.
It is no child of the supervisor, which may start no threads and counts what lives below it; it ends with it all the same.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading

_CHUNK = 1 << 16


class Relay:
    """The supervisor's hold on it: when this is closed, by the supervisor's death too, the process ends."""

    def __init__(self, port: int) -> None:
        """Start it. Call this before anything else is forked, and before orphans are adopted."""
        self._link, theirs = socket.socketpair()
        first = os.fork()
        if first == 0:
            try:
                self._link.close()
                if os.fork() == 0:
                    _serve(theirs, port)
            finally:
                os._exit(0)
        theirs.close()
        os.waitpid(first, 0)

    def serve(self, listener: int) -> None:
        """Hand over the listening socket of the step's network."""
        with contextlib.suppress(OSError):  # it was killed: the step will not reach the emulator, and says so
            socket.send_fds(self._link, [b"."], [listener])


def _serve(link: socket.socket, port: int) -> None:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    message, descriptors, _, _ = socket.recv_fds(link, 1, 1)
    # The supervisor's pipes must end with the supervisor.
    kept = {link.fileno(), *descriptors}
    for descriptor in range(256):
        if descriptor not in kept:
            with contextlib.suppress(OSError):
                os.close(descriptor)
    if not message or not descriptors:
        return
    listener = socket.socket(fileno=descriptors[0])
    threading.Thread(target=_accept, args=(listener, port), daemon=True).start()
    link.recv(1)  # until the supervisor is gone


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        try:
            inner, _ = listener.accept()
        except OSError:
            return
        try:
            outer = socket.create_connection(("127.0.0.1", port), timeout=10)
        except OSError:
            inner.close()  # the emulator is gone, and the step hears it as it would without us
            continue
        outer.settimeout(None)
        for end in (inner, outer):  # else a small message waits 40 ms for the last one's acknowledgement
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, target in ((inner, outer), (outer, inner)):
            threading.Thread(target=_carry, args=(source, target), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    """One direction, until its sender has said all."""
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
