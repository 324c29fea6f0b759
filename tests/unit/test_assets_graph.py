"""Protects the graph of a job and the field-level differences that reviews and drift show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plumbline.assets import changes, load_ml_pipelines
from plumbline.assets.graph import Graph, cycles_in, graph_of_jobs

CLAIMS: dict[str, Any] = {
    "gate": {"inputs": {"verdict": "${{parent.jobs.judge.outputs.verdict}}"}},
    "judge": {
        "inputs": {
            "model": {"path": "${{parent.jobs.train.outputs.model}}", "mode": "download"},
            "rows": "${{parent.jobs.split.outputs.held}}",
        }
    },
    "train": {"inputs": {"rows": "${{ parent.jobs.split.outputs.rows }}", "rate": "0.1"}},
    "split": {"inputs": {"rows": "${{parent.inputs.rows}}"}},
    "report": {"inputs": {"rows": "${{parent.inputs.rows}}"}},
}


def test_steps_stand_in_the_order_in_which_they_can_start() -> None:
    assert graph_of_jobs(CLAIMS).names == ("split", "train", "judge", "gate", "report")


def test_what_waits_for_a_step_and_what_it_waits_for() -> None:
    graph = graph_of_jobs(CLAIMS)
    assert graph.before("judge") == ("split", "train")
    assert graph.after("train") == ("judge", "gate")
    assert graph.after("report") == ()


def test_the_critical_path_follows_durations() -> None:
    graph = graph_of_jobs(CLAIMS)
    assert graph.critical_path() == ("split", "train", "judge", "gate")
    assert graph.critical_path({"report": 100}) == ("report",)
    assert Graph().critical_path() == ()


def test_mermaid_text_names_steps_components_and_data() -> None:
    small = Path(__file__).parents[1] / "data" / "assets" / "small"
    (loaded,) = load_ml_pipelines([small], root=small)
    train, judge = (
        asset for name in ("small_train", "small_judge") for asset in loaded.components if asset.name == name
    )
    assert loaded.graph.mermaid() == (
        "graph LR\n"
        f'  train["train<br/>{train.reference}"]\n'
        f'  judge["judge<br/>{judge.reference}"]\n'
        "  train -->|model| judge\n"
    )


def test_cycles_are_found_once_each() -> None:
    assert cycles_in({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["d"], "e": ["a"]}) == (
        ("a", "b", "c"),
        ("d",),
    )
    assert cycles_in({"a": ["b"], "b": []}) == ()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ({"a": {"default": 0.1}}, {"a": {"default": 0.2}}, ["a.default: 0.1 -> 0.2"]),
        ({"a": 1}, {"a": True}, ["a: 1 -> true"]),
        ({"a": 1}, {}, ["a: 1 -> nothing"]),
        ({}, {"a": {"b": 1, "c": 2}}, ['a: nothing -> {"b": 1, "c": 2}']),
        (
            {"dependencies": ["python=3.10", "pip=24", {"pip": ["pandas==2.0", "numpy==1"]}]},
            {"dependencies": ["pip=24", "python=3.11", {"pip": ["numpy==1", "scipy==1", "pandas==2.0"]}]},
            [
                'dependencies[pip:].pip[scipy]: nothing -> "scipy==1"',
                'dependencies[python]: "python=3.10" -> "python=3.11"',
            ],
        ),
        ({"channels": ["a", "b"]}, {"channels": ["b", "a"]}, ['channels: ["a", "b"] -> ["b", "a"]']),
        ({"a": [1, 1]}, {"a": [1, 1, 1]}, ["a: [1, 1] -> [1, 1, 1]"]),
        ({"a": {"b": [1]}}, {"a": {"b": [1]}}, []),
    ],
)
def test_differences_are_named_by_field(old: dict[str, Any], new: dict[str, Any], says: list[str]) -> None:
    assert [str(change) for change in changes(old, new)] == says


def test_a_list_that_only_moved_is_one_change_of_the_list() -> None:
    (change,) = changes({"dependencies": ["a=1", "b=1"]}, {"dependencies": ["b=1", "a=1"]})
    assert change.path == "dependencies"
