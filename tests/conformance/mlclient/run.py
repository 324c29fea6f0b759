"""Calls every row of the table on an emulator of its own: `python -m tests.conformance.mlclient.run [--results FILE]`.

passed: the SDK returned what the row expects. not_modelled: 501, with the method and path that are missing. skipped: the
SDK itself refuses, before it sends anything, as the row says. Anything else is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conformance import outcome
from tests.conformance.outcome import Outcome
from tests.contract.machine_learning_platform import (
    ACCOUNT,
    GROUP,
    WORKSPACE,
    MachineLearningPlatform,
    machine_learning_platform,
)

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from tests.conformance.mlclient.calls import Call

PROJECT = Path(__file__).resolve().parents[3]
RESULTS = PROJECT / ".plumbline" / "conformance" / "mlclient.jsonl"
REGISTRY = "regconformance"
_WORST = ("failed", "skipped", "not_modelled", "passed")


class _WrongAnswer(Exception):
    """The SDK returned something else than the row says."""


def values(platform: MachineLearningPlatform, folder: Path) -> dict[str, str]:
    """What $name stands for in the tables."""
    return {
        "folder": str(folder),
        "subscription": platform.emulator.subscription_id,
        "group": GROUP,
        "workspace": WORKSPACE,
        "workspace_id": platform.workspace_id,
        "group_id": platform.group_id,
        "account": ACCOUNT,
        "account_id": platform.account_id,
        "registry": REGISTRY,
    }


def outcomes(
    platform: MachineLearningPlatform, folder: Path, tables: tuple[str, ...] = ()
) -> Iterator[Outcome]:
    """One outcome per operation: the worst of its calls."""
    from tests.conformance.mlclient import calls

    found: dict[str, Outcome] = {}
    registry: MLClient | None = None
    client = platform.client()
    for table in tables or calls.TABLES:
        for call in calls.load(table, values(platform, folder), folder):
            if call.operation.startswith("registry ") and registry is None:
                registry = _registry_client(platform)
            chosen = registry if call.operation.startswith("registry ") else client
            assert chosen is not None
            one = _outcome(chosen, call)
            before = found.get(one.name)
            if before is None or _WORST.index(one.result) < _WORST.index(before.result):
                found[one.name] = one
    yield from found.values()


def _registry_client(platform: MachineLearningPlatform) -> MLClient:
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    return MLClient(
        DefaultAzureCredential(), platform.emulator.subscription_id, GROUP, registry_name=REGISTRY
    )


def _outcome(client: MLClient, call: Call) -> Outcome:
    from azure.core.exceptions import HttpResponseError

    group = call.operation.removeprefix("registry ").partition(".")[0]
    made = Outcome(
        area=f"registry {group}" if call.operation.startswith("registry ") else group,
        name=call.operation,
        result="passed",
    )
    if call.leaves_machine:
        return replace(made, result="skipped", why=call.leaves_machine)
    started = time.monotonic()
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            answer = _result(_method(client, call.operation), call.arguments)
        if call.client_refuses:
            made = replace(
                made, result="failed", why=f"the SDK was expected to refuse: {call.client_refuses}"
            )
        _compare(answer, call.gives)
    except HttpResponseError as error:
        # Within a deployment the 501 is a detail of its failure.
        not_modelled = "NotImplemented" in str(error) and (
            error.status_code == 501 or "The emulator does not model" in str(error)
        )
        made = replace(made, result="not_modelled" if not_modelled else "failed", why=_text(error))
    except Exception as error:  # noqa: BLE001  whatever the SDK makes of an answer is what is measured
        refused = bool(call.client_refuses) and call.client_refuses in str(error)
        made = replace(
            made, result="skipped" if refused else "failed", why=call.reason if refused else _text(error)
        )
    return replace(made, seconds=round(time.monotonic() - started, 1))


def _method(client: MLClient, operation: str) -> Any:
    found: Any = client
    for part in operation.removeprefix("registry ").removeprefix("client.").split("."):
        found = getattr(found, part)
    return found


def _result(method: Any, arguments: Any) -> Any:
    answer = method(**arguments) if isinstance(arguments, Mapping) else method(*arguments)
    if hasattr(answer, "polling_method") or hasattr(answer, "result"):
        answer = answer.result()
    if hasattr(answer, "__next__") or hasattr(answer, "by_page"):
        answer = list(answer)
    return answer


def _compare(answer: Any, expected: Mapping[str, Any]) -> None:
    if not expected:
        return
    candidates = answer if isinstance(answer, list) else [answer]
    shown = [{path: _at(one, path) for path in expected} for one in candidates]
    if dict(expected) not in shown:
        raise _WrongAnswer(f"got {shown[:5]}, expected {dict(expected)}")


def _at(value: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        if value is None:
            return None
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    return value


def _text(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {str(error)[:1500]} ({Path(last.filename).name}:{last.lineno})"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("tables", nargs="*")
    options = parser.parse_args()
    here = Path.cwd()
    with (
        tempfile.TemporaryDirectory(prefix="plumbline-mlclient-") as name,
        machine_learning_platform() as platform,
    ):
        os.chdir(name)
        try:
            found = list(outcomes(platform, Path(name), tuple(options.tables)))
        finally:
            os.chdir(here)
    outcome.write(here / options.results, found)
    for one in found:
        if one.result != "passed":
            print(f"{one.result:13} {one.name}: {one.why[:400]}")
    for result in outcome.RESULTS:
        print(f"{result:14}{sum(1 for one in found if one.result == result):5}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
