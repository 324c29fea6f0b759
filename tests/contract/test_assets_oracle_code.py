"""Protects the code hash: the digest of a folder is azure-ai-ml's own, ignore rules, links and includes and all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plumbline.assets import hash_code, hash_data, load_ml_pipelines

NAMES = st.sampled_from(
    ["a.py", "B.py", "b.txt", "c.log", "data.csv", "é.py", ".hidden", "#odd.py", "x y.py"]
)
FOLDERS = st.sampled_from(["", "src", "src/deep", "build", "__pycache__", "Data", ".git"])
RULES = st.sampled_from(
    [
        "*.log", "build/", "/build", "build", "!keep.log", "!b.txt", "*.txt", "# comment", "", "src/deep", "**/deep",
        "deep/**", "a?.py", "[ab].*", "*.py[co]", "/a.py", "Data/*", "!Data/data.csv", "*", "!*.py", "\\#odd.py",
        "x\\ y.py", "src/", "/", "**", "**/", "foo//bar", "trailing   ", ".*", "!.hidden", "é*", "src/*/a.py",
    ]
)  # fmt: skip
TREES = st.dictionaries(
    st.tuples(FOLDERS, NAMES).map(lambda pair: "/".join(part for part in pair if part)),
    st.binary(max_size=40),
    min_size=1,
    max_size=12,
)


def _theirs(folder: Path, *, component: bool = True) -> str | None:
    from azure.ai.ml._utils._asset_utils import get_content_hash, get_ignore_file
    from azure.ai.ml.entities._component.code import ComponentIgnoreFile

    found: str | None = get_content_hash(
        folder, ComponentIgnoreFile(folder) if component else get_ignore_file(folder)
    )
    return found


def _write(folder: Path, tree: dict[str, bytes]) -> None:
    for name, content in tree.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    tree=TREES, rules=st.lists(RULES, max_size=5), ignore=st.sampled_from([".amlignore", ".gitignore", None])
)
def test_any_folder_has_the_digest_that_the_sdk_gives_it(
    tree: dict[str, bytes], rules: list[str], ignore: str | None
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve() / "code"
        folder.mkdir()
        _write(folder, tree)
        if ignore:
            (folder / ignore).write_text("\n".join(rules))
        assert hash_code(folder).hash == _theirs(folder)
        assert hash_data(folder).hash == _theirs(folder, component=False)


def test_amlignore_goes_before_gitignore_and_inner_ignore_files_are_not_read(tmp_path: Path) -> None:
    _write(tmp_path, {"a.py": b"1", "b.py": b"2", "in/c.py": b"3", "in/.gitignore": b"c.py"})
    (tmp_path / ".gitignore").write_text("a.py")
    (tmp_path / ".amlignore").write_text("b.py")
    names = {file.name for file in hash_code(tmp_path).files}
    assert names == {".amlignore", ".gitignore", "a.py", "in/.gitignore", "in/c.py"}
    assert hash_code(tmp_path).hash == _theirs(tmp_path)


def test_links_are_followed_under_their_own_names(tmp_path: Path) -> None:
    _write(tmp_path, {"real/a.py": b"1", "real/in/b.py": b"2", "code/c.py": b"3"})
    code = tmp_path / "code"
    (code / "link.py").symlink_to(tmp_path / "real" / "a.py")
    (code / "folder").symlink_to(tmp_path / "real" / "in", target_is_directory=True)
    (tmp_path / "way").symlink_to(code, target_is_directory=True)
    assert {file.name for file in hash_code(code).files} == {"c.py", "folder/b.py", "link.py"}
    assert hash_code(code).hash == _theirs(code)
    assert hash_code(tmp_path / "way").hash == _theirs(tmp_path / "way") == hash_code(code).hash


def test_a_single_file_and_a_link_to_one(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text("print(1)\n")
    (tmp_path / "link.py").symlink_to(file)
    assert hash_code(file).hash == _theirs(file)
    assert hash_code(tmp_path / "link.py").hash == _theirs(tmp_path / "link.py")


@pytest.mark.parametrize("code", ["./src", "./src/a.py"])
@pytest.mark.parametrize("ignore", [None, "*.log\nskipped\n"])
@pytest.mark.parametrize("inner", [None, "more.py\n"])
def test_additional_includes_are_folded_in_as_the_sdk_merges_them(
    tmp_path: Path, code: str, ignore: str | None, inner: str | None
) -> None:
    from azure.ai.ml import load_component

    home = tmp_path / "work" / "components" / "train"
    tree = {
        "src/a.py": b"1", "src/in/b.py": b"2", "src/in/.gitignore": b"*.txt", "src/in/c.txt": b"3",
        "src/noise.log": b"4", "src/__pycache__/a.pyc": b"5", "lib/tools.py": b"6", "lib/deep/more.py": b"7",
        "lib/deep/noise.log": b"8", "lib/skipped/x.py": b"9", "one.py": b"10",
    }  # fmt: skip
    _write(home, tree)
    if ignore:
        (home / "src" / ".amlignore").write_text(ignore)
    if inner:
        (home / "lib" / ".gitignore").write_text(inner)
    fields = {
        "name": "train",
        "type": "command",
        "command": "python a.py",
        "code": code,
        "environment": "azureml:AzureML-plain:1",
        "additional_includes": ["./lib", "./one.py"],
    }
    (home / "component.yml").write_text(yaml.safe_dump(fields))
    (loaded,) = load_ml_pipelines([tmp_path / "work"], root=tmp_path)
    with load_component(home / "component.yml")._build_code() as built:
        assert loaded.components[0].code_hash == built._hash_sha256


def test_what_changes_only_in_an_include_changes_the_version(tmp_path: Path) -> None:
    _write(tmp_path, {"src/a.py": b"1", "lib/b.py": b"2"})
    before = hash_code(tmp_path / "src", includes=[tmp_path / "lib"]).hash
    (tmp_path / "lib" / "b.py").write_bytes(b"3")
    assert hash_code(tmp_path / "src", includes=[tmp_path / "lib"]).hash != before


def test_a_large_file_is_streamed(tmp_path: Path) -> None:
    with (tmp_path / "big.bin").open("wb") as stream:
        stream.seek(40 * 1024 * 1024)
        stream.write(b"end")
    assert hash_code(tmp_path).hash == _theirs(tmp_path)
    assert hash_code(tmp_path).files[0].size == os.path.getsize(tmp_path / "big.bin")
