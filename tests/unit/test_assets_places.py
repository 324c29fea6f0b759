"""Protects paths of definitions: what is asked of the system once answers as `Path.resolve` does, and rules as pathspec does."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.assets.code import COMPONENT_IGNORES, _patterns
from plumbline.assets.places import Places, led_to

TEXTS = [
    "", ".", "./src", "src/", "src/deep/../main.py", "..", "../other/main.py", "../../..", "link", "link/deep", "link/..",
    "../up/src", "gone/../src", "gone/deep", "dangling/x", "src//main.py", "main.py/..", "/", "/usr/../src",
]  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path.resolve()
    (root / "code" / "src" / "deep").mkdir(parents=True)
    (root / "other").mkdir()
    (root / "code" / "src" / "main.py").touch()
    (root / "code" / "link").symlink_to("../other")
    (root / "code" / "dangling").symlink_to("nowhere")
    (root / "up").symlink_to("code")
    return root


@pytest.mark.parametrize("text", TEXTS)
def test_a_path_from_a_definition_leads_where_resolving_it_leads(tree: Path, text: str) -> None:
    folder = tree / "code"
    assert led_to(folder, text) == (folder / text).resolve()


@pytest.mark.parametrize("text", TEXTS)
def test_a_path_asked_for_through_a_link_leads_where_resolving_it_leads(tree: Path, text: str) -> None:
    places = Places()
    for path in (tree / "up" / text, tree / "code" / text, Path("code") / text):
        assert places.actual(path) == path.resolve()
        assert places.actual(path) == path.resolve(), "the answer that is kept"


@pytest.mark.parametrize(
    "name",
    [
        "__pycache__", "__pycache__/a.pyc", "src/__pycache__/deep/a.pyc", "src/__pycache__", "a__pycache__/b", "__pycache__b",
        "src/__pycache__.py", "__PYCACHE__/a", "main.py", "a\nb/__pycache__/c", "__pycache__/a\nb", "__pycache__\n",
    ],
)  # fmt: skip
def test_a_component_without_an_ignore_file_leaves_out_what_pathspec_says(name: str) -> None:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    ((excludes, form),) = _patterns(COMPONENT_IGNORES)
    theirs = GitIgnoreSpecPattern(*COMPONENT_IGNORES)
    assert (excludes, form.search(name) is not None) == (theirs.include, theirs.match_file(name) is not None)
