"""The Pulumi name of a pipeline's schedule: the same from definitions and from a lock, so that neither renames the other's."""

from __future__ import annotations

from pathlib import PurePosixPath

import pulumi


def schedule_name(
    pipeline: str, schedule: str, *, file: str, alone: bool
) -> tuple[str, list[pulumi.Alias] | None]:
    """Its logical name, and its aliases.

    Args:
        file: The file that defines it: the one in `schedule.yml` leads, and has the plain name.
        alone: Whether it is the pipeline's only one: that had the plain name once, whatever its file.
    """
    plain = f"{pipeline}-schedule"
    if PurePosixPath(file).stem == "schedule":
        return plain, None
    return f"{plain}-{schedule.replace('_', '-')}", [pulumi.Alias(name=plain)] if alone else None
