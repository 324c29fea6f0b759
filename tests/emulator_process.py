"""Starts, stops, kills and restarts a real emulator process in a home of its own, for tests of any kind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import certifi
import requests

TENANT = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
ARM_VERSION = "2024-03-01"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"  # the built-in role
PROJECT = Path(__file__).resolve().parent.parent
_PREFIX = "plumbline-emulator-"
_REAL_LOGINS = (
    "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_USERNAME", "AZURE_PASSWORD",
    "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST", "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET", "ARM_TENANT_ID", "MSI_ENDPOINT", "MSI_SECRET",
)  # fmt: skip


class EmulatorDidNotStart(Exception):
    """It ended or was not ready in time; the message holds what it said."""


@dataclass(kw_only=True)
class EmulatorProcess:
    """One emulator home and the process that serves it, if any.

    Use it as a context manager, or call start() and stop(). ``restart`` after ``stop`` or ``kill`` keeps home and port.
    """

    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix=_PREFIX)))
    stack: str = "local"
    cloud: str = "PlumblineLocal"
    tenant_id: str = TENANT
    subscription_id: str = SUBSCRIPTION
    location: str = "westeurope"
    azure_noise: bool = False
    port: int | None = None
    extra: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None
    ready: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self.home.parent == Path(tempfile.gettempdir()) and self.home.name.startswith(_PREFIX):
            shutil.rmtree(self.home)
            self.bundle_path.unlink(missing_ok=True)

    # -- life

    def start(self, *, within_seconds: float = 120.0) -> Self:
        """Starts it and waits until it is ready. Raises: EmulatorDidNotStart."""
        self.process = subprocess.Popen(
            self.command(), cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        ready, deadline = self.home / "ready.json", time.monotonic() + within_seconds
        while True:
            # A killed emulator leaves its ready.json: only this process's own counts.
            if ready.exists():
                content = json.loads(ready.read_text(encoding="utf-8"))
                if content["pid"] == self.process.pid:
                    self.ready = content
                    return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                said = self.process.communicate()[1].decode(errors="replace")
                raise EmulatorDidNotStart(
                    f"exit code {self.process.returncode}, not ready in {within_seconds:.0f} s: {said}"
                )
            time.sleep(0.01)

    def command(self) -> list[str]:
        """The command line that serves this home."""
        chosen = ["--azure-noise"] if self.azure_noise else []
        chosen += ["--port", str(self.port)] if self.port is not None else []
        return [
            sys.executable, "-m", "plumbline.emulator", "serve", "--home", str(self.home), "--stack", self.stack,
            "--cloud", self.cloud, "--tenant-id", self.tenant_id, "--subscription-id", self.subscription_id,
            "--location", self.location, *chosen, *self.extra,
        ]  # fmt: skip

    def stop(self) -> int | None:
        """SIGTERM and wait. Returns: its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9 and wait."""
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        """Ends what runs, if anything, and serves the same home again."""
        self.stop()
        return self.start()

    def wait(self, *, within_seconds: float = 120.0) -> int:
        """Waits for its own end, as when a fault kills it. Returns: its exit code."""
        assert self.process is not None
        code = self.process.wait(timeout=within_seconds)
        assert self.process.stderr is not None
        self.process.stderr.close()
        self.process = None
        return code

    def _end(self, number: signal.Signals) -> int | None:
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.wait()

    # -- what clients need

    @property
    def base_url(self) -> str:
        """ "https://127.0.0.1:PORT"."""
        return str(self.ready["base_url"])

    @property
    def scope(self) -> str:
        """ARM id of the subscription."""
        return f"/subscriptions/{self.subscription_id}"

    @property
    def bundle_path(self) -> Path:
        """Where ca_bundle() lies: beside the home, so that it outlives a reset."""
        return self.home.parent / f"{self.home.name}-bundle.pem"

    def ca_bundle(self) -> Path:
        """The usual CAs plus this emulator's."""
        path = self.bundle_path
        path.write_text(Path(certifi.where()).read_text() + (self.home / "ca.pem").read_text())
        return path

    def environment(
        self, principal: str = "deployer", base: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Environment variables with which unmodified Azure clients work as ``principal``, real logins taken out."""
        found = dict(os.environ if base is None else base)
        for name in _REAL_LOGINS:
            found.pop(name, None)
        bundle = str(self.ca_bundle())
        return found | {
            "AZUREML_CURRENT_CLOUD": self.cloud,
            "ARM_CLOUD_METADATA_URL": f"{self.base_url}/metadata/endpoints?api-version=2019-05-01",
            "REGISTRY_DISCOVERY_ENDPOINT_URL": f"{self.base_url}/",
            "IDENTITY_ENDPOINT": f"{self.base_url}/msi/token",
            "IDENTITY_HEADER": self.ready["principals"][principal]["identity_header"],
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
            "REQUESTS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            "AZURE_SUBSCRIPTION_ID": self.subscription_id,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    # -- raw requests, for what no official client sends

    def token(self, principal: str = "deployer", *, audience: str | None = None, lifetime_seconds: float = 3600,
              claims: Mapping[str, Any] | None = None) -> str:  # fmt: skip
        """A token through the control endpoint: any audience, also already expired."""
        answer = self.control(
            "POST", "tokens",
            {"principal": principal, "audience": audience, "lifetime_seconds": lifetime_seconds, "claims": claims},
        )  # fmt: skip
        return str(answer["access_token"])

    def request(
        self, method: str, path: str, *, principal: str | None = "deployer", api_version: str | None = ARM_VERSION,
        timeout: float = 30.0, **options: Any,
    ) -> requests.Response:  # fmt: skip
        """One request on a connection of its own; ``path`` may be a whole URL. None as principal sends no token."""
        url = path if path.startswith("https://") else self.base_url + path
        headers = {"User-Agent": "plumbline-tests", **options.pop("headers", {})}
        if principal is not None:
            headers.setdefault("Authorization", f"Bearer {self.token(principal)}")
        params = dict(options.pop("params", {}))
        if api_version is not None:
            params.setdefault("api-version", api_version)
        return requests.request(
            method, url, headers=headers, params=params, verify=str(self.home / "ca.pem"), timeout=timeout,
            proxies={"https": ""}, **options,
        )  # fmt: skip

    def make_owner(self, principal: str = "deployer") -> None:
        """Let a seeded principal do anything, models included: for tests of what the service does, not of who may."""
        role = f"{self.scope}/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"
        seeded = self.ready["principals"][principal]
        kind = "User" if seeded["kind"] == "User" else "ServicePrincipal"
        body = {"principalId": seeded["object_id"], "principalType": kind, "roleDefinitionId": role}
        answer = self.request(
            "PUT", f"{self.scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}",
            principal="owner", api_version="2022-04-01", json={"properties": body},
        )  # fmt: skip
        assert answer.status_code == 201, answer.text

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """One call of the control endpoint; answers its JSON, or None. Raises: requests.HTTPError."""
        headers = {
            "X-Plumbline-Control": (self.home / "control.key").read_text(),
            "User-Agent": "plumbline-tests",
        }
        response = requests.request(
            method, f"{self.base_url}/_control/{path}", json=content, headers=headers,
            verify=str(self.home / "ca.pem"), timeout=120, proxies={"https": ""},
        )  # fmt: skip
        response.raise_for_status()
        return response.json() if response.content else None
