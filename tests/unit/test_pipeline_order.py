"""Protects the first update of a stack with several pipelines: what another one refers to is declared before it."""

from __future__ import annotations

from plumbline.assets import AssetDefinition, MLPipeline, Reference
from stacks.releases import in_order


def _pipeline(name: str, *needs: str) -> MLPipeline:
    own = AssetDefinition(
        kind="component", name=f"{name}_step", version="h11", spec="{}", content_hash="1" * 64, source=f"{name}.yml",
        references=tuple(Reference(kind="component", name=f"{one}_step", version="h11") for one in needs),
    )  # fmt: skip
    return MLPipeline(name=name, folder=f"pipelines/{name}", assets=(own,))


def _names(*pipelines: MLPipeline) -> list[str]:
    return [one.name for one in in_order(pipelines)]


def test_a_pipeline_comes_after_those_it_refers_to() -> None:
    assert _names(_pipeline("a", "c"), _pipeline("b"), _pipeline("c", "b")) == ["b", "c", "a"]


def test_pipelines_that_need_nothing_keep_their_order() -> None:
    assert _names(_pipeline("b"), _pipeline("a")) == ["b", "a"]


def test_a_circle_and_what_is_not_of_this_stack_stop_nothing() -> None:
    assert _names(_pipeline("a", "b"), _pipeline("b", "a"), _pipeline("c", "elsewhere")) == ["c", "a", "b"]
