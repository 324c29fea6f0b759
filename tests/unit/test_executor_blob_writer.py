"""Protects: of a folder everything is kept that a blob can be, and what is left out is named in words that can be sent."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plumbline.emulator.executor.blob_writer import BlobWriter, LeftOut, in_words

CONTAINER: Any = SimpleNamespace(id="container")


class _Blobs:
    """Keeps names as SQLite does: what is not UTF-8 it refuses."""

    def __init__(self, folder: Path) -> None:
        self.content = SimpleNamespace(path=lambda sha256: folder / sha256)
        self.names: list[str] = []
        self._rows = sqlite3.connect(":memory:", check_same_thread=False)

    def put(self, _container: object, name: str, data: Path, **_headers: object) -> Any:
        self._rows.execute("SELECT ?", (name,))
        self.names.append(name)
        return SimpleNamespace(name=name, sha256=hashlib.sha256(data.read_bytes()).hexdigest())


def _written(folder: Path, tmp_path: Path) -> tuple[list[str], list[str]]:
    blobs: Any = _Blobs(tmp_path / "content")
    left_out: list[LeftOut] = []
    BlobWriter(blobs).folder(CONTAINER, "below", folder, left_out)
    return sorted(blobs.names), in_words(left_out)


def test_names_that_no_blob_can_have_are_left_out_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "outputs"
    (folder / "deep").mkdir(parents=True)
    for name in (b"good.txt", "grüße.txt".encode(), b"deep/bad\xff", b"tab\there"):
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(name)
    names, words = _written(folder, tmp_path)
    assert names == ["below/good.txt", "below/grüße.txt"]
    assert sorted(words) == [
        "'outputs/deep/bad\\xff' is not kept: its name is not UTF-8",
        "'outputs/tab\\there' is not kept: its name has a control character",
    ]
    json.dumps(words, ensure_ascii=False).encode()


def test_a_file_that_cannot_be_read_is_left_out_and_the_others_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "mine.log").write_text("mine")
    (folder / "shut.log").write_text("shut")
    (folder / "link.log").symlink_to("/etc/passwd")
    really = Path.open

    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        if path.name == "shut.log":
            raise PermissionError(13, "Permission denied", str(path))
        return really(path, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    names, words = _written(folder, tmp_path)
    assert names == ["below/mine.log"]
    assert words == ["'logs/shut.log' is not kept: it cannot be read (Permission denied)"]


def test_of_many_the_first_are_named_and_the_rest_counted() -> None:
    words = in_words([LeftOut(f"f{number}", "why") for number in range(25)])
    assert len(words) == 11
    assert words[-1] == "15 more files are not kept"
