"""How often Python looks for garbage in a program that declares assets."""

from __future__ import annotations

import gc

_OBJECTS_BETWEEN_LOOKS = 100_000


def look_for_garbage_less_often() -> None:
    """Let a Pulumi program look for garbage once in 100,000 new objects; one that looks as rarely, or never, keeps to that.

    A program lives for seconds and keeps nearly all that it makes, most of it futures of the SDK. Looking through that
    over and over took a third of the time of a program with 200 assets (CPython 3.11, which looks once in 700).
    """
    chosen, *later = gc.get_threshold()
    if 0 < chosen < _OBJECTS_BETWEEN_LOOKS:
        gc.set_threshold(_OBJECTS_BETWEEN_LOOKS, *later)
