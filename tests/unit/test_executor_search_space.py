"""Protects: a sweep's points are those of its search space, the same for the same seed."""

from __future__ import annotations

import pytest

from plumbline.emulator.executor.search_space import SearchSpace

SPACE = {
    "word": ["choice", [["a", "b", 3, True]]],
    "rate": ["uniform", [0.1, 0.9]],
    "size": ["quniform", [10, 30, 5]],
    "log": ["loguniform", [-3, -1]],
    "bell": ["normal", [5, 0.1]],
    "count": ["randint", [4]],
}


def test_points_lie_in_the_space_and_follow_from_the_seed() -> None:
    space = SearchSpace(SPACE)
    points = space.points(grid=False, seed="one", count=50)
    assert points == SearchSpace(SPACE).points(grid=False, seed="one", count=50)
    assert points != space.points(grid=False, seed="two", count=50)
    assert {point["word"] for point in points} == {"a", "b", "3", "True"}
    assert all(0.1 <= float(point["rate"]) <= 0.9 for point in points)
    assert {float(point["size"]) for point in points} <= {10.0, 15.0, 20.0, 25.0, 30.0}
    assert all(0.049 < float(point["log"]) < 0.37 for point in points)
    assert {point["count"] for point in points} <= {"0", "1", "2", "3"}


def test_a_grid_has_every_combination_of_choices() -> None:
    space = SearchSpace({"a": ["choice", [[1, 2]]], "b": ["choice", [["x", "y"]]]})
    assert space.points(grid=True, seed="", count=100) == [
        {"a": "1", "b": "x"},
        {"a": "1", "b": "y"},
        {"a": "2", "b": "x"},
        {"a": "2", "b": "y"},
    ]
    assert len(space.points(grid=True, seed="", count=3)) == 3


def test_what_cannot_be_drawn_is_named() -> None:
    for given in (["choice", []], ["uniform", [1]], ["magic", [1, 2]], "choice", ["choice", "abc"]):
        with pytest.raises(ValueError, match="rate: got"):
            SearchSpace({"rate": given})
    with pytest.raises(ValueError, match="rate, expected choices only"):
        SearchSpace({"rate": ["uniform", [0, 1]]}).points(grid=True, seed="", count=2)
