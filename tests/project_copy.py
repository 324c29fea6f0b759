"""A copy of the project in a folder of its own, driven by the real commands: nobody else's state is touched."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

REPOSITORY = Path(__file__).resolve().parent.parent
COPIED = (
    "Pulumi.yaml",
    "Pulumi.local.yaml",
    "Pulumi.dev.yaml",
    "Pulumi.staging.yaml",
    "Pulumi.prod.yaml",
    "Pulumi.shared.yaml",
    "__main__.py",
    "stacks",
    "components",
    "pipelines",
)
# A developer's own shell may point at an emulator already; a test must not see that one.
LEFT_OUT = ("AZURE", "ARM_", "PULUMI_", "IDENTITY_", "REGISTRY_DISCOVERY", "PLUMBLINE_PRINCIPAL")
COMMAND_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class ProjectCopy:
    """A project that tests may edit, with a local platform of its own below `.plumbline/`."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> ProjectCopy:
        root.mkdir(parents=True, exist_ok=True)
        for name in COPIED:
            source = REPOSITORY / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, root / name)
        # The product is the installed one; only the plugin's folder is looked up beside Pulumi.yaml.
        (root / "plumbline").symlink_to(REPOSITORY / "plumbline")
        # A stock language host takes the environment that Pulumi.yaml names.
        (root / ".venv").symlink_to(sys.prefix)
        shutil.copy(REPOSITORY / ".gitignore", root)
        copy = cls(root=root)
        copy.git("init", "--quiet", "--initial-branch", "main")
        # Links to the installed environment and product, and what tests lay beside the project.
        (root / ".git" / "info" / "exclude").write_text("/.venv\n/plumbline\n/beside/\n/blocked/\n")
        copy.commit("The project as it is")
        return copy

    def git(self, *words: str) -> str:
        """Run git in the project, as somebody who has a name."""
        names = {"GIT_AUTHOR_NAME": "Alice", "GIT_AUTHOR_EMAIL": "alice@plumbline.example"}
        names |= {key.replace("AUTHOR", "COMMITTER"): value for key, value in names.items()}
        return self.run(["git", *words], check=True, environ=plain_environment() | names).stdout

    def commit(self, message: str) -> str:
        """Commit everything; answers the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    @property
    def emulator_home(self) -> Path:
        return self.root / ".plumbline" / "local" / "emulator"

    def plumbline(
        self,
        *words: str,
        check: bool = True,
        environ: dict[str, str] | None = None,
        seconds: float = COMMAND_SECONDS,
    ) -> subprocess.CompletedProcess[str]:
        """Run `plumbline` as a person would, in this project."""
        program = str(Path(sys.executable).parent / "plumbline")
        return self.run(
            [program, *words], check=check, environ=environ or plain_environment(), seconds=seconds
        )

    def pulumi(
        self, *words: str, check: bool = True, principal: str = "deployer", seconds: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run a plain `pulumi` in the shell that `plumbline local env` gives."""
        return self.run(
            ["pulumi", *words], check=check, environ=self.client_environment(principal), seconds=seconds
        )

    def run(
        self, command: list[str], *, check: bool, environ: dict[str, str], seconds: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        answer = subprocess.run(
            command,
            cwd=self.root,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and answer.returncode != 0:
            raise AssertionError(
                f"{' '.join(command)} ended {answer.returncode}\n{answer.stdout}\n{answer.stderr}"
            )
        return answer

    def client_environment(self, principal: str = "deployer") -> dict[str, str]:
        """What a shell has after `eval "$(plumbline local env --as PRINCIPAL)"`, evaluated by a real shell."""
        program = Path(sys.executable).parent / "plumbline"
        script = f'set -e; lines="$({shlex.quote(str(program))} local env --as {principal})"; eval "$lines"; exec env -0'
        answer = self.run(["sh", "-c", script], check=True, environ=plain_environment())
        return dict(entry.split("=", 1) for entry in answer.stdout.split("\0") if entry)

    def ready(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.emulator_home / "ready.json").read_text())
        return document

    def emulator_alive(self) -> bool:
        """Whether the emulator's process is there: killed, it leaves what it said of itself behind."""
        try:
            process = psutil.Process(self.ready()["pid"])
            return process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, psutil.NoSuchProcess):
            return False

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the emulator's control endpoint: tests only, never the product."""
        ready = self.ready()
        request = urllib.request.Request(
            f"{ready['base_url']}/_control/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "X-Plumbline-Control": (self.emulator_home / "control.key").read_text().strip(),
                "User-Agent": "plumbline-tests",
            },
        )
        context = ssl.create_default_context(cafile=ready["ca_path"])
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=120) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def arm(self, path: str, api_version: str) -> Any:
        """GET from Azure Resource Manager as the deployer; None when it is not there."""
        ready = self.ready()
        token = self.control("POST", "tokens", {"principal": "deployer"})["access_token"]
        request = urllib.request.Request(
            f"{ready['base_url']}{path}{'&' if '?' in path else '?'}api-version={api_version}",
            headers={"Authorization": f"Bearer {token}", "User-Agent": "plumbline-tests"},
        )
        context = ssl.create_default_context(cafile=ready["ca_path"])
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def writes(self) -> list[str]:
        """Every PUT, PATCH and DELETE since the request log was emptied, as `METHOD path`."""
        log = self.control("GET", "requests")
        entries = log["value"] if isinstance(log, dict) else log
        return [
            f"{entry['method']} {entry['path']}"
            for entry in entries
            if entry["method"] in {"PUT", "PATCH", "DELETE"}
        ]


def plain_environment() -> dict[str, str]:
    """This process's environment without anything that leads a client anywhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
