"""The prerequisites of this machine, each as a finding: there, there with a limit, or missing with its next step."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from plumbline.engine import find_engine
from plumbline.engine.installer import uv_version
from plumbline.engine.venv import environment_fault
from plumbline.ops.errors import BugError
from plumbline.ops.local_home import EmulatedStack
from plumbline.ops.login import SPOKEN, logins

Status = Literal["ok", "limited", "missing"]
_LANDLOCK_CREATE_RULESET, _LANDLOCK_VERSION_FLAG = 444, 1


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found of one prerequisite.

    Attributes:
        status: `ok`; `limited`, when work goes on with less; `missing`, when it does not.
        next_step: what to do about it, empty when there is nothing to do.
    """

    name: str
    status: Status
    found: str
    next_step: str = ""


def findings(root: Path | None, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Every prerequisite, in the order in which a first `make up` meets them.

    Args:
        root: the project's folder, or None outside one: what belongs to a project is left out then.
    """
    yield _python()
    yield _tool("git", "--version", "install git", environ)
    yield _tool("make", "--version", "install make (on macOS: xcode-select --install)", environ)
    yield _uv(environ)
    if root is not None and (root / "requirements.lock").is_file():
        yield _environment(root)
    yield _pip()
    yield _engine(environ)
    yield _landlock()
    yield _room(root or Path.cwd())
    yield _disk(root or Path.cwd(), has_engine=find_engine(environ) is not None)
    if root is not None:
        yield _emulator(root)
    yield _login(root, environ)


@cache
def _bounds() -> Mapping[str, Any]:
    text = (Path(__file__).parent / "prerequisites.yaml").read_text(encoding="utf-8")
    bounds: Mapping[str, Any] = yaml.safe_load(text)
    return bounds


def _python() -> Finding:
    version, oldest = sys.version.split()[0], _bounds()["python"]["oldest"]
    if _older(version, oldest):
        return Finding(
            name="python", status="missing", found=version, next_step=f"install Python {oldest} or newer"
        )
    return Finding(name="python", status="ok", found=f"{version} in {sys.prefix}")


def _tool(name: str, question: str, next_step: str, environ: Mapping[str, str]) -> Finding:
    path = shutil.which(name, path=environ.get("PATH", ""))
    if path is None:
        return Finding(name=name, status="missing", found="not on PATH", next_step=next_step)
    answer = subprocess.run([path, question], capture_output=True, text=True, check=False, timeout=20)
    version = re.search(r"\d+\.\d+(\.\d+)?", answer.stdout)
    oldest = _bounds()[name]["oldest"]
    if version is None or _older(version[0], oldest):
        found = version[0] if version else "does not tell its version"
        return Finding(name=name, status="missing", found=found, next_step=f"{next_step}, {oldest} or newer")
    return Finding(name=name, status="ok", found=f"{version[0]} at {path}")


def _uv(environ: Mapping[str, str]) -> Finding:
    on_path = shutil.which("uv", path=environ.get("PATH", ""))
    for uv in [Path(sys.prefix) / "bin" / "uv", *([Path(on_path)] if on_path else [])]:
        version = uv_version(uv)
        if version is not None:
            return Finding(name="uv", status="ok", found=f"{version} at {uv}")
    return Finding(
        name="uv", status="missing", found="none that runs", next_step="run `make up`: it brings uv"
    )


def _environment(root: Path) -> Finding:
    fault = environment_fault(root)
    if fault is None:
        return Finding(name="environment", status="ok", found=".venv is what requirements.lock says")
    return Finding(
        name="environment",
        status="missing",
        found=fault,
        next_step="run `make up` or `make test`: both set it up",
    )


def _pip() -> Finding:
    # The language host asks `python -m pip list` for the plugins that packages name; without pip no program starts.
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "--version"], capture_output=True, text=True, check=False, timeout=60
    )
    if asked.returncode != 0:
        return Finding(
            name="pip",
            status="missing",
            found="not in this environment, and the Python language host asks it for packages",
            next_step=f"run `uv pip install --python {sys.executable} pip`",
        )
    return Finding(name="pip", status="ok", found=asked.stdout.split()[1])


def _engine(environ: Mapping[str, str]) -> Finding:
    engine = find_engine(environ)
    if engine is None:
        return Finding(
            name="engine",
            status="missing",
            found="no pulumi on PATH that is new enough, none in the cache",
            next_step="run `python -m plumbline.engine ensure`: it downloads or builds one",
        )
    found = f"pulumi {engine.version} at {engine.path}: {engine.reason}"
    return Finding(name="engine", status="ok", found=found)


def _landlock() -> Finding:
    version, bounds = _landlock_version(), _bounds()["landlock"]
    if version == 0:
        return Finding(
            name="landlock",
            status="limited",
            found="not enforced: this kernel has none, so a pipeline's steps can read what you can",
            next_step="run only pipelines that you trust on this machine",
        )
    limits = [row for row in bounds["limits"] if version < row["before"]]
    found = "; ".join(
        [
            f"version {version}: a step is kept to its own folders",
            *(f"{row['limit']} (not from Linux {row['kernel']} on)" for row in limits),
        ]
    )
    if version < bounds["complete"]:
        return Finding(
            name="landlock",
            status="limited",
            found=found,
            next_step="run only pipelines that you trust on this machine, or a newer kernel",
        )
    return Finding(name="landlock", status="ok", found=found)


def _room(folder: Path) -> Finding:
    """What this machine gives a step of its own; asked of the executor's own program, as the emulator does."""
    words = [sys.executable, "-m", "plumbline.emulator.executor.supervisor.room", str(folder)]
    asked = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    if asked.returncode != 0:
        raise BugError(
            f"{' '.join(words)}: got {asked.stderr.strip()}, expected what this machine gives a step"
        )
    refused: Mapping[str, str] = json.loads(asked.stdout)["refused"]
    if not refused:
        return Finding(
            name="step's room",
            status="ok",
            found="a user, processes, memory, network of its own; no capabilities",
        )
    rows = [row for row in _bounds()["room"] if row["part"] in refused]
    return Finding(
        name="step's room",
        status="limited",
        found="; ".join(
            f"no {row['part']} of its own ({refused[row['part']]}): {row['without']}" for row in rows
        ),
        next_step="run only pipelines that you trust on this machine",
    )


def _landlock_version() -> int:
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    flags = ctypes.c_uint32(_LANDLOCK_VERSION_FLAG)
    return max(int(libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), flags)), 0)


def _disk(folder: Path, *, has_engine: bool) -> Finding:
    bounds = _bounds()["disk"]
    needed = bounds["free_gib"] if has_engine else bounds["build_gib"]
    free = shutil.disk_usage(folder).free / 2**30
    found = f"{free:.1f} GiB free at {folder}"
    if free < needed:
        return Finding(name="disk", status="missing", found=found, next_step=f"free {needed} GiB")
    return Finding(name="disk", status="ok", found=found)


def _emulator(root: Path) -> Finding:
    stack = EmulatedStack(
        stack="local",
        cloud="",
        tenant_id="",
        subscription_id="",
        location="",
        root=root / ".plumbline" / "local",
    )
    ready = stack.ready()
    found = (
        f"runs at {ready['base_url']} (pid {ready['pid']})" if ready else "not running; `make up` starts it"
    )
    return Finding(name="emulator", status="ok", found=found)


def _login(root: Path | None, environ: Mapping[str, str]) -> Finding:
    """Compare who the Pulumi providers and azure-identity would act as."""
    found = logins(root, environ)
    told = "; ".join(f"{SPOKEN[family]}: {login}" for family, login in found.items())
    if len({login.principal for login in found.values()}) == 1:
        return Finding(name="login", status="ok", found=str(found["azure_identity"]))
    native, ours, _ = (found[family] for family in SPOKEN)
    if native.way == "az login" and ours.principal == native.principal:
        step = (
            "set ARM_USE_DEFAULT_AZURE_CREDENTIAL=true, so that both providers choose as azure-identity does"
        )
    else:
        step = "set ARM_CLIENT_ID and AZURE_CLIENT_ID (and their secrets) to one principal, or unset both"
    return Finding(name="login", status="missing", found=f"two principals: {told}", next_step=step)


def _older(version: str, oldest: str) -> bool:
    def parts(text: str) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", text)[:3]]

    return parts(version) < parts(oldest)
