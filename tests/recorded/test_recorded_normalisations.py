"""Protects that every form that the product takes for Azure's own was recorded, and that its row shows it."""

from __future__ import annotations

import pytest

from plumbline.azure import holding as holding_module
from plumbline.azure.normalisation import Normalisation, all_normalisations, normalisations
from tests.recorded.row import read_rows
from tests.recorded.world import pure_problems

_ROWS = {row.id: row for row in read_rows() if row.pure is not None}
_RECORDED = [row for row in all_normalisations() if "recording" in row.source]


@pytest.mark.parametrize("normalisation", _RECORDED, ids=lambda row: row.id)
def test_row_fails_when_its_form_is_taken_away(
    normalisation: Normalisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = _ROWS[normalisation.id]
    assert {name: row.source[name] for name in normalisation.source} == dict(normalisation.source)
    assert row.pure is not None
    assert pure_problems(row.pure) == []

    def without(kind: str, type_name: str) -> tuple[Normalisation, ...]:
        return tuple(one for one in normalisations(kind, type_name) if one.id != normalisation.id)

    monkeypatch.setattr(holding_module, "normalisations", without)
    assert pure_problems(row.pure), f"{row.id} holds without its form: it shows nothing"
