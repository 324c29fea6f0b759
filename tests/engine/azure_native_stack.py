"""One stack of tests/data/azure_native_program: the real engine, the stand-in, and an emulator process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from plumbline.azure_native_plugin.install import install
from plumbline.engine.ensure import ensure_engine
from tests.emulator_process import SUBSCRIPTION, TENANT, EmulatorProcess

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = REPOSITORY / "tests" / "data" / "azure_native_program"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-plumbline"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw-plumbline"
CLUSTER = f"{WORKSPACE}/computes/cpu-cluster"
ML = "2025-12-01"


class Stack:
    """One stack of the program, with a PULUMI_HOME and a state of its own."""

    def __init__(self, folder: Path, emulator: EmulatorProcess) -> None:
        self.emulator = emulator
        self.principal = "deployer"
        self.program = folder / "program"
        shutil.copytree(PROGRAM, self.program, ignore=shutil.ignore_patterns("__pycache__"))
        self.pulumi = ensure_engine().pulumi
        self.home = folder / "pulumi-home"
        install(pulumi=self.pulumi, pulumi_home=self.home)
        (folder / "state").mkdir()
        dropped = ("AZURE", "ARM_", "PULUMI_", "IDENTITY_")  # a developer's shell may point elsewhere
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(dropped)} | {
            "PATH": f"{Path(sys.executable).parent}:{self.pulumi.parent}:{os.environ['PATH']}",
            "VIRTUAL_ENV": str(Path(sys.executable).parents[1]),
            "PYTHONPATH": str(REPOSITORY),
            "PULUMI_HOME": str(self.home),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_PARALLEL": "32",
        }
        self.run("stack", "init", "local")
        self.configure("azure-native:tenantId", TENANT)
        self.configure("azure-native:subscriptionId", SUBSCRIPTION)
        self.configure("azure-native:location", "westeurope")

    def configure(self, key: str, value: object) -> None:
        """Writes the setting as a person edits the file: `pulumi config set` takes a second each."""
        file = self.program / "Pulumi.local.yaml"
        lines = file.read_text().splitlines() if file.exists() else []
        if "config:" not in lines:
            lines.append("config:")
        lines = [line for line in lines if not line.startswith(f"  {key}:")]
        file.write_text("\n".join([*lines, f"  {key}: {json.dumps(value)}"]) + "\n")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.pulumi), *arguments, "--non-interactive"],
            cwd=self.program,
            env=self.emulator.environment(self.principal, base=self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, code: int | None = 0) -> str:
        process = self.start(*arguments)
        text, _ = process.communicate(timeout=240)
        if code is not None:
            assert process.returncode == code, text
        return text

    def json(self, *arguments: str) -> Any:
        text = self.run(*arguments, "--json", code=None)
        return json.loads(text[text.index("{") :])

    def up(self, *arguments: str, code: int | None = 0) -> str:
        return self.run("up", "--yes", "--skip-preview", "--suppress-progress", *arguments, code=code)

    def steps(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Steps that are no `same`: name -> step."""
        plan = self.json(*arguments)
        return {
            step["urn"].rpartition("::")[2]: step
            for step in plan["steps"]
            if step["op"] not in ("same", "refresh") and "::pulumi:" not in step["urn"]
        }

    def drift(self) -> dict[str, list[str]]:
        """Refresh's own findings: name -> the fields that differ."""
        found = self.steps("refresh", "--preview-only")
        return {name: [step["op"], *sorted(step.get("detailedDiff") or {})] for name, step in found.items()}

    def resources(self) -> dict[str, dict[str, Any]]:
        deployment = json.loads(self.run("stack", "export"))["deployment"]
        return {item["urn"].rpartition("::")[2]: item for item in deployment.get("resources", ())}

    def live(self, resource_id: str) -> Any:
        """A resource as another client sees it."""
        answer = self.emulator.request("GET", resource_id, principal="alice", api_version=ML)
        answer.raise_for_status()
        return answer.json()

    def live_account(self, resource_id: str) -> Any:
        """A storage account as another client sees it."""
        answer = self.emulator.request("GET", resource_id, principal="alice", api_version="2024-01-01")
        answer.raise_for_status()
        return answer.json()

    def change(self, method: str, resource_id: str, body: Any = None) -> None:
        """What another client does behind the program's back, waited for."""
        query = {"underlyingResourceAction": "Delete"} if method == "DELETE" else {}
        answer = self.emulator.request(
            method, resource_id, principal="alice", api_version=ML, json=body, params=query
        )
        assert answer.ok, answer.text
        gone = method == "DELETE"
        for _ in range(200):
            now = self.emulator.request("GET", resource_id, principal="alice", api_version=ML)
            state = str(now.json().get("properties", {}).get("provisioningState", "Succeeded"))
            if (gone and now.status_code == 404) or (not gone and state == "Succeeded"):
                return
            time.sleep(0.05)
        raise AssertionError(f"{method} {resource_id} was not done in time")

    def writes(self) -> list[str]:
        """Writes that the emulator has seen since its log was emptied."""
        log = self.emulator.control("GET", "requests")
        entries = log["value"] if isinstance(log, dict) else log
        written = [item for item in entries if item["method"] in ("PUT", "PATCH", "DELETE")]
        return [f"{item['method']} {item['path']}" for item in written]

    def forget_writes(self) -> None:
        """Empties the emulator's request log."""
        self.emulator.control("DELETE", "requests")
