"""pytest plugin of the suite's own process: leads it to the emulator and writes an outcome line a test.

Loaded with `-p suite_plugin`, before the suite's conftest, which takes some of these names when it is imported.
Different from a lab of Microsoft's:
- "AzureCloud", which the tests ask for by name, has the endpoints of the emulator;
- AzureCliCredential, which they log in with, is DefaultAzureCredential, as there is no `az` session;
- a sleep lasts one second at most: they poll every 30 or 60.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import azure.identity
import pytest
import requests
from azure.ai.ml import _azure_environments as clouds
from devtools_testutils.proxy_fixtures import EnvironmentVariables, VariableRecorder

from tests.conformance.outcome import Outcome
from tests.conformance.sdk_suite.missing import is_missing_file, plain

LONGEST_SLEEP_SECONDS = 1.0
KEPT_ANSWERS = 12
_refused: list[dict[str, Any]] = []
_outcome_key = pytest.StashKey[dict[str, Any]]()


def _shorten_sleep() -> None:
    full = time.sleep
    time.sleep = lambda seconds=0: full(min(seconds, LONGEST_SLEEP_SECONDS))


def _lead_to_emulator() -> None:
    azure.identity.AzureCliCredential = azure.identity.DefaultAzureCredential
    known = clouds._get_clouds_by_metadata_url(os.environ["ARM_CLOUD_METADATA_URL"])
    clouds._environments["AzureCloud"] = known[os.environ["AZUREML_CURRENT_CLOUD"]]


def _note_refusals() -> None:
    send = requests.Session.send

    def noting(
        self: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        answer = send(self, request, **options)
        if answer.status_code >= 400:
            _refused.append(_refusal(request, answer))
        return answer

    requests.Session.send = noting


def _refusal(request: requests.PreparedRequest, answer: requests.Response) -> dict[str, Any]:
    try:
        error = json.loads(answer.content)["error"]
    except (ValueError, KeyError, TypeError):
        error = {}
    return {
        "method": request.method,
        "path": urlsplit(str(request.url)).path,
        "status": answer.status_code,
        "code": error.get("code"),
        "message": str(error.get("message"))[:500],
    }


_shorten_sleep()
_lead_to_emulator()
_note_refusals()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With CONFORMANCE_ONLY, a file of names: only those tests."""
    chosen = os.environ.get("CONFORMANCE_ONLY")
    if chosen:
        names = set(Path(chosen).read_text(encoding="utf-8").splitlines())
        config.hook.pytest_deselected(items=[item for item in items if _named(item)[1] not in names])
        items[:] = [item for item in items if _named(item)[1] in names]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    found = item.stash.setdefault(_outcome_key, {"result": "passed", "seconds": 0.0, "why": ""})
    found["seconds"] += call.duration
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        found.update(result="skipped", why=reason[:300])
    elif report.failed and found["result"] == "passed":
        error = call.excinfo
        why = f"{error.typename}: {error.value}" if error else str(report.longrepr)
        own = [entry for entry in error.traceback if "e2etests" in str(entry.path)] if error else []
        at = f" ({Path(own[-1].path).name}:{own[-1].lineno + 1})" if own else ""
        found.update(result="untried" if is_missing_file(why) else "failed", why=plain(why)[:6000] + at)
    if call.when == "teardown":
        answers = tuple(_refused[-KEPT_ANSWERS:]) if found["result"] == "failed" else ()
        _refused.clear()
        _write(item, found, answers)
    return report


def _named(item: pytest.Item) -> tuple[str, str]:
    """Area and name, as outcomes have them."""
    area, file, *rest = item.nodeid.removeprefix("tests/").replace("/e2etests/", "::", 1).split("::")
    return area, "::".join([f"{area}/{file.removesuffix('.py')}", *rest])


def _write(item: pytest.Item, found: dict[str, Any], answers: tuple[dict[str, Any], ...]) -> None:
    area, name = _named(item)
    outcome = Outcome(
        area=area,
        name=name,
        result=found["result"],
        seconds=round(found["seconds"], 1),
        why=found["why"],
        answers=answers,
    )
    with Path(os.environ["CONFORMANCE_OUTCOMES"]).open("a", encoding="utf-8") as file_:
        file_.write(outcome.line())


@pytest.fixture(scope="session")
def test_proxy() -> None:
    """There is no proxy that records."""


@pytest.fixture
def recorded_test(test_proxy: None) -> None:
    """Nothing is recorded."""


@pytest.fixture
def variable_recorder() -> VariableRecorder:
    return VariableRecorder()


@pytest.fixture
def environment_variables() -> EnvironmentVariables:
    return EnvironmentVariables()
