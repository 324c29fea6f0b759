"""Protects that a kind that people write as YAML is one folder, and that whatever must know a kind finds it there."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from pydantic import ValidationError

from plumbline.assets import field_rules, is_content_version, load_ml_pipelines
from plumbline.assets.file_kind import FOLDERS, STEMS
from plumbline.assets.lock.document import PINNED, Pin
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


def test_data_behind_a_uri_has_a_version_of_its_address_that_proves_no_content(tmp_path: Path) -> None:
    file = tmp_path / "data.yml"

    def version(address: str) -> str:
        file.write_text(f"name: rows\ntype: uri_folder\npath: {address}\n")
        (loaded,) = load_ml_pipelines([tmp_path], root=tmp_path)
        return loaded.data_assets[0].version

    first = version("azureml://datastores/lake/paths/rows")
    workspace = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/lake/paths/rows"
    assert version(workspace) == first, "the long form of one address"
    assert version("https://example.com/rows") != first
    assert first.startswith("u1")
    assert not is_content_version(first)
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("1")
    assert is_content_version(version("./rows"))


def test_a_release_pins_what_is_content_and_lies_in_registries() -> None:
    assert set(PINNED) == {"environment", "component", "data"}
    with pytest.raises(ValidationError, match="one of environment, data, component"):
        Pin.model_validate({"kind": "model"})


def test_no_two_kinds_are_told_by_one_word() -> None:
    for words in (
        [word for kind in YAML_KINDS.values() for word in kind.types],
        [word for kind in YAML_KINDS.values() for word in kind.keys],
        [word for kind in YAML_KINDS.values() for word in kind.schemas],
        [word for kind in YAML_KINDS.values() for word in kind.folders],
        [word for kind in YAML_KINDS.values() for word in kind.stems],
    ):
        assert len(words) == len(set(words))
