"""What a person sees while the engine is found or made: plain lines, or one line that moves on a terminal."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Progress = Callable[[str], None]
"""Takes one plain line. Everything in this package reports through one of these."""

PLAIN_SECONDS = 15.0
TERMINAL_SECONDS = 1.0


def silent(_line: str) -> None:
    """A Progress that says nothing."""


class Lines:
    """A Progress that writes to a stream; a terminal also gets a moving line while something is under way."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.moves = self.stream.isatty()
        self._moving_width = 0

    def __call__(self, line: str) -> None:
        """Write one line that stays."""
        self.stream.write(self._erased() + line + "\n")
        self.stream.flush()

    def moving(self, line: str) -> None:
        """Write one line that the next line overwrites."""
        text = line[:110]
        self.stream.write(self._erased() + text)
        self._moving_width = len(text)
        self.stream.flush()

    def _erased(self) -> str:
        blank, self._moving_width = "\r" + " " * self._moving_width + "\r", 0
        return blank if len(blank) > 2 else ""


@contextmanager
def heartbeat(
    progress: Progress, title: str, state: Callable[[], str], seconds: float | None = None
) -> Iterator[None]:
    """Say every few seconds that a long piece of work is alive, for how long, and what it is doing.

    Args:
        state: asked at each beat; what is being done right now, or "".
        seconds: Optional. Time between two beats. Default: 1 on a terminal, 15 otherwise.
    """
    moving = progress.moving if isinstance(progress, Lines) and progress.moves else None
    pause = seconds or (TERMINAL_SECONDS if moving else PLAIN_SECONDS)
    say = moving or progress
    started, ended = time.monotonic(), threading.Event()

    def beat() -> None:
        while not ended.wait(pause):
            doing = state()
            say(f"  {title}: {elapsed(time.monotonic() - started)}" + (f", {doing}" if doing else ""))

    beats = threading.Thread(target=beat, name="heartbeat", daemon=True)
    beats.start()
    try:
        yield
    finally:
        ended.set()
        beats.join()


def elapsed(seconds: float) -> str:
    """A duration as a person says it: `8 s`, `2 min 05 s`."""
    whole = int(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
