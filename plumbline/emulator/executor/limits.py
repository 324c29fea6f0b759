"""Bounds on one step, so that a runaway one ends with a reason instead of ending the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass

from plumbline.emulator.errors import HomeError

NETWORKS = ("emulator", "machine")
_MEBIBYTE = 1024 * 1024
# Whoever streams a log reads it again each time: more would be slow to read and says little.
_LOG_HEAD_BYTES = 8 * _MEBIBYTE


@dataclass(frozen=True, kw_only=True)
class StepLimits:
    """Read once, when the emulator starts.

    Args:
        disk_bytes: A step's working folder, outputs and temporary files. PLUMBLINE_STEP_DISK_MIB. Default 10 GiB.
        process_limit: Processes at once. PLUMBLINE_STEP_PROCESSES. Default 512.
        log_bytes: What each process of a step may print before the step is ended. PLUMBLINE_STEP_LOG_MIB. Default
            64 MiB.
        network: "emulator": only the emulator can be reached; "machine": whatever this machine reaches, the internet
            too. PLUMBLINE_STEP_NETWORK. Default emulator.
    """

    disk_bytes: int = 10 * 1024 * _MEBIBYTE
    process_limit: int = 512
    log_bytes: int = 64 * _MEBIBYTE
    network: str = "emulator"

    @classmethod
    def from_environment(cls) -> StepLimits:
        """Return the defaults with what the environment sets. Raises: HomeError: a value that means nothing."""
        network = os.environ.get("PLUMBLINE_STEP_NETWORK", cls.network)
        if network not in NETWORKS:
            raise HomeError(
                f"PLUMBLINE_STEP_NETWORK: got {network!r}, expected one of {', '.join(NETWORKS)}. Set it and start again."
            )
        return cls(
            network=network,
            disk_bytes=int(os.environ.get("PLUMBLINE_STEP_DISK_MIB", cls.disk_bytes // _MEBIBYTE))
            * _MEBIBYTE,
            process_limit=int(os.environ.get("PLUMBLINE_STEP_PROCESSES", cls.process_limit)),
            log_bytes=int(os.environ.get("PLUMBLINE_STEP_LOG_MIB", cls.log_bytes // _MEBIBYTE)) * _MEBIBYTE,
        )

    @property
    def log_head_bytes(self) -> int:
        """How much of a log is kept from its beginning; of what follows, its end is kept."""
        return min(self.log_bytes, _LOG_HEAD_BYTES)
