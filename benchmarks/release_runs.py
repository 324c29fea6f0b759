"""What the platform adds to the claims release: to a run of every step, to a run that reuses them all, to a person's wait."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.by_hand import ByHand
from benchmarks.pair import Pair, Pairs, Run
from plumbline.emulator.executor.environments import cache_folder

FILE = "pipelines/claims_release/pipeline.yml"
# What a step may cost beyond the work of its script, and what the work may be slowed down.
STEP_SECONDS, SLOWER = 0.1, 1.05


def release_pairs(bench: Bench) -> Pairs:
    """A run of everything, then reruns of it."""
    platform = bench.platform
    first = _submit(bench, "job", "create", "--file", FILE, "--set", "settings.force_rerun=true")
    folder = platform.root / Path(FILE).parent
    steps = _steps(bench, first)
    inputs = {"claims": folder / "data" / "files", "thresholds": folder / "thresholds.yml"}

    def by_hand(*, tracked: bool) -> ByHand:
        return ByHand(
            file=platform.root / FILE,
            environment=_environment(bench, steps[0]),
            folder=bench.folder / "by-hand",
            inputs=inputs,
            tracked=tracked,
        )

    count = len(steps)
    run = f"claims release, every one of its {count} steps run (emulator's clock, submitted to ended)"

    runs: list[str] = []

    def forced() -> float:
        runs.append(_submit(bench, "job", "create", "--file", FILE, "--set", "settings.force_rerun=true"))
        return _server_seconds(bench, runs[-1])

    yield Pair(
        name=run,
        subject=forced,
        baseline=by_hand(tracked=True).critical_path,
        baseline_name="the same scripts by hand in the same environment, MLflow into a folder",
        ratio_at_most=SLOWER,
        plus_seconds=STEP_SECONDS * count,
    )
    # The same runs again: what logging to MLflow is part of it.
    yield Pair(
        name="the same runs",
        subject=_each(_server_seconds(bench, name) for name in runs),
        baseline=by_hand(tracked=False).critical_path,
        baseline_name="the same scripts by hand, logging nothing",
    )
    yield Pair(
        name="claims release, rerun that reuses every step (emulator's clock, submitted to ended)",
        subject=lambda: _server_seconds(bench, _submit(bench, "job", "rerun", first)),
        baseline=_each(_server_seconds(bench, name) for name in runs),
        baseline_name="the runs of every step above",
        at_most=1.0,
    )

    def command() -> float:
        began = time.perf_counter()
        _submit(bench, "job", "rerun", first)
        return time.perf_counter() - began

    yield Pair(
        name="`plumbline job rerun --stream` of it: what a person waits for",
        subject=command,
        baseline=lambda: _run(sys.executable, "-c", "import azure.ai.ml, azure.identity"),
        baseline_name="Python importing azure-ai-ml",
    )
    yield _environment_pair(bench, runs)


def _environment_pair(bench: Bench, runs: Sequence[str]) -> Pair:
    """A step's whole preparation in runs that were made (environment, inputs, code, token) beside an environment by hand."""
    prepared = (_record(bench, _steps(bench, run)[0])["timings"]["preparing_ms"] / 1000 for run in runs)
    built = _environment(bench, _steps(bench, runs[0])[0])
    by_hand = bench.folder / "by-hand-environment"
    uv = str(Path(sys.executable).parent / "uv")

    def with_uv() -> None:
        _run(
            uv,
            "venv",
            "--quiet",
            "--clear",
            "--no-project",
            "--python",
            str(built / "bin" / "python"),
            str(by_hand),
        )
        _run(
            uv,
            "pip",
            "sync",
            "--quiet",
            "--python",
            str(by_hand / "bin" / "python"),
            str(built / "requirements.lock"),
        )

    return Pair(
        name="preparing a step: its private environment from the cache, its inputs and code",
        subject=_each(prepared),
        baseline=with_uv,
        baseline_name="`uv venv` and `uv pip sync` of the same lock, its cache warm",
        ratio_at_most=1.0,
    )


def _each(seconds: Iterator[float]) -> Run:
    """One measurement that was made already after the other; as many as there were rounds and the unmeasured one."""
    return lambda: next(seconds)


def _submit(bench: Bench, *words: str) -> str:
    """Run a job to its end by the real command; its name."""
    answer = bench.platform.plumbline(
        *words, "--stream", "--stack", "local", "--output", "tsv", "--query", "name"
    )
    return answer.stdout.strip()


def _server_seconds(bench: Bench, job: str) -> float:
    row = _history(bench, f"runs/{job}")
    return (_moment(row["endTimeUtc"]) - _moment(row["createdUtc"])).total_seconds()


def _steps(bench: Bench, job: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = _history(bench, f"runs/{job}/children")["value"]
    return found


def _record(bench: Bench, step: Mapping[str, Any]) -> dict[str, Any]:
    url = _history(bench, f"runs/{step['runId']}/details")["logFiles"]["system_logs/run_record.json"]
    answer = bench.emulator.request("GET", url, principal=None, api_version=None)
    found: dict[str, Any] = answer.json()
    return found


def _environment(bench: Bench, step: Mapping[str, Any]) -> Path:
    """Where the environment that a step ran in lies."""
    environment = _record(bench, step)["environment"]
    return cache_folder() / f"{environment['spec_digest'][:24]}-py{environment['python']}"


def _history(bench: Bench, path: str) -> Any:
    environ = bench.platform.client_environment()
    workspace = (
        f"/subscriptions/{environ['AZURE_SUBSCRIPTION_ID']}/resourceGroups/{environ['AZURE_RESOURCE_GROUP']}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{environ['AZUREML_WORKSPACE_NAME']}"
    )
    answer = bench.emulator.request("GET", f"/history/v1.0{workspace}/{path}", api_version=None)
    answer.raise_for_status()
    return json.loads(answer.text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
