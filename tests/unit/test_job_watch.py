"""Protects how a job is watched: it never spins, misses no step's end, and says how long each status lasted."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from plumbline.azure.moment import moment
from plumbline.ops.job.watch import EMULATED, Pace, Watch
from plumbline.ops.run_history import StepRun, step_name
from plumbline.ops.target import Target

TARGET = Target(
    stack=None, endpoint="https://127.0.0.1:1", is_emulated=True, subscription_id="s", resource_group_name="g",
    workspace_name="w",
)  # fmt: skip


class Replay:
    """Run history that answers a script of (job status, step statuses), one row a look, the last one for ever."""

    def __init__(self, *rows: tuple[str, dict[str, str]]) -> None:
        self._rows: Iterator[tuple[str, dict[str, str]]] = iter(rows)
        self._now: tuple[str, dict[str, str]] = ("", {})
        self._last = rows[-1]

    def job(self, name: str) -> dict[str, Any]:
        self._now = next(self._rows, self._last)
        return {"name": name, "properties": {"jobType": "Pipeline", "status": self._now[0]}}

    def steps(self, _: dict[str, Any]) -> list[StepRun]:
        return [
            StepRun(name=f"run-{step}", step=step, status=status) for step, status in self._now[1].items()
        ]


def watched(*rows: tuple[str, dict[str, str]]) -> tuple[list[Any], list[float], Watch]:
    naps: list[float] = []
    watch = Watch(Replay(*rows), "j", Pace(TARGET, sleep=naps.append))  # type: ignore[arg-type]
    return list(watch.looks()), naps, watch


def test_looks_get_rarer_while_nothing_moves_and_quick_again_when_it_does() -> None:
    quiet = ("Running", {"a": "Running"})
    _, naps, _ = watched(*[quiet] * 12, ("Running", {"a": "Finalizing"}), ("Completed", {"a": "Completed"}))
    assert naps[0] == EMULATED[0]
    assert naps[1:11] == sorted(naps[1:11])
    assert max(naps) == EMULATED[1]
    assert naps[12] == EMULATED[0]
    assert min(naps) > 0


def test_each_change_is_told_once_with_what_was_before() -> None:
    looks, _, _ = watched(
        ("Running", {"a": "Preparing"}), ("Running", {"a": "Preparing"}), ("Completed", {"a": "Completed"})
    )
    assert [[(step.status, old) for step, old in look.moved] for look in looks] == [
        [("Preparing", None)], [], [("Completed", "Preparing")],
    ]  # fmt: skip


def test_steps_that_lag_behind_their_job_are_waited_for() -> None:
    looks, _, _ = watched(("Completed", {"a": "Running"}), ("Completed", {"a": "Completed"}))
    assert [step.status for step in looks[-1].steps] == ["Completed"]


def test_steps_that_never_end_do_not_hold_an_ended_job_for_ever() -> None:
    looks, naps, _ = watched(("Failed", {"a": "Running"}))
    assert looks[-1].ended
    assert len(naps) == 10


def test_the_time_in_each_status_is_kept() -> None:
    _, _, watch = watched(
        ("Running", {"a": "Preparing"}), ("Running", {"a": "Running"}), ("Completed", {"a": "Completed"})
    )
    assert set(watch.seen(StepRun(name="run-a", step="a", status="Completed"))) == {"Preparing", "Running"}


def test_a_step_is_called_what_the_graph_calls_it() -> None:
    nodes = {
        "train": {"componentId": "/x/components/claims_train/versions/1"},
        "score": {"componentId": "/x/components/claims_score/versions/1", "display_name": "Score it"},
    }
    assert step_name({"runId": "1", "displayName": "train"}, nodes) == "train"
    assert step_name({"runId": "1", "displayName": "Score it"}, nodes) == "score"
    module = {"azureml.moduleName": "claims_train", "azureml.moduleVersion": "1"}
    assert (
        step_name({"runId": "1", "displayName": "Train severity model", "properties": module}, nodes)
        == "train"
    )
    assert step_name({"runId": "1", "displayName": "who knows"}, nodes) == "who knows"


def test_times_of_seven_digits_are_read() -> None:
    step = StepRun(
        name="r", step="a", status="Completed", started_at=moment("2026-11-23T18:40:16.9402380Z"),
        ended_at=moment("2026-11-23T18:40:18Z"),
    )  # fmt: skip
    assert round(step.seconds or 0, 3) == 1.06
    assert replace(step, ended_at=None).seconds is None
