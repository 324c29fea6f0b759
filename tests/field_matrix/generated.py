"""Definitions that nobody wrote: any mixture of fields, words and numbers that az ml YAML allows."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

_WORD = st.text(string.ascii_lowercase, min_size=1, max_size=8)
# What people write: any script, quotes, colons; no control characters, which YAML itself refuses, and nothing that is
# taken for an expression.
_TEXT = st.text(
    st.characters(
        exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp"), exclude_characters="$\ufeff\u0085"
    ),
    min_size=1,
    max_size=30,
).filter(lambda text: text.strip() == text)
_TAGS = st.dictionaries(_WORD, _TEXT, max_size=3)
_FOLDERS = {"environment": "environments", "data": "data", "model": "models", "component": "components"}


def _with(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


_SHOWN = {"description": _TEXT, "tags": _TAGS}
_ENVIRONMENT = st.one_of(
    _with({"image": _WORD.map(lambda word: f"registry.example/{word}:1")}, _SHOWN),
    _with(
        {
            "image": st.just("mcr.microsoft.com/azureml/minimal:20250101.v1"),
            "conda_file": st.lists(
                _WORD.map(lambda word: f"{word}==1.0"), min_size=1, max_size=4, unique=True
            ).map(lambda names: {"name": "tools", "dependencies": ["python=3.11", {"pip": names}]}),
        },
        _SHOWN,
    ),
)
_DATA = st.sampled_from(["uri_file", "uri_folder"]).flatmap(
    lambda kind: _with(
        {
            "type": st.just(kind),
            "version": st.just("1"),
            "path": _WORD.map(
                lambda word: (
                    f"azureml://datastores/workspaceblobstore/paths/{word}{'/' if kind == 'uri_folder' else '.csv'}"
                )
            ),
        },
        _SHOWN,
    )
)
_MODEL = _with(
    {
        "type": st.sampled_from(["custom_model", "triton_model"]),
        "version": st.integers(1, 99).map(str),
        "path": _WORD.map(lambda word: f"azureml://datastores/workspaceblobstore/paths/{word}/"),
    },
    _SHOWN,
)
_NUMBER = st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 3) + 0.0)
_PARAMETER = st.one_of(
    _with({"type": st.just("number")}, {"default": _NUMBER, "description": _TEXT}),
    _with({"type": st.just("integer")}, {"default": st.integers(-(10**9), 10**9), "description": _TEXT}),
    _with({"type": st.just("boolean")}, {"default": st.booleans()}),
    _with({"type": st.just("string")}, {"default": _TEXT, "description": _TEXT}),
    st.sampled_from(["uri_file", "uri_folder", "mltable"]).map(lambda kind: {"type": kind}),
)
_NAMED = _WORD.map(lambda word: f"in_{word}")


@st.composite
def _component(draw: st.DrawFn) -> dict[str, Any]:
    inputs = draw(st.dictionaries(_NAMED, _PARAMETER, max_size=4))
    outputs = draw(
        st.dictionaries(
            _WORD.map(lambda word: f"out_{word}"),
            st.sampled_from(["uri_file", "uri_folder", "mlflow_model"]).map(lambda kind: {"type": kind}),
            max_size=2,
        )
    )
    words = [f"${{{{inputs.{name}}}}}" for name in inputs] + [f"${{{{outputs.{name}}}}}" for name in outputs]
    found: dict[str, Any] = {
        "type": "command",
        "command": " ".join(["run", *words]),
        "environment": "azureml:base@latest",
        **draw(_with({}, {**_SHOWN, "display_name": _TEXT, "is_deterministic": st.booleans()})),
    }
    if inputs:
        found["inputs"] = inputs
    if outputs:
        found["outputs"] = outputs
    if draw(st.booleans()):
        found["resources"] = {"instance_count": draw(st.integers(1, 4))}
    return found


DEFINITION: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.one_of(
    st.tuples(st.just("environment"), _ENVIRONMENT),
    st.tuples(st.just("data"), _DATA),
    st.tuples(st.just("model"), _MODEL),
    st.tuples(st.just("component"), _component()),
    st.tuples(st.just("component"), _component()),
)
"""Kind and definition, without a name."""


def write(folder: Path, definitions: list[tuple[str, dict[str, Any]]]) -> None:
    """Write them under names of their own, with the environment that components refer to."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "environment.yml").write_text("name: base\nimage: python:3.11\n", encoding="utf-8")
    for number, (kind, definition) in enumerate(definitions):
        place = folder / _FOLDERS[kind]
        place.mkdir(exist_ok=True)
        named = {"name": f"generated_{number:04d}", **definition}
        text = yaml.safe_dump(named, sort_keys=False, allow_unicode=True)
        (place / f"generated_{number:04d}.yml").write_text(text, encoding="utf-8")
