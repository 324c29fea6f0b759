"""Runs commands.yaml with an `az` of its own on an emulator of its own; a line of JSON for each command.

python -m tests.conformance.az.run --results FILE [--only REGEX]

The `az` is the one that PLUMBLINE_AZ names, else azure-cli from PyPI in an environment in the user's cache, made once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jmespath
import yaml

from tests.conformance import outcome
from tests.emulator_process import EmulatorProcess

VERSION = "2.91.0"
_COMMANDS = Path(__file__).with_name("commands.yaml")
_SECONDS = 180


def find_az() -> Path:
    """The `az` to use; made on the first call, which takes minutes and about 700 MB."""
    if named := os.environ.get("PLUMBLINE_AZ"):
        return Path(named)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "plumbline" / f"azure-cli-{VERSION}"
    az = folder / "bin" / "az"
    if not az.exists():
        print(f"Installing azure-cli {VERSION} into {folder}; this takes a few minutes.", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run(
            [str(folder / "bin" / "pip"), "install", "--quiet", f"azure-cli=={VERSION}"], check=True
        )
    return az


class Shell:
    """One emulator, and what the commands kept."""

    def __init__(self, az: Path, emulator: EmulatorProcess, folder: Path) -> None:
        self._az = az
        self._emulator = emulator
        self._folder = folder
        secrets = json.loads((emulator.home / "principals.json").read_text(encoding="utf-8"))
        self.names: dict[str, str] = {
            "base": emulator.base_url,
            "subscription": emulator.subscription_id,
            "tenant": emulator.tenant_id,
            "group_id": f"{emulator.scope}/resourceGroups/rg-az",
        }
        for role, seeded in emulator.ready["principals"].items():
            self.names[f"{role}_object_id"] = seeded["object_id"]
            self.names[f"{role}_client_id"] = seeded["client_id"]
            self.names[f"{role}_secret"] = secrets[role]["client_secret"]

    def run(self, row: Mapping[str, Any]) -> outcome.Outcome:
        """One command, held against what its row expects."""
        for name, text in (row.get("files") or {}).items():
            (self._folder / name).write_text(text.format_map(self.names), encoding="utf-8")
        principal = row.get("as", "deployer")
        environment = self._emulator.environment(principal) | {
            "AZURE_CONFIG_DIR": str(self._folder / f"az-{principal}"),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "AZURE_CORE_NO_COLOR": "yes",
            "AZURE_CORE_INSTANCE_DISCOVERY": "no",
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
        }
        try:
            command = shlex.split(row["command"].format_map(self.names))
        except KeyError as error:
            return self._outcome(row, "failed", 0.0, f"no earlier command kept {error}")
        began = time.monotonic()
        try:
            ended = subprocess.run(
                [str(self._az), *command, "--output", "json"], cwd=self._folder, env=environment, check=False,
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return self._outcome(row, "failed", _SECONDS, f"not done after {_SECONDS} seconds")
        why = self._why(row, ended)
        seconds = time.monotonic() - began
        if not why:
            return self._outcome(row, "passed", seconds, "")
        result: outcome.Result = "not_modelled" if "The emulator does not model" in ended.stderr else "failed"
        return self._outcome(row, result, seconds, why)

    def _why(self, row: Mapping[str, Any], ended: subprocess.CompletedProcess[str]) -> str:
        said = ended.stderr.strip()[-1500:]
        if ended.returncode != row.get("exit", 0):
            return f"exit code {ended.returncode}, expected {row.get('exit', 0)}: {said}"
        if row.get("says", "") not in ended.stderr:
            return f"stderr lacks {row['says']!r}: {said}"
        if not row.get("checks") and not row.get("keep"):
            return ""
        try:
            answer = json.loads(ended.stdout)
        except ValueError:
            return f"stdout is no JSON: {ended.stdout[:300]!r} {said}"
        for path, wanted in (row.get("checks") or {}).items():
            found = jmespath.search(path.format_map(self.names), answer)
            expected = wanted.format_map(self.names) if isinstance(wanted, str) else wanted
            if found is None if expected == "*" else found != expected:
                return f"{path}: got {found!r}, expected {expected!r}"
        for name, path in (row.get("keep") or {}).items():
            self.names[name] = str(jmespath.search(path, answer))
        return ""

    @staticmethod
    def _outcome(row: Mapping[str, Any], result: outcome.Result, seconds: float, why: str) -> outcome.Outcome:
        return outcome.Outcome(
            area=row["area"], name=row["name"], result=result, seconds=round(seconds, 1), why=why
        )


def read_commands() -> list[dict[str, Any]]:
    """The rows of commands.yaml."""
    rows: list[dict[str, Any]] = yaml.safe_load(_COMMANDS.read_text(encoding="utf-8"))["commands"]
    return rows


def main(words: Sequence[str] | None = None) -> int:
    """The command line. Exit code 0 when the suite ran, whatever it found: that is in the results."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance.az.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument(
        "--only",
        default=".*",
        metavar="REGEX",
        help="only commands of these whole names; what they build on must be among them, login-identity too",
    )
    options = parser.parse_args(words)
    rows = [row for row in read_commands() if re.fullmatch(options.only, row["name"])]
    az, found = find_az(), list[outcome.Outcome]()
    with tempfile.TemporaryDirectory(prefix="plumbline-az-") as name, EmulatorProcess() as emulator:
        shell = Shell(az, emulator, Path(name))
        for row in rows:
            one = shell.run(row)
            found.append(one)
            print(f"{one.result:12} {one.seconds:5.1f} s  {one.name}  {one.why[:400]}".rstrip(), flush=True)
    outcome.write(options.results, found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
