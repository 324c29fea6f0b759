"""Protects the fence: nothing local ever leaves this machine, and no stack is taken for another one.

Every command runs in a network of its own without a way out, where a watcher names whoever tries to leave.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plumbline.engine import find_engine
from tests.project_copy import ProjectCopy, plain_environment
from tests.sealed_network import NoNamespace, SealedNetwork, SealedProject

SCRIPT = str(Path(__file__).parent.parent / "official_client.py")
LOCAL_START = "plumbline local start"


@pytest.fixture(scope="module")
def network() -> Iterator[SealedNetwork]:
    try:
        sealed = SealedNetwork()
    except NoNamespace as error:
        pytest.skip(f"this machine allows no network namespace of its own: {error}")
    yield sealed
    sealed.close()


@pytest.fixture(scope="module")
def project(network: SealedNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealedProject]:
    """A local platform that was brought up, by the real command, where there is no way out."""
    root = ProjectCopy.make(tmp_path_factory.mktemp("sealed") / "project").root
    copy = SealedProject(root=root, network=network)
    try:
        copy.plumbline("local", "up", "--skip-run")
        assert network.attempts() == []
        yield copy
    finally:
        copy.plumbline("local", "reset", "--yes", check=False)


@pytest.fixture(scope="module")
def shell(project: SealedProject) -> dict[str, str]:
    """The environment of a shell that `plumbline local env` was evaluated in while the emulator ran."""
    return project.client_environment()


@pytest.fixture
def stopped(project: SealedProject, shell: dict[str, str]) -> dict[str, str]:
    """That shell, its emulator gone."""
    project.plumbline("local", "stop")
    project.network.attempts()
    return shell


def _words(answer: subprocess.CompletedProcess[str]) -> str:
    return answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("code", "attempt"),
    [
        ("import socket; socket.create_connection(('192.0.2.1', 443), 2)", "tcp 192.0.2.1:443"),
        ("import socket; socket.getaddrinfo('management.azure.com', 443)", ":53 management.azure.com"),
    ],
)
def test_watcher_sees_a_program_that_tries_to_leave(network: SealedNetwork, code: str, attempt: str) -> None:
    network.attempts()
    subprocess.run(
        network.command([sys.executable, "-c", code]), check=False, capture_output=True, timeout=60
    )
    assert [seen for seen in network.attempts() if attempt in seen]


def test_everything_local_works_without_a_way_out(project: SealedProject, shell: dict[str, str]) -> None:
    again = project.plumbline("local", "up", "--skip-run")
    assert re.search(r"Resources:\n +\d+ unchanged\n\n", again.stdout), again.stdout
    project.plumbline("drift", "--stack", "local")
    assert "claims_train" in project.plumbline("component", "list", "--stack", "local").stdout
    listed = project.run([sys.executable, SCRIPT, "list"], check=True, environ=shell)
    assert "claims_release_weekly" in listed.stdout
    assert project.network.attempts() == []


def test_real_stack_is_refused_in_a_local_shell(project: SealedProject, shell: dict[str, str]) -> None:
    def pulumi(*words: str) -> subprocess.CompletedProcess[str]:
        return project.run(["pulumi", *words, "--non-interactive"], check=False, environ=shell)

    assert pulumi("up", "-s", "dev", "--yes", "--skip-preview").returncode != 0
    # Even where somebody has made a stack of that name in the local backend.
    assert pulumi("stack", "init", "dev").returncode == 0
    refused = [pulumi("up", "-s", "dev", "--yes", "--skip-preview"), pulumi("preview", "-s", "dev")]
    refused += [
        project.run([str(Path(sys.executable).parent / "plumbline"), *words], check=False, environ=shell)
        for words in (["drift", "-s", "dev"], ["job", "list", "-s", "dev"])
    ]
    for answer in refused:
        assert answer.returncode == 1
        assert "got the emulator of stack local" in _words(answer)
        assert "expected AzureCloud" in _words(answer)
    assert project.network.attempts() == []


def test_local_stack_is_refused_in_a_plain_shell_before_anything_is_called(
    project: SealedProject, tmp_path: Path
) -> None:
    engine = find_engine()
    assert engine is not None
    backend = tmp_path / "state"
    backend.mkdir()
    environ = plain_environment() | {
        "PATH": f"{Path(sys.executable).parent}:{engine.path}:{plain_environment()['PATH']}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": backend.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        # The engine's own search for a plugin is not what is watched here.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    project.run(["pulumi", "stack", "init", "local"], check=True, environ=environ)
    answer = project.run(
        ["pulumi", "preview", "-s", "local", "--non-interactive"], check=False, environ=environ
    )
    assert answer.returncode != 0
    assert "expected PlumblineLocal" in _words(answer)
    assert 'eval "$(plumbline local env)"' in _words(answer)
    assert project.network.attempts() == []


@pytest.mark.parametrize(
    "words",
    [
        "drift --stack local",
        "job list --stack local",
        "component list --stack local",
        "local env",
        "component list",
    ],
)
def test_command_fails_closed_when_the_emulator_is_gone(
    project: SealedProject, stopped: dict[str, str], words: str
) -> None:
    # The last of them names no stack: it goes where the shell's variables lead.
    environ = stopped if words == "component list" else plain_environment()
    program = str(Path(sys.executable).parent / "plumbline")
    answer = project.run([program, *words.split()], check=False, environ=environ)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert LOCAL_START in answer.stderr
    assert "Traceback" not in answer.stderr
    assert project.network.attempts() == []


@pytest.mark.parametrize("words", ["preview", "up --yes --skip-preview", "refresh --yes", "destroy --yes"])
def test_engine_fails_closed_when_the_emulator_is_gone(
    project: SealedProject, stopped: dict[str, str], words: str
) -> None:
    state = project.root / ".plumbline/local/state/.pulumi/stacks/azure-ml-platform/local.json"
    before = state.read_text().count('"urn"')
    answer = project.run(
        ["pulumi", *words.split(), "-s", "local", "--non-interactive"], check=False, environ=stopped
    )
    assert answer.returncode != 0
    assert LOCAL_START in _words(answer)
    assert "Traceback" not in _words(answer)
    assert state.read_text().count('"urn"') == before, (
        "an emulator that is gone is no reason to forget what it holds"
    )
    assert project.network.attempts() == []


def test_official_client_fails_closed_when_the_emulator_is_gone(
    project: SealedProject, stopped: dict[str, str]
) -> None:
    answer = project.run([sys.executable, SCRIPT, "list"], check=False, environ=stopped)
    assert answer.returncode != 0
    assert 'Unknown cloud environment "PlumblineLocal"' in answer.stderr
    assert project.network.attempts() == []


def test_login_in_the_shell_is_not_used(project: SealedProject, stopped: dict[str, str]) -> None:
    """A real login that lies in the shell would ask a real authority: `local env` takes it away."""
    project.plumbline("local", "start")
    real = {
        "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s", "AZURE_TENANT_ID": "t", "ARM_CLIENT_ID": "c",
        "ARM_CLIENT_SECRET": "s", "ARM_TENANT_ID": "t", "HTTPS_PROXY": "http://192.0.2.1:3128",
    }  # fmt: skip
    project.network.attempts()
    program = str(Path(sys.executable).parent / "plumbline")
    for words in (["drift", "--stack", "local"], ["component", "list", "--stack", "local"]):
        project.run([program, *words], check=True, environ=plain_environment() | real)
    assert project.network.attempts() == []


def test_login_in_the_stacks_file_is_not_used(project: SealedProject, stopped: dict[str, str]) -> None:
    """Whoever configures a service principal for the providers means Azure: its authority is not on this machine."""
    project.plumbline("local", "start")
    file = project.root / "Pulumi.local.yaml"
    original = file.read_text()
    login = "  plumbline:clientId: 55555555-5555-4555-8555-555555555555\n  plumbline:clientSecret: none\n"
    file.write_text(original.replace("config:\n", f"config:\n{login}"))
    project.network.attempts()
    try:
        project.run(["pulumi", "preview", "-s", "local", "--non-interactive"], check=True, environ=stopped)
    finally:
        file.write_text(original)
    assert project.network.attempts() == []
