"""Protects that a kind that people write as YAML is one folder, and that whatever must know a kind finds it there."""

from __future__ import annotations

from importlib import import_module

import pytest

from plumbline.assets import field_rules
from plumbline.assets.file_kind import FOLDERS, STEMS
from plumbline.assets.schema import table
from plumbline.assets.yaml_kinds import YAML_KINDS, asset_kinds
from plumbline.azureml import ASSETS
from plumbline.kinds import KINDS, VERSIONED


def test_whatever_must_know_a_kind_of_asset_knows_each() -> None:
    assert set(asset_kinds()) == set(VERSIONED) == set(ASSETS)
    for name, kind in YAML_KINDS.items():
        assert KINDS[name] is kind


@pytest.mark.parametrize("name", YAML_KINDS)
def test_a_kinds_folder_holds_its_reading_its_normal_form_and_its_tables(name: str) -> None:
    kind = YAML_KINDS[name]
    assert kind.folder.name == name
    assert callable(
        getattr(
            import_module(f"{kind.package}.definition"), "build" if kind.is_versioned else "build_schedule"
        )
    )
    assert callable(import_module(f"{kind.package}.normal_form").from_rest)
    fields = table(name)["common"] if kind.by_type else table(name)
    assert "name" in fields
    assert field_rules(name)["name"]["change"] == "identity"
    assert {FOLDERS[folder] for folder in kind.folders} == {name}
    assert {STEMS[stem] for stem in kind.stems} == {name}


def test_no_two_kinds_are_told_by_one_word() -> None:
    for words in (
        [word for kind in YAML_KINDS.values() for word in kind.types],
        [word for kind in YAML_KINDS.values() for word in kind.keys],
        [word for kind in YAML_KINDS.values() for word in kind.schemas],
        [word for kind in YAML_KINDS.values() for word in kind.folders],
        [word for kind in YAML_KINDS.values() for word in kind.stems],
    ):
        assert len(words) == len(set(words))
