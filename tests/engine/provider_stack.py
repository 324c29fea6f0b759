"""One stack of tests/data/provider_program: the real engine, our plugin process, and an emulated platform."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from plumbline.engine.ensure import ensure_engine
from tests.contract.machine_learning_platform import GROUP, WORKSPACE, MachineLearningPlatform
from tests.emulator_process import SUBSCRIPTION, TENANT

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = REPOSITORY / "tests" / "data" / "provider_program"
TOKENS = "plumbline:azureml:"
VERSIONS = {
    "environments": "2023-04-01-preview",
    "components": "2024-01-01-preview",
    "data": "2023-04-01-preview",
    "models": "2023-08-01-preview",
    "schedules": "2023-06-01-preview",
    "codes": "2023-04-01",
    "batchEndpoints": "2024-01-01-preview",
}


class ProviderStack:
    """A stack with a program folder, a PULUMI_HOME and a state of its own."""

    def __init__(self, folder: Path, platform: MachineLearningPlatform, *, stack: str = "local") -> None:
        self.platform = platform
        self.principal = "deployer"
        self.stack = stack
        self.program = folder / "program"
        shutil.copytree(PROGRAM, self.program, ignore=shutil.ignore_patterns("__pycache__"))
        (self.program / "plumbline").symlink_to(REPOSITORY / "plumbline")
        self.set(group=GROUP, workspace=WORKSPACE)
        self.pulumi = ensure_engine().pulumi
        self.state = folder / "state"
        self.state.mkdir()
        dropped = ("AZURE", "ARM_", "PULUMI_", "IDENTITY_")  # a developer's shell may point elsewhere
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(dropped)} | {
            "PATH": f"{Path(sys.executable).parent}:{self.pulumi.parent}:{os.environ['PATH']}",
            "VIRTUAL_ENV": str(Path(sys.executable).parents[1]),
            "PYTHONPATH": str(REPOSITORY),
            "PULUMI_HOME": str(folder / "pulumi-home"),
            "PULUMI_BACKEND_URL": f"file://{self.state}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_PARALLEL": "32",
        }
        self.run("stack", "init", stack)
        settings = {"cloud": "PlumblineLocal", "tenantId": TENANT, "subscriptionId": SUBSCRIPTION}
        file = self.program / f"Pulumi.{stack}.yaml"
        lines = [f"  plumbline:{key}: {value}" for key, value in settings.items()]
        file.write_text(
            "\n".join([file.read_text().rstrip() if file.exists() else "", "config:", *lines, ""])
        )

    # -- the program

    def set(self, **settings: Any) -> None:
        """Settings that the program reads; None takes one away."""
        file = self.program / "settings.json"
        current = json.loads(file.read_text()) if file.exists() else {}
        merged = {name: value for name, value in {**current, **settings}.items() if value is not None}
        file.write_text(json.dumps(merged))

    @contextmanager
    def edited(self, path: str, old: str, new: str) -> Iterator[None]:
        """Replace text in a definition, and put it back."""
        file = self.program / "ml" / "scoring" / path
        before = file.read_text()
        assert old in before, (path, old)
        file.write_text(before.replace(old, new))
        try:
            yield
        finally:
            file.write_text(before)

    # -- the engine

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        base = self.platform.emulator.environment(self.principal, base=self.environment)
        return subprocess.Popen(
            [str(self.pulumi), *arguments, "--non-interactive"],
            cwd=self.program,
            env=base,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, refused: bool = False) -> str:
        """Run to the end; it must succeed, or with `refused` must not."""
        process = self.start(*arguments)
        text, _ = process.communicate(timeout=240)
        assert (process.returncode != 0) is refused, text
        return text

    def up(self, *arguments: str, refused: bool = False) -> str:
        return self.run("up", "--yes", "--skip-preview", "--suppress-progress", *arguments, refused=refused)

    def destroy(self, *arguments: str) -> str:
        return self.run("destroy", "--yes", "--skip-preview", "--suppress-progress", *arguments)

    def steps(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Steps that are no `same`: logical name -> step."""
        text = self.run(*arguments, "--json")
        plan = json.loads(text[text.index("{") :])
        return {
            step["urn"].rpartition("::")[2]: step
            for step in plan["steps"]
            if step["op"] not in ("same", "refresh") and TOKENS in step["urn"]
        }

    def planned(self) -> dict[str, list[str]]:
        """What a preview would do: name -> operation and fields."""
        return _shortly(self.steps("preview"))

    def drift(self) -> dict[str, list[str]]:
        """Refresh's findings: name -> operation and fields."""
        return _shortly(self.steps("refresh", "--preview-only"))

    def found(self, *, beside_the_engine: bool = False) -> dict[str, list[str]]:
        """What `plumbline drift` finds: resource -> fields, those of a definition each by itself.

        Args:
            beside_the_engine: Hold it against what the engine's own refresh says, value by value.
        """
        answer = self.compared(*(["--engine"] if beside_the_engine else []))
        assert answer.returncode == 0, answer.stderr
        named: dict[str, list[str]] = {}
        for finding in json.loads(answer.stdout)["findings"]:
            named.setdefault(finding["resource"], []).append(finding["field"])
        return {name: sorted(fields) for name, fields in named.items()}

    def compared(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What `plumbline drift` and `codify` make of what is live, as tests/live_plan.py prints it."""
        return subprocess.run(
            [sys.executable, str(REPOSITORY / "tests" / "live_plan.py"), self.stack, *words],
            cwd=self.program,
            env=self.platform.emulator.environment(self.principal, base=self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def resources(self) -> dict[str, dict[str, Any]]:
        """The state's resources, read from the backend's file: `pulumi stack export` takes a second each."""
        file = next(self.state.glob(".pulumi/stacks/scoring/*.json"))
        deployment = json.loads(file.read_text())["checkpoint"]["latest"] or {}
        return {item["urn"].rpartition("::")[2]: item for item in deployment.get("resources", ())}

    # -- the platform behind its back

    def live(self, path: str) -> Any:
        return self.call("GET", path).json()

    def call(self, method: str, path: str, *, principal: str | None = None, body: Any = None) -> Any:
        """A request of Alice's; of a model, which people may not write, the owner's."""
        principal = principal or ("deployer" if path.startswith("models/") else "alice")
        answer = self.platform.emulator.request(
            method,
            f"{self.platform.workspace_id}/{path}",
            principal=principal,
            api_version=VERSIONS[path.partition("/")[0].partition("?")[0]],
            json=body,
        )
        assert answer.ok, (path, answer.status_code, answer.text)
        return answer

    def change(self, path: str, **properties: Any) -> None:
        """What another client does: GET, change, PUT whole, without the stage, as azure-ai-ml does.

        A component's description is that of its spec (recorded): the studio edits it there.
        """
        merged = {**self.live(path)["properties"], **properties}
        merged.pop("stage", None)
        if "componentSpec" in merged and "description" in properties:
            merged["componentSpec"] = {
                **merged["componentSpec"],
                "description": merged.pop("description"),
            }
        self.call("PUT", path, body={"properties": merged})

    def versions(self, path: str) -> dict[str, bool]:
        """Versions of a container: version -> whether it is archived."""
        listed = self.live(f"{path}/versions?listViewType=All")["value"]
        return {item["name"]: str(item["properties"].get("isArchived")).lower() == "true" for item in listed}

    def forget_requests(self) -> None:
        self.platform.forget_requests()

    def writes(self) -> list[str]:
        """Writes since the log was emptied: `METHOD path`."""
        found = [
            entry for method in ("PUT", "PATCH", "DELETE", "POST") for entry in self.platform.paths(method)
        ]
        return [entry.replace(f"{self.platform.workspace_id}/", "") for entry in found]

    def faults(self, *rules: dict[str, Any]) -> None:
        self.platform.emulator.control("PUT", "faults", list(rules))

    def no_faults(self) -> None:
        self.platform.emulator.control("DELETE", "faults")


def plugins_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Our plugin processes below an engine that runs."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if "plumbline.provider" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def wait_for(condition: Callable[[], Any], *, seconds: float = 120.0) -> Any:
    """Wait until something is there, and answer it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def _shortly(steps: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    return {name: [step["op"], *sorted(step.get("detailedDiff") or {})] for name, step in steps.items()}
