"""Protects the matrix of kinds and fields: every field of the rules has its row, and its page is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.assets import field_rules, load_ml_pipelines
from tests.field_matrix.page import PAGE, page
from tests.field_matrix.table import document, rows, write


@pytest.mark.parametrize("kind", document()["kinds"])
def test_every_field_that_may_change_has_a_row_or_a_reason(kind: str) -> None:
    table = document()["kinds"][kind]
    known = {name.partition(".")[0] for name in table["fields"]}
    excused = {*table.get("untried", {}), *document()["elsewhere"].get(kind, {})}
    needed = {
        name
        for name, rule in field_rules(kind).items()
        if rule["change"] in ("immutable", "mutable", "local")
    }
    assert needed - known - excused == set()
    assert excused & known == set(), "a row needs no excuse"


def test_the_definitions_load(tmp_path: Path) -> None:
    folder = tmp_path / "matrix"
    write(folder)
    (pipeline,) = load_ml_pipelines([folder], root=tmp_path)
    loaded = {asset.name for asset in pipeline.assets} | {one.name for one in pipeline.schedules}
    assert {row.name for row in rows()} <= loaded


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
