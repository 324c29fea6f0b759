"""Protects the pictures of the evidence: numbers that are odd are drawn or left out, text never becomes markup."""

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.ops.evidence.graph_picture import graph_svg
from plumbline.ops.evidence.plot import data_files, plot_svg, read_plots, ticks
from plumbline.ops.evidence.threshold_picture import threshold_svg

ROW = {"name": "lift", "title": "Lift", "x": "band", "y": ["paid"], "data": "lift.csv"}


def plots_of(
    *rows: Any, content: bytes | None = b"band,paid\n1,10\n2,20\n"
) -> tuple[list[dict[str, Any]], list[str]]:
    return read_plots(json.dumps(rows).encode(), lambda _: content)


def test_a_plot_has_a_point_for_each_row_and_a_title_for_those_who_cannot_see_it() -> None:
    plots, problems = plots_of(ROW)
    assert problems == []
    tree = ET.fromstring(str(plot_svg(plots[0])))
    assert tree.attrib["role"] == "img"
    assert tree.find("title").text == "Lift"  # type: ignore[union-attr]
    assert "paid from 10 to 20" in str(tree.find("desc").text)  # type: ignore[union-attr]
    assert len(list(tree.iter("circle"))) == 3  # two points, and one in the legend


def test_text_of_a_run_never_becomes_markup() -> None:
    evil = '"><script>alert(1)</script>'
    plots, _ = plots_of({**ROW, "name": evil, "title": evil, "y_label": evil})
    svg = str(plot_svg(plots[0]))
    assert "<script" not in svg
    ET.fromstring(svg)
    graph = {"nodes": [{"name": evil, "kind": "command", "title": evil}], "edges": []}
    drawn = str(graph_svg(graph, [{"name": evil, "status": evil, "total_seconds": 1.0, "reused": None}]))
    assert "<script" not in drawn
    ET.fromstring(drawn)


@pytest.mark.parametrize(
    "row", [{}, {"name": "a"}, 3, {**ROW, "y": []}, {**ROW, "data": "../secret.csv"}, {**ROW, "data": "/etc/passwd"},
            {**ROW, "x": "nothing"}],
)  # fmt: skip
def test_a_plot_that_cannot_be_drawn_is_told_and_left_out(row: Any) -> None:
    plots, problems = plots_of(row)
    assert plots == []
    assert problems[0].startswith("plots.json[0]: got no plot")


def test_only_files_beside_the_index_are_read() -> None:
    names = ["lift.csv", "../a.csv", "/a.csv", "a/b.csv", "..", "", 3, "a\\b.csv"]
    assert data_files(json.dumps([{"data": name} for name in names]).encode()) == ["lift.csv"]


def test_cells_that_are_no_number_are_gaps() -> None:
    plots, _ = plots_of(ROW, content=b"band,paid\n1,\n2,nan\n3,7\n")
    assert plots[0]["series"]["paid"] == [None, None, 7.0]
    ET.fromstring(str(plot_svg(plots[0])))


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12), max_size=20)
)
def test_ticks_span_every_value_and_are_never_one_alone(values: list[float]) -> None:
    found = ticks(values)
    assert 2 <= len(found) <= 20
    assert found == sorted(set(found))
    for value in values:
        slack = 1e-9 * max(1.0, abs(value))
        assert found[0] - slack <= value <= found[-1] + slack


def test_a_long_edge_passes_beside_the_boxes_between() -> None:
    nodes = [{"name": name, "kind": "command", "title": ""} for name in "abc"]
    edges = [{"source": "a", "target": "b", "names": ["x"]}, {"source": "b", "target": "c", "names": ["y"]},
             {"source": "a", "target": "c", "names": ["z"]}]  # fmt: skip
    tree = ET.fromstring(str(graph_svg({"nodes": nodes, "edges": edges}, [])))
    boxes = [(float(one.attrib["y"]), float(one.attrib["height"])) for one in tree.iter("rect")]
    assert len(boxes) == 3
    long = next(
        one for one in tree.iter("path") if one.find("title") is not None and one.find("title").text == "z"
    )  # type: ignore[union-attr]
    lane = float(re.findall(r"L[\d.]+ ([\d.]+)", long.attrib["d"])[0])
    assert not boxes[1][0] <= lane <= boxes[1][0] + boxes[1][1]


@pytest.mark.parametrize(("value", "threshold"), [(None, 1), (1, None), (0, 0), (-3.0, 2), (5, -1)])
def test_a_threshold_is_drawn_whatever_its_numbers(value: float | None, threshold: float | None) -> None:
    svg = str(threshold_svg({"value": value, "threshold": threshold, "pass": False}))
    if value is None or threshold is None:
        assert svg == ""
    else:
        assert "nan" not in svg
        ET.fromstring(svg)
