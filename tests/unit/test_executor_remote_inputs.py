"""Protects: a local copy stands for exactly the address that somebody mapped to it, or for what lies below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.emulator.executor.remote_inputs import local_copy
from plumbline.emulator.executor.storage import Unreachable


def _table(home: Path, text: str) -> None:
    (home / "remote_inputs.yaml").write_text(text)
    (home / "copies" / "deep").mkdir(parents=True)
    (home / "copies" / "deep" / "a.csv").write_text("a")


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("https://example.org/data", "copies"),
        ("https://example.org/data/", "copies"),
        ("https://example.org/data/deep/a.csv", "copies/deep/a.csv"),
        ("https://example.org/data/deep", "copies/deep"),
        ("https://example.org/one.csv", "copies/deep/a.csv"),
        ("https://example.org/database", None),
        ("https://example.org/", None),
    ],
)
def test_an_address_is_found_itself_or_below_a_folder(tmp_path: Path, uri: str, found: str | None) -> None:
    _table(tmp_path, "https://example.org/data/: copies\nhttps://example.org/one.csv: copies/deep/a.csv\n")
    assert local_copy(tmp_path, uri) == (tmp_path / found if found else None)


def test_the_longest_address_counts(tmp_path: Path) -> None:
    _table(tmp_path, "https://example.org: nowhere\nhttps://example.org/data: copies\n")
    assert local_copy(tmp_path, "https://example.org/data/deep") == tmp_path / "copies" / "deep"


def test_a_copy_that_is_not_there_and_a_table_that_is_none_are_named(tmp_path: Path) -> None:
    assert local_copy(tmp_path, "https://example.org/data") is None
    _table(tmp_path, "https://example.org/data: missing.csv\n")
    with pytest.raises(Unreachable, match=r"'https://example\.org/data': got no file at .*missing\.csv"):
        local_copy(tmp_path, "https://example.org/data")
    (tmp_path / "remote_inputs.yaml").write_text("- https://example.org/data\n")
    with pytest.raises(Unreachable, match="got list, expected lines of ADDRESS: LOCAL PATH"):
        local_copy(tmp_path, "https://example.org/data")
