"""Protects that a kind of asset has one row for its names, and that nothing that must know a kind lacks one."""

from __future__ import annotations

from typing import get_args

import pytest

from plumbline.assets import build, field_rules, rest
from plumbline.assets.asset_kinds import ASSET_YAML
from plumbline.assets.definition import AssetKind
from plumbline.assets.kinds import FOLDERS, STEMS
from plumbline.assets.schema import table
from plumbline.azureml import ASSETS
from plumbline.kinds import KINDS


def test_whatever_must_know_a_kind_of_asset_knows_each() -> None:
    names = set(ASSET_YAML)
    assert names == set(get_args(AssetKind))
    assert names == set(build._BUILDERS)
    assert names == set(rest._FROM_REST) - {"schedule", "job"}
    assert names == {kind.name for kind in KINDS.values() if kind.is_versioned}
    assert names == set(ASSETS)


@pytest.mark.parametrize("name", ASSET_YAML)
def test_a_kinds_row_leads_to_its_table_and_its_fields(name: str) -> None:
    row = ASSET_YAML[name]
    fields = table(row.table[0])[row.table[1]] if row.table else table("component")["common"]
    assert "name" in fields
    assert field_rules(name)["name"]["change"] == "identity"
    assert {FOLDERS[folder] for folder in row.folders} == {name}
    assert {STEMS[stem] for stem in row.stems} == {name}
    assert (KINDS[name].collection, KINDS[name].spoken) == (row.collection, row.spoken)
