"""Protects versions: the same content is the same version, today and after every refactoring."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.assets import (
    SCHEME,
    AssetDefinition,
    MLPipeline,
    canonical_text,
    content_hash,
    is_content_version,
    load_ml_pipelines,
    version_from_hash,
)

DATA = Path(__file__).parents[1] / "data" / "assets"
GOLDEN: dict[str, dict[str, str]] = json.loads((DATA / "golden_hashes.json").read_text())


def _load(folder: Path) -> MLPipeline:
    (loaded,) = load_ml_pipelines([folder], root=folder)
    return loaded


def _hashes(pipeline: MLPipeline) -> dict[str, str]:
    return {f"{asset.kind}/{asset.name}": asset.content_hash for asset in pipeline.assets}


@pytest.fixture
def small() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(shutil.copytree(DATA / "small", Path(name) / "small"))


@pytest.mark.parametrize("folder", sorted(GOLDEN))
def test_golden_hashes_hold(folder: str) -> None:
    """A change here gives every asset of every user a new version: it needs a new scheme, never a new file."""
    assert _hashes(_load(DATA / folder)) == GOLDEN[folder]


def test_a_version_leads_with_the_scheme_and_fits_azure() -> None:
    version = version_from_hash("0123456789abcdef" * 4)
    assert version == f"{SCHEME}0123456789abcdef"
    assert len(version) <= 30
    assert is_content_version(version)
    assert not is_content_version("3")
    assert not is_content_version("h1")


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), comment=st.text(alphabet="abc: #'\"-", max_size=20))
def test_order_of_keys_comments_and_mutable_fields_change_nothing(seed: int, comment: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(shutil.copytree(DATA / "small", Path(name) / "small"))
        before = _hashes(_load(folder))
        chance = random.Random(seed)
        for file in sorted(folder.rglob("*.yml")):
            fields = _shuffled(yaml.safe_load(file.read_text()), chance)
            if file.stem in {"component", "environment", "data"}:
                fields |= {"description": f"another {seed}", "tags": {"seed": str(seed)}}
            text = yaml.safe_dump(fields, sort_keys=False, width=chance.choice([40, 4000]))
            file.write_text(f"# {comment}\n{text}   # {comment}\n")
        assert _hashes(_load(folder)) == before


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        items = [(key, _shuffled(item, chance)) for key, item in value.items()]
        chance.shuffle(items)
        return dict(items)
    return [_shuffled(item, chance) for item in value] if isinstance(value, list) else value


VALUES = st.recursive(
    st.one_of(st.text(), st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)


@given(spec=st.dictionaries(st.text(), VALUES, max_size=5), seed=st.integers())
def test_canonical_text_does_not_know_order(spec: dict[str, Any], seed: int) -> None:
    assert canonical_text(_shuffled(spec, random.Random(seed))) == canonical_text(spec)
    assert content_hash("component", json.loads(canonical_text(spec))) == content_hash("component", spec)


@pytest.mark.parametrize(
    ("file", "old", "new", "moved"),
    [
        ("components/train/src/train.py", "train", "train ", ["component/small_train"]),
        ("components/train/component.yml", "default: 0.1", "default: 0.2", ["component/small_train"]),
        ("data/rows/rows.csv", "1,2", "1,3", ["data/small_rows"]),
        (
            "conda.yml",
            "1.9.1",
            "1.9.2",
            ["component/small_judge", "component/small_train", "environment/small"],
        ),
    ],
)
def test_a_changed_line_moves_what_it_reaches_and_nothing_else(
    small: Path, file: str, old: str, new: str, moved: list[str]
) -> None:
    before = _load(small)
    (small / file).write_text((small / file).read_text().replace(old, new, 1))
    after = _load(small)
    was, now = _hashes(before), _hashes(after)
    assert sorted(name for name in was if was[name] != now[name]) == moved
    (small / file).write_text((small / file).read_text().replace(new, old, 1))
    assert _hashes(_load(small)) == was
    if "component/small_train" in moved:
        train = next(asset for asset in after.components if asset.name == "small_train")
        assert after.schedule is not None
        assert f'"azureml:{train.reference}"' in after.schedule.spec
    else:
        assert after.components == before.components


def test_a_reference_to_a_declared_version_takes_in_the_content_behind_it(small: Path) -> None:
    file = small / "environment.yml"
    file.write_text(file.read_text() + "version: 5\n")
    before = _named(_load(small))
    (small / "conda.yml").write_text((small / "conda.yml").read_text().replace("1.9.1", "1.9.2"))
    after = _named(_load(small))
    assert before["small_train"].spec == after["small_train"].spec
    assert before["small_train"].version != after["small_train"].version
    assert content_hash(
        "component",
        after["small_train"].spec,
        reference_hashes={"azureml:small:5": after["small"].content_hash},
    ) == (after["small_train"].content_hash)


def test_the_same_default_in_other_words_is_the_same_content(small: Path) -> None:
    before = _hashes(_load(small))
    file = small / "components" / "train" / "component.yml"
    text = file.read_text()
    for words in ("default: 1e-1", 'default: "0.1"', "default: 0.10"):
        file.write_text(text.replace("default: 0.1", words))
        assert _hashes(_load(small)) == before


def test_a_parent_covers_its_children() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(shutil.copytree(DATA / "wide", Path(name) / "wide"))
        before = _named(_load(folder))
        (folder / "shared" / "tools.py").write_text("x = 3\n")
        after = _named(_load(folder))
    assert before["wide_train"].version == after["wide_train"].version == "3"
    assert before["wide_train"].code_hash != after["wide_train"].code_hash
    assert before["wide_inner"].version != after["wide_inner"].version


def _named(pipeline: MLPipeline) -> Mapping[str, AssetDefinition]:
    return {asset.name: asset for asset in pipeline.assets}
