"""Where an emulated stack keeps what is its own: emulator, engine home, state; and who runs it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from plumbline.fence import LOCAL_CLOUD, REHEARSAL_CLOUD
from plumbline.ops.disk import require_space
from plumbline.ops.errors import UserError
from plumbline.ops.own_processes import end_processes, own_processes
from plumbline.ops.state_lock import read_checkpoint

START_SECONDS = 20.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class EmulatedStack:
    """An emulated stack: its pins, and the folder that holds everything of it.

    Attributes:
        stack: The stack's short name.
        cloud: The name that the emulator's metadata answers.
        root: `.plumbline/local`, `.plumbline/local-<stack>` or `.plumbline/rehearsals/<stack>` of a project.
        also: Further stacks that share its emulator and state: a rehearsal of several.
        other_subscriptions: Those of them that pin a subscription of their own -> its GUID.
    """

    stack: str
    cloud: str
    tenant_id: str
    subscription_id: str
    location: str
    root: Path
    also: tuple[str, ...] = ()
    other_subscriptions: Mapping[str, str] = field(default_factory=dict)

    @property
    def emulator_home(self) -> Path:
        return self.root / "emulator"

    @property
    def pulumi_home(self) -> Path:
        return self.root / "pulumi-home"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def passphrase_file(self) -> Path:
        return self.root / "passphrase"

    def outputs(self) -> dict[str, Any]:
        """What the program exported at its last update; nothing before the first. Secrets stay encrypted.

        Read from the state itself: asking the engine costs half a second in every command.
        Source: pulumi/sdk `apitype.DeploymentV3`, file backend.
        """
        for file in (self.state / ".pulumi" / "stacks").glob(f"*/{self.stack}.json"):
            latest = read_checkpoint(file)["checkpoint"].get("latest") or {}
            for resource in latest.get("resources") or ():
                if resource["type"] == "pulumi:pulumi:Stack":
                    exported: dict[str, Any] = resource.get("outputs") or {}
                    return exported
        return {}

    @property
    def is_rehearsal(self) -> bool:
        return self.cloud == REHEARSAL_CLOUD

    def prepare(self) -> None:
        """Make the folders that the engine and the emulator expect; safe to call again."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.pulumi_home, self.state):
            folder.mkdir(exist_ok=True, mode=0o700)
        if not self.passphrase_file.exists():
            # The local stack's file is committed with the salt of an empty passphrase, so that
            # initialising it leaves the tracked file alone; a rehearsal has a project of its own.
            text = secrets.token_urlsafe(24) if self.is_rehearsal else ""
            handle = os.open(self.passphrase_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(text)

    def ready(self) -> dict[str, Any] | None:
        """What the running emulator says of itself, or None when it does not run."""
        try:
            document = json.loads((self.emulator_home / "ready.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return document if _is_alive(document["pid"], document["started_at"]) else None

    def start(self, *, azure_noise: bool = False) -> dict[str, Any]:
        """Start the emulator unless it runs, and answer what it says of itself once it is ready.

        Raises: UserError: it ended before it was ready, or was not ready in time.
        """
        self.prepare()
        require_space(self.root)
        running = self.ready()
        if running is not None and self._is_played_by(running):
            return running
        if running is not None:
            # It says in its metadata which stacks it plays for, and that is fixed for the life of its process.
            self.stop()
        self.emulator_home.mkdir(exist_ok=True, mode=0o700)
        log = self.emulator_home / "emulator.log"
        arguments = [
            sys.executable, "-m", "plumbline.emulator", "serve",
            "--home", str(self.emulator_home), "--stack", self.stack, "--cloud", self.cloud,
            "--tenant-id", self.tenant_id, "--subscription-id", self.subscription_id,
            "--location", self.location,
        ]  # fmt: skip
        if azure_noise:
            arguments.append("--azure-noise")
        for stack in self.also:
            arguments += ["--also-stack", stack]
        for stack, subscription in self.other_subscriptions.items():
            arguments += ["--other-subscription", f"{stack}={subscription}"]
        with log.open("ab") as output:
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=_emulator_environment(os.environ),
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            document = self.ready()
            if document is not None:
                return document
            if process.poll() is not None:
                break
            time.sleep(0.02)
        process.kill()
        raise UserError(
            f"emulator of stack {self.stack}: got no ready process within {START_SECONDS:.0f} s, "
            f"expected one. Read {log}:\n{_tail(log)}"
        )

    def _is_played_by(self, running: Mapping[str, Any]) -> bool:
        elsewhere = running.get("other_subscriptions") or {}
        return set(self.also) <= set(running.get("also_stacks") or ()) and all(
            elsewhere.get(stack) == self.other_subscriptions.get(stack) for stack in self.also
        )

    def stop(self) -> bool:
        """Stop the emulator; answers whether one ran. It is killed when it does not end in time."""
        document = self.ready()
        if document is None:
            return False
        try:
            process = psutil.Process(document["pid"])
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
        except psutil.NoSuchProcess:
            pass
        return True


def local_stack(project: Path, pins: Mapping[str, str], stack: str = "local") -> EmulatedStack:
    """An emulated stack of a project; each has an emulator, a state and an engine home of its own."""
    folder = "local" if stack == "local" else f"local-{stack}"
    return _emulated(stack, LOCAL_CLOUD, project / ".plumbline" / folder, pins)


def rehearsal(
    project: Path, stack: str, pins: Mapping[str, str], *, also: Mapping[str, str] | None = None
) -> EmulatedStack:
    """The rehearsal of a real cloud's stack, alone or together with others of the same tenant.

    Args:
        also: The others -> the subscription that each pins.
    """
    root = project / ".plumbline" / "rehearsals" / stack
    alone, others = _emulated(stack, REHEARSAL_CLOUD, root, pins), also or {}
    own = alone.subscription_id.lower()
    elsewhere = {name: one.lower() for name, one in others.items() if one.lower() != own}
    return replace(alone, also=tuple(others), other_subscriptions=elsewhere)


def _emulated(stack: str, cloud: str, root: Path, pins: Mapping[str, str]) -> EmulatedStack:
    return EmulatedStack(
        stack=stack,
        cloud=cloud,
        root=root,
        tenant_id=pins["tenant_id"],
        subscription_id=pins["subscription_id"],
        location=pins["location"],
    )


def remove_all(home: Path) -> int:
    """End everything that works for a `.plumbline` folder and delete the folder; answers how many emulators ran.

    Raises: UserError: a part of the folder cannot be deleted.
    """
    # Engines first: they would go on writing, and their plugins calling, while the emulators end.
    running = own_processes(home)
    end_processes(running.engines)
    end_processes(running.emulators)
    shutil.rmtree(home, ignore_errors=True)
    if home.exists():
        # What a step has made read-only can be deleted only after it is made writable.
        for folder, _, _ in os.walk(home):
            Path(folder).chmod(0o700)
        try:
            shutil.rmtree(home)
        except OSError as error:
            raise UserError(
                f"{home}: got {error}, expected to delete it. Delete it by hand: nothing runs in it any more."
            ) from error
    return len(running.emulators)


def _is_alive(pid: int, started_at: float) -> bool:
    try:
        process = psutil.Process(pid)
        # Nobody reaps an orphan in a container whose first process does not: killed, it stays as a zombie.
        return abs(process.create_time() - started_at) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _emulator_environment(environ: Mapping[str, str]) -> dict[str, str]:
    # Environment builds need the caller's own CA bundle, not one that this shell got from `local env`.
    environment = {key: value for key, value in environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        original = environment.get(f"PLUMBLINE_ORIGINAL_{name}")
        if original is not None:
            environment[name] = original
    return environment


def _tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
