"""Protects whoever works while the emulator is down: every command ends soon, with one message and the next step."""

from __future__ import annotations

import shlex
import socket

import click
import pytest

from plumbline.ops.reference import commands
from tests.project_copy import ProjectCopy, plain_environment

ALL = {" ".join(path): command for path, command in commands()}
# These start emulators of their own, or speak of this machine only.
OWN = ("local", "rehearse", "template")
# These ask nobody while the project gives them nothing to ask about.
NOTHING_TO_ASK = {"plumbline pin": "No reference needs a pin."}
ASKED = [words for words in ALL if words.split()[1] not in OWN]
# Far beyond what any of them needs; a hang, not a slow machine, is caught.
HANG_SECONDS = 90


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """A project whose emulator never ran."""
    return ProjectCopy.make(tmp_path_factory.mktemp("dead") / "project")


@pytest.fixture(scope="module")
def shell() -> dict[str, str]:
    """The shell of an emulator that has died: nobody listens where it leads."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"https://127.0.0.1:{free.getsockname()[1]}"
    return plain_environment() | {
        "AZUREML_CURRENT_CLOUD": "PlumblineLocal",
        "ARM_CLOUD_METADATA_URL": f"{base}/metadata/endpoints?api-version=2019-05-01",
        "REGISTRY_DISCOVERY_ENDPOINT_URL": f"{base}/",
        "IDENTITY_ENDPOINT": f"{base}/msi/token",
        "IDENTITY_HEADER": "somebody",
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "AZURE_SUBSCRIPTION_ID": "22222222-2222-4222-8222-222222222222",
        "AZURE_RESOURCE_GROUP": "rg-plumbline-local",
        "AZUREML_WORKSPACE_NAME": "mlw-plumbline-local",
    }


def example(command: click.Command) -> list[str]:
    """What the help's last line shows, without `plumbline` and without what a shell would do after it."""
    words = (command.help or "").strip().splitlines()[-1].partition("plumbline ")[2]
    return shlex.split(words.partition(" && ")[0].partition(" | ")[0])


def of_a_workspace(command: click.Command) -> bool:
    """Whether it takes the options that name a workspace, or else the shell's."""
    return any(parameter.name == "workspace_name" for parameter in command.params)


def in_this_shell(words: list[str]) -> list[str]:
    """The same without a stack: the shell names the workspace."""
    if "--stack" not in words:
        return words
    at = words.index("--stack")
    return words[:at] + words[at + 2 :]


@pytest.mark.parametrize("words", ASKED)
def test_every_command_says_once_that_the_emulator_is_down(
    project: ProjectCopy, shell: dict[str, str], words: str
) -> None:
    command = ALL[words]
    asks = of_a_workspace(command)
    typed = in_this_shell(example(command)) if asks else example(command)
    answer = project.plumbline(*typed, check=False, environ=shell, seconds=HANG_SECONDS)
    said = answer.stdout + answer.stderr
    assert "Traceback" not in said
    assert "a bug in Plumbline" not in said
    assert said.count("plumbline local start") <= 1, said
    if words in NOTHING_TO_ASK:
        assert (answer.returncode, said.strip()) == (0, NOTHING_TO_ASK[words])
        return
    refused_before = answer.returncode == 2 or "got no such file" in said
    if asks and not refused_before:
        assert answer.returncode == 1, said
        assert "Start it: plumbline local start" in said
        assert len(said.strip().splitlines()) == 1, said


def test_the_engine_is_not_begun_without_an_emulator(project: ProjectCopy) -> None:
    project.plumbline("local", "start")
    environ = project.client_environment()
    project.plumbline("local", "stop")
    for words in ("preview", "up --yes --skip-preview", "refresh --yes", "destroy --yes"):
        answer = project.run(
            ["pulumi", *words.split(), "-s", "local", "--non-interactive"],
            check=False,
            environ=environ,
            seconds=HANG_SECONDS,
        )
        assert answer.returncode == 1
        assert answer.stdout == ""
        assert answer.stderr.count("\n") == 1, answer.stderr
        assert "emulator of stack local: got none running" in answer.stderr
        assert "Start it: plumbline local start" in answer.stderr
    # What needs no cloud goes on.
    assert project.run(["pulumi", "stack", "ls"], check=False, environ=environ).returncode == 0
