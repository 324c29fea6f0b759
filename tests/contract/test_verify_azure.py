"""Protects `make verify-azure`: its checks run over the wire against an emulator, and what they make is removed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml

from tests.emulator_process import PROJECT, EmulatorProcess
from tests.verify_azure import checks as _all_checks  # noqa: F401 - importing registers them
from tests.verify_azure.check import CHECKS
from tests.verify_azure.cloud import Cloud
from tests.verify_azure.emulated import emulated_subscription
from tests.verify_azure.room import new_world
from tests.verify_azure.run import run

DIFFERS = yaml.safe_load((Path(__file__).parents[1] / "verify_azure" / "emulator_differs.yaml").read_text())[
    "rows"
]

# A suite in the background is begun with interrupts ignored, and its children inherit that.
INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("tests.verify_azure", run_name="__main__")
"""


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with emulated_subscription() as subscription:
        yield Cloud(subscription=subscription, location="westeurope")


def left(cloud: Cloud) -> list[str]:
    """Groups and deleted vaults that are still there."""
    groups = cloud.get(f"{cloud.scope}/resourceGroups", api="2024-03-01")["value"]
    vaults = cloud.get(f"{cloud.scope}/providers/Microsoft.KeyVault/deletedVaults", api="2024-11-01")["value"]
    return [row["name"] for row in [*groups, *vaults]]


def test_every_row_is_asked_and_only_known_ones_differ(cloud):
    world = new_world(cloud, date="2026-11-27")
    results, gone = run(world, list(CHECKS.values()), print)
    assert gone
    assert left(cloud) == []
    found = {result.id: result.finding for result in results}
    assert set(found) == set(CHECKS)
    other = {id: finding.seen for id, finding in found.items() if finding.verdict != "confirmed"}
    assert {id: seen for id, seen in other.items() if id not in DIFFERS} == {}
    assert sorted(set(DIFFERS) - set(other)) == [], "these agree now: take them out of emulator_differs.yaml"


def test_a_check_that_breaks_leaves_nothing_behind(cloud):
    def breaks(azure):
        azure.part("workspace")
        raise RuntimeError("on purpose")

    broken = replace(CHECKS["arm-patch-tags"], ask=breaks)
    with pytest.raises(RuntimeError, match="on purpose"):
        run(new_world(cloud, date="2026-11-27"), [broken, CHECKS["arm-group-delete-cascades"]], print)
    assert left(cloud) == []


def test_an_interrupt_leaves_nothing_behind():
    with EmulatorProcess(azure_noise=True) as emulator:
        environment = emulator.environment()
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, "--emulator"],  # all of them: it must not end first
            cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("[3/"):
                process.send_signal(signal.SIGINT)
        assert process.wait(timeout=300) == 130, "".join(said)
        assert "Interrupted: removing" in "".join(said)
        with patch.dict("os.environ", environment, clear=True):
            assert left(Cloud(subscription=emulator.subscription_id, location="westeurope")) == [], "".join(
                said
            )


def test_a_real_subscription_is_refused_in_a_shell_of_an_emulator():
    with EmulatorProcess() as emulator:
        answer = subprocess.run(
            [sys.executable, "-m", "tests.verify_azure", "--subscription", emulator.subscription_id, "--yes"],
            cwd=PROJECT, env=emulator.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert answer.returncode == 2
        assert "leads to an emulator" in answer.stderr
        paths = [f"{entry['method']} {entry['path']}" for entry in emulator.control("GET", "requests")]
        assert [path for path in paths if "/metadata/" not in path and "/_control/" not in path] == []
