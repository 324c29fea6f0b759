"""Protects: what is granted to a step leaves the emulator's folder shut, wherever it lies; weak kernels share nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from plumbline.emulator.executor.executor import _private_folder
from plumbline.emulator.executor.input_storage import InputStorage
from plumbline.emulator.executor.step_folder import StepFolder
from plumbline.emulator.executor.storage import Location, Tree
from plumbline.emulator.executor.supervisor.landlock import open_paths, weakness


def test_a_granted_folder_gives_way_to_all_that_is_in_it_but_the_private_branch(tmp_path: Path) -> None:
    private = tmp_path / "opt" / "team" / "checkout" / ".plumbline"
    private.mkdir(parents=True)
    (private / "keys").touch()
    for name in ("opt/tool", "opt/team/other", "opt/team/checkout/src"):
        (tmp_path / name).mkdir()
    (tmp_path / "opt" / "file").touch()
    (tmp_path / "opt" / "way").symlink_to(private)
    (tmp_path / "usr").mkdir()
    granted = [str(tmp_path / "opt"), str(tmp_path / "usr"), str(private / "local" / "runs" / "x" / "inputs")]
    assert sorted(open_paths(granted, str(private))) == sorted(
        [
            *(str(tmp_path / name) for name in ("opt/file", "opt/tool", "opt/team/other")),
            str(tmp_path / "opt/team/checkout/src"),
            str(tmp_path / "usr"),
            granted[2],
        ]
    )


def test_a_granted_link_that_leads_to_the_private_folder_gives_way_too(tmp_path: Path) -> None:
    (tmp_path / "usr" / "lib" / "home").mkdir(parents=True)
    (tmp_path / "usr" / "lib" / "python").mkdir()
    (tmp_path / "lib").symlink_to(tmp_path / "usr" / "lib")
    assert list(open_paths([str(tmp_path / "lib")], str(tmp_path / "usr" / "lib" / "home"))) == [
        str(tmp_path / "usr" / "lib" / "python")
    ]
    assert list(open_paths([str(tmp_path / "usr" / "lib" / "home")], str(tmp_path / "lib" / "home"))) == []
    assert list(open_paths([str(tmp_path / "usr")], "")) == [str(tmp_path / "usr")]


def test_a_name_that_only_begins_alike_is_another_folder(tmp_path: Path) -> None:
    (tmp_path / "home2").mkdir()
    (tmp_path / "home").mkdir()
    assert list(open_paths([str(tmp_path)], str(tmp_path / "home"))) == [str(tmp_path / "home2")]


def test_what_a_project_keeps_beside_the_home_is_private_with_it(tmp_path: Path) -> None:
    home = tmp_path / ".plumbline" / "rehearsals" / "dev" / "emulator"
    assert _private_folder(home) == tmp_path / ".plumbline"
    assert _private_folder(tmp_path / "elsewhere") == tmp_path / "elsewhere"


@pytest.mark.parametrize(("landlock", "shared"), [(0, False), (2, False), (3, True)])
def test_inputs_share_the_stores_files_only_where_a_step_cannot_empty_them(
    tmp_path: Path, landlock: int, shared: bool
) -> None:
    stored = tmp_path / "stored"
    stored.write_text("kept")
    blobs = SimpleNamespace(path=lambda _: stored)
    emulator = SimpleNamespace(store=None, settings=SimpleNamespace(base_url="https://127.0.0.1:1"))
    storage = InputStorage(emulator, blobs, None, lambda _: None, landlock=landlock)
    tree = Tree(location=Location(container=None, prefix="", uri="x"), files={"x": None}, single=True)
    given = storage.fetch(tree, tmp_path / "inputs", link=True)
    assert given.read_text() == "kept"
    assert given.samefile(stored) == shared


def test_a_weak_kernel_is_told_and_a_strong_one_is_not() -> None:
    assert "no Landlock" in weakness(0)
    assert "version 2 and not 3 or newer: a step could empty any file" in weakness(2)
    assert weakness(3) == ""


def test_rights_that_a_step_set_are_set_back_when_its_folders_are_removed(tmp_path: Path) -> None:
    stored, outside = tmp_path / "stored", tmp_path / "outside"
    stored.touch()
    outside.touch(mode=0o644)
    folder = StepFolder(root=tmp_path / "run")
    (folder.inputs / "data").mkdir(parents=True)
    (folder.inputs / "data" / "x").hardlink_to(stored)
    (folder.inputs / "way").symlink_to(outside)
    folder.work.mkdir()
    stored.chmod(0o4777)
    (folder.inputs / "data").chmod(0)
    folder.work.chmod(0)
    folder.clear(logs_too=True)
    assert stored.stat().st_mode & 0o7777 == 0o600
    assert outside.stat().st_mode & 0o7777 == 0o644
    assert not folder.root.exists()
