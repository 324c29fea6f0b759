"""Protects: a folder with blanks gets a plain path by way of a private link, and nobody else's link is trusted."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from plumbline.emulator.executor import plain_folder as module
from plumbline.emulator.executor.plain_folder import plain_folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "tmp"
    found.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(found))
    monkeypatch.setattr(module, "_remove_at_end", lambda _private: None)
    return found


def test_a_plain_path_stays_as_it_is(temporary: Path, tmp_path: Path) -> None:
    assert plain_folder(tmp_path) == tmp_path
    assert list(temporary.iterdir()) == []


def test_a_path_with_blanks_is_reached_by_the_same_private_link_each_time(
    temporary: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "my home" / "runs"
    folder.mkdir(parents=True)
    link = plain_folder(folder)
    assert " " not in str(link)
    assert link.resolve() == folder.resolve()
    assert link.parent.stat().st_mode & 0o777 == 0o700
    assert plain_folder(folder) == link
    link.unlink()
    assert plain_folder(folder).resolve() == folder.resolve(), "made again"
    link.unlink()
    link.symlink_to(tmp_path)
    assert plain_folder(folder).resolve() == folder.resolve(), "set right again"
    other = tmp_path / "another home"
    other.mkdir()
    assert plain_folder(other) != link
    module._remove(link.parent)
    assert not link.parent.exists()
    assert folder.exists()


def test_a_folder_that_others_can_write_is_not_trusted(temporary: Path, tmp_path: Path) -> None:
    folder = tmp_path / "my home"
    folder.mkdir()
    plain_folder(folder).parent.chmod(0o777)
    assert plain_folder(folder) == folder
