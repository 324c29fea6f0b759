"""What the emulator tells the supervisor to run, and what the supervisor answers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

GO = b"go\n"


@dataclass(frozen=True, kw_only=True)
class ProcessPlan:
    """One process of a step.

    Args:
        name: Unique among the running ones; names the control group.
        command: What bash runs.
        secret: The token to keep out of the log.
        quota_paths: Folders whose size counts towards disk_bytes.
        readable, writable: Granted beyond the system's own paths; only with `sandbox`.
        own: A folder, a real path, that belongs to a user of the process's own, where the machine gives one; empty for
            a process that runs as the emulator's.
        private: The emulator's folder: shut though it may lie below a granted path.
        network: "emulator": a network of its own, from which only the emulator's address leads out; "machine": all.
        port: The emulator's, on 127.0.0.1.
        beside: Process id of the step's first rank, whose network this one shares; 0 for the first.
        held: Begin only at the line "go": ranks wait until each one's room stands.
        timeout_seconds, log_limit_bytes: None for no limit.
        log_head_bytes, log_tail_bytes: How much of what it prints is kept, from the beginning and from the end.
    """

    name: str
    command: str
    working_folder: str
    environment: dict[str, str]
    log_path: str
    secret: str = ""
    sandbox: bool = True
    readable: list[str] = field(default_factory=list)
    writable: list[str] = field(default_factory=list)
    own: str = ""
    private: str = ""
    network: str = "machine"
    port: int = 0
    beside: int = 0
    held: bool = False
    quota_paths: list[str] = field(default_factory=list)
    timeout_seconds: float | None = None
    disk_bytes: int = 10 * 1024**3
    process_limit: int = 512
    log_head_bytes: int = 8 * 1024**2
    log_tail_bytes: int = 1024**2
    log_limit_bytes: int | None = None
    grace_seconds: float = 2.0

    def dumps(self) -> bytes:
        """Encode for the supervisor's standard input."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def loads(cls, data: bytes) -> ProcessPlan:
        """Decode what `dumps` made."""
        return cls(**json.loads(data))


@dataclass(frozen=True, kw_only=True)
class ProcessEnd:
    """How it ended.

    Args:
        exit_code: As bash reports it; 128 + n when ended by signal n.
        reason: Empty when the command ended by itself, else one of canceled, timeout, disk, processes, log,
            abandoned.
        left_behind: Processes that still ran when the command had ended.
    """

    exit_code: int
    reason: str = ""
    left_behind: int = 0
    output_bytes: int = 0
    has_traceback: bool = False
    started_at: float = 0.0
    ended_at: float = 0.0
    detail: str = ""
