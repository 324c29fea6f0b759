"""What a step prints, kept within bounds and without its token."""

from __future__ import annotations

from collections import deque
from typing import BinaryIO

_TAIL_CHUNK = 16 * 1024
_TRACEBACK = b"Traceback (most recent call last)"
# What glibc, Python and curl say of an address that a step's network does not lead to.
_NO_NETWORK = (
    b"Network is unreachable",
    b"name resolution",
    b"Name or service not known",
    b"Could not resolve host",
)


class BoundedLog:
    """Writes the beginning as it comes and keeps only the end of what goes beyond the bound.

    What is in the file never changes, so that a reader who follows it sees each byte once.
    """

    def __init__(self, file: BinaryIO, *, head_bytes: int, tail_bytes: int, secret: bytes) -> None:
        """Args: secret: replaced by <redacted> wherever it stands; empty for none."""
        self._file = file
        self._room = head_bytes
        self._tail: deque[bytes] = deque(maxlen=max(tail_bytes // _TAIL_CHUNK, 1))
        self._dropping = False
        self._held = b""
        self._secret = secret
        self._last = b""
        self.total_bytes = 0
        self.has_traceback = False
        self.misses_network = False

    def write(self, data: bytes) -> None:
        """Take what came out of the step's pipe."""
        self.total_bytes += len(data)
        if self._secret:
            data = (self._held + data).replace(self._secret, b"<redacted>")
            cut = self._possible_start(data)
            data, self._held = data[:cut], data[cut:]
        seen = self._last + data
        self.has_traceback = self.has_traceback or _TRACEBACK in seen
        self.misses_network = self.misses_network or any(words in seen for words in _NO_NETWORK)
        self._last = data[-40:]
        self._keep(data)

    def _possible_start(self, data: bytes) -> int:
        """Find where the end of data may be the beginning of the secret."""
        start = max(len(data) - len(self._secret) + 1, 0)
        while (start := data.find(self._secret[:1], start)) >= 0:
            if self._secret.startswith(data[start:]):
                return start
            start += 1
        return len(data)

    def _keep(self, data: bytes) -> None:
        head, rest = data[: self._room], data[self._room :]
        if head:
            self._file.write(head)
            self._file.flush()
            self._room -= len(head)
        if not rest:
            return
        if not self._dropping:
            self._dropping = True
            self._file.write(b"\n[plumbline] The output goes on; from here only its end is kept.\n")
            self._file.flush()
        for start in range(0, len(rest), _TAIL_CHUNK):
            self._tail.append(rest[start : start + _TAIL_CHUNK])

    def note(self, text: str) -> None:
        """Write a line of our own, whatever the bound."""
        self._file.write(f"[plumbline] {text}\n".encode())
        self._file.flush()

    def finish(self) -> None:
        """Write what was held back and the end of what was dropped."""
        if self._held:
            held, self._held = self._held, b""
            self._keep(held)
        if self._dropping:
            tail = b"".join(self._tail)
            self.note(f"... {self.total_bytes} bytes in all; the last {len(tail)}:")
            self._file.write(tail + b"\n")
        self._file.flush()
