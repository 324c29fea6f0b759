"""Protects the caller: whatever a definition file holds, loading answers with named problems, never a traceback."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.assets import DefinitionErrors, Problem, load_ml_pipelines, spec_from_rest

SMALL = Path(__file__).parents[1] / "data" / "assets" / "small"
WIDE = SMALL.parent / "wide"
FILES = [path.relative_to(folder) for folder in (SMALL,) for path in sorted(folder.rglob("*.yml"))]
ODD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, -1, 0, 2.5, "", " ", "x", "azureml:", "azureml:a:b:c", "${{", "${{parent.inputs.}}", [], {}]),
    st.sampled_from([[None], [[]], {"": None}, {"type": None}, {"path": None}, {"type": []}, {"a": {"b": []}}, "../..", "\x85"]),
    st.text(max_size=8),
    st.just("x" * 300),
    st.dictionaries(st.text(max_size=4), st.none() | st.integers() | st.text(max_size=3), max_size=2),
)  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in _places(item, (*path, key)))]


def _with(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with(value[path[0]], path[1:], odd)
    return copy


@settings(max_examples=80, deadline=None)
@given(file=st.sampled_from(FILES), data=st.data(), odd=ODD)
def test_any_value_anywhere_is_taken_or_named(file: Path, data: st.DataObject, odd: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(shutil.copytree(SMALL, Path(name) / "small"))
        fields = yaml.safe_load((folder / file).read_text())
        place = data.draw(st.sampled_from(_places(fields)))
        (folder / file).write_text(yaml.safe_dump(_with(fields, place, odd)))
        _load(folder)


@settings(max_examples=30, deadline=None)
@given(file=st.sampled_from(FILES), text=st.text(max_size=60) | st.binary(max_size=40))
def test_any_text_is_taken_or_named(file: Path, text: str | bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(shutil.copytree(SMALL, Path(name) / "small"))
        (folder / file).write_bytes(
            text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        )
        _load(folder)


def _load(folder: Path) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        load_ml_pipelines([folder], root=folder.parent)
    except DefinitionErrors as error:
        problems = error.problems or (Problem(file="", line=0, field="", got="no problem", expected="one"),)
    assert all(problem.file.startswith("small/") and problem.line >= 0 for problem in problems)


def test_an_empty_or_foreign_body_reads_back_as_some_spec() -> None:
    for kind in ("environment", "component", "data", "model", "schedule", "job"):
        bodies: list[dict[str, Any]] = [
            {},
            {"properties": {}},
            {"properties": {"description": None, "new": 1}},
        ]
        for body in bodies:
            assert isinstance(spec_from_rest(kind, body, code_hash_of=lambda _: None), dict)
