"""Protects runs that go wrong: cut off by kill -9, refused by the fence, renamed, or held back by resource options."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from plumbline.ops.state_lock import clear_half_written_attributes
from tests.emulator_process import EmulatorProcess
from tests.engine.azure_native_stack import GROUP, Stack
from tests.engine.provider_stack import wait_for

STORE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/plumblinestore"
PROGRAM = "azure-native-program"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Group, storage account and container, on an emulator of the test's own."""
    with EmulatorProcess(home=tmp_path / "emulator", azure_noise=True) as emulator:
        one = Stack(tmp_path, emulator)
        one.configure(f"{PROGRAM}:small", True)
        yield one


def test_without_an_emulators_environment_nothing_is_started(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EmulatorProcess, "environment", lambda _, __, base: dict(base))
    text = stack.run("preview", code=1)
    assert "ARM_CLOUD_METADATA_URL: got 'nothing', expected an address on loopback" in text


def test_emulator_that_is_down_ends_the_run_within_seconds(stack: Stack) -> None:
    stack.emulator.stop()
    # The run's own limit catches a hang; how long a slow machine takes is not asserted.
    text = stack.run("preview", code=1)
    assert "no answer from the emulator" in text


def test_emulator_that_dies_is_said_once_and_not_for_each_resource(stack: Stack) -> None:
    """By refreshing what is there: every resource is asked for at once."""
    stack.up()
    stack.emulator.control(
        "PUT", "faults", [{"method": "GET", "path": "/subscriptions/", "count": -1, "delay_seconds": 60}]
    )
    engine = stack.start("refresh", "--yes", "--skip-preview", "--suppress-progress")
    wait_for(lambda: stack.emulator.control("GET", "faults")[0]["fired"] >= 2)
    stack.emulator.kill()
    text, _ = engine.communicate(timeout=120)
    assert engine.returncode != 0, text
    said = text.partition("Diagnostics:")[2]  # before it stands the same, as it happened
    assert said.count("no answer from the emulator") == 1, text
    assert "no answer either" in said, text


def test_stack_of_another_subscription_is_refused(stack: Stack) -> None:
    stack.configure("azure-native:subscriptionId", "33333333-3333-4333-8333-333333333333")
    text = stack.run("preview", code=1)
    assert "azure-native:subscriptionId: got '33333333-3333-4333-8333-333333333333'" in text
    assert stack.writes() == []


@pytest.mark.parametrize("status", ["kill", "kill-after"])
def test_emulator_killed_in_the_middle_converges_after_its_restart(stack: Stack, status: str) -> None:
    stack.emulator.control(
        "PUT", "faults", [{"method": "PUT", "path": "storageAccounts/plumblinestore$", "status": status}]
    )
    text = stack.up(code=1)
    assert "no answer from the emulator" in text
    stack.emulator.wait()
    stack.emulator.start()
    stack.up()
    stack.up("--expect-no-changes")
    assert stack.live_account(STORE)["name"] == "plumblinestore"


def test_connection_cut_after_the_work_is_taken_up_within_the_run(stack: Stack) -> None:
    fault = {"method": "PUT", "path": "storageAccounts/plumblinestore$", "status": "close-after"}
    stack.emulator.control("PUT", "faults", [fault])
    stack.up()
    stack.up("--expect-no-changes")


def test_faults_that_pass_are_tried_again(stack: Stack) -> None:
    stack.emulator.control(
        "PUT",
        "faults",
        [
            {
                "method": "PUT",
                "path": "resourceGroups/rg-plumbline$",
                "status": 429,
                "headers": {"Retry-After": "0"},
            },
            {"method": "GET", "path": "storageAccounts", "status": 503, "count": 2},
        ],
    )
    stack.up()


def test_killed_cli_leaves_no_plugin_behind_and_the_next_run_converges(stack: Stack) -> None:
    fault = {"method": "PUT", "path": "storageAccounts/plumblinestore$", "delay_seconds": 3}
    stack.emulator.control("PUT", "faults", [fault])
    process = stack.start("up", "--yes", "--skip-preview", "--suppress-progress")
    _wait(lambda: any("rg-plumbline" in line for line in stack.writes()))
    _wait(lambda: _plugins(process.pid))
    plugins = _plugins(process.pid)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=180)
    _, alive = psutil.wait_procs(plugins, timeout=180)
    assert alive == []
    # Killed while it wrote, the engine leaves a note that ends every later run with "EOF"; here nobody's shell clears it.
    clear_half_written_attributes(stack.home.parent / "state", print)
    stack.run("cancel", "--yes", "local")
    stack.emulator.control("DELETE", "faults")
    stack.up()
    stack.up("--expect-no-changes")


def test_new_name_replaces_and_the_old_one_goes_first(stack: Stack) -> None:
    stack.up()
    stack.configure(f"{PROGRAM}:store", "plumblinestoretwo")
    assert {name: step["op"] for name, step in stack.steps("preview").items()} == {
        "store": "replace",
        "container": "replace",
    }
    stack.forget_writes()
    stack.up()
    written = [line for line in stack.writes() if "/containers/" not in line]
    assert [line.split()[0] for line in written] == ["DELETE", "PUT"]


def test_options_of_resources_are_honoured(stack: Stack) -> None:
    stack.up()
    stack.configure(f"{PROGRAM}:tier", "Cool")
    stack.configure(f"{PROGRAM}:options", '{"ignore_changes": ["accessTier"]}')
    assert stack.steps("preview") == {}
    stack.configure(f"{PROGRAM}:options", '{"replace_on_changes": ["accessTier"]}')
    assert stack.steps("preview")["store"]["op"] == "replace"
    stack.configure(f"{PROGRAM}:options", '{"protect": true}')
    stack.up()
    assert stack.live_account(STORE)["properties"]["accessTier"] == "Cool"
    stack.configure(f"{PROGRAM}:options", '{"protect": false, "retain_on_delete": true}')
    stack.up()
    stack.configure(f"{PROGRAM}:store", "plumblinestoretwo")
    stack.up()
    assert stack.live_account(STORE)["name"] == "plumblinestore"


def _plugins(parent: int) -> list[psutil.Process]:
    children = psutil.Process(parent).children(recursive=True)
    return [child for child in children if "plumbline.azure_native_plugin" in _words(child)]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []


def _wait(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.05)
