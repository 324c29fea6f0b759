"""Protects what is registered at one time: one run gives one version, two runs give two, and nobody is turned away."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.test_model_release import FILE, acting, let_read_outputs, told
from tests.engine.provider_stack import wait_for
from tests.project_copy import ProjectCopy

# Long enough for the other command to end; where it is not, the order is another one and the outcome must be the same.
HELD_SECONDS = 8


def approved(platform: ProjectCopy, share: str) -> str:
    """A run that may be registered."""
    words = ("job", "create", "--file", FILE, "--set", f"inputs.holdout_share={share}", "--stream")
    job = str(told(platform, "alice", *words)["name"])
    acting(platform, "bob", "model", "approve", job, check=True)
    return job


def registered_meanwhile(
    platform: ProjectCopy, first: str, second: str, *, held: dict[str, str]
) -> tuple[Any, Any]:
    """What two registers answer, the second done while a request of the first is held."""
    platform.control("PUT", "faults", [{**held, "count": 1, "delay_seconds": HELD_SECONDS}])
    try:
        with ThreadPoolExecutor() as pool:
            slow = pool.submit(told, platform, "releaser", "model", "register", first)
            wait_for(lambda: slow.done() or platform.control("GET", "faults")[0]["fired"])
            fast = told(platform, "releaser", "model", "register", second)
            return slow.result(), fast
    finally:
        platform.control("DELETE", "faults")


def versions(platform: ProjectCopy) -> list[str]:
    answer = acting(platform, "releaser", "model", "list", "--name", "claims_release", "--output", "json")
    return [one["version"] for one in json.loads(answer.stdout)]


@pytest.fixture(scope="module")
def reviewed(platform: ProjectCopy) -> ProjectCopy:
    let_read_outputs(platform)
    return platform


@pytest.fixture(scope="module")
def job(reviewed: ProjectCopy) -> str:
    return approved(reviewed, "0.25")


def test_one_run_registered_twice_at_one_time_is_one_version(reviewed: ProjectCopy, job: str) -> None:
    held = {"method": "GET", "path": "/models/claims_release$"}
    slow, fast = registered_meanwhile(reviewed, job, job, held=held)
    assert slow["version"] == fast["version"] == "1"
    assert versions(reviewed) == ["1"]


def test_of_two_runs_registered_at_one_time_the_slower_counts_on(reviewed: ProjectCopy, job: str) -> None:
    other, another = approved(reviewed, "0.24"), approved(reviewed, "0.23")
    held = {"method": "PUT", "path": "/models/claims_release/versions/"}
    slow, fast = registered_meanwhile(reviewed, other, another, held=held)
    assert sorted((fast["version"], slow["version"])) == ["2", "3"]
    assert versions(reviewed) == ["3", "2", "1"]
