"""A process that is ready to fork: a new supervisor costs 2 ms instead of the 100 that a fresh Python takes.

It stays single-threaded and holds nothing but this package, so that forking it is safe. Its standard input is a
Unix socket; each message brings two descriptors, the new supervisor's standard input and output.
"""

from __future__ import annotations

import gc
import os
import signal
import socket

from plumbline.emulator.executor.supervisor.main import main as supervise


def main() -> None:
    """Fork a supervisor for each message, until the emulator is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended supervisors need no reaping
    gc.freeze()
    link = socket.socket(fileno=0)
    while True:
        message, descriptors, _, _ = socket.recv_fds(link, 1, 2)
        if not message:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            os.dup2(descriptors[0], 0)
            os.dup2(descriptors[1], 1)
            for descriptor in descriptors:
                os.close(descriptor)
            link.detach()
            try:
                supervise()
            finally:
                os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)
