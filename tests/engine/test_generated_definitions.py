"""Protects definitions that nobody wrote: registered, found unchanged, an edit elsewhere named and put back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from plumbline.kinds import KINDS
from tests.contract.machine_learning_platform import machine_learning_platform
from tests.engine.provider_stack import ProviderStack
from tests.field_matrix.generated import DEFINITION, write

IN_THE_SUITE, IN_A_SOAK, A_STACK = 100, 2000, 200
_ONCE = settings(
    max_examples=1,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # smaller ones are found by leaving definitions out, not by many stacks
    suppress_health_check=list(HealthCheck),
)


@_ONCE
@given(st.lists(DEFINITION, min_size=IN_THE_SUITE, max_size=IN_THE_SUITE))
def _suite(definitions: list[tuple[str, dict[str, Any]]]) -> None:
    GENERATED[:] = definitions


GENERATED: list[tuple[str, dict[str, Any]]] = []


def test_a_hundred_definitions_stay_without_drift(tmp_path: Path) -> None:
    _suite()
    _go_round(tmp_path, GENERATED)


@pytest.mark.soak
@pytest.mark.parametrize("stack", range(IN_A_SOAK // A_STACK))
def test_thousands_of_definitions_stay_without_drift(tmp_path: Path, stack: int) -> None:
    found: list[tuple[str, dict[str, Any]]] = []
    for _ in range(A_STACK // IN_THE_SUITE):
        _suite()
        found += GENERATED
    _go_round(tmp_path, found)


def _go_round(folder: Path, definitions: list[tuple[str, dict[str, Any]]]) -> None:
    with machine_learning_platform(azure_noise=True) as platform:
        stack = ProviderStack(folder, platform)
        shutil.rmtree(stack.program / "ml" / "scoring")
        write(stack.program / "ml" / "scoring", definitions)
        stack.set(side_by_side=True)
        stack.up()
        assert stack.drift() == {}
        assert stack.planned() == {}

        resources, expected = stack.resources(), {}
        for number, (kind, definition) in enumerate(definitions):
            if number % 3:
                continue
            name = f"generated_{number:04d}"
            path = f"{KINDS[kind].collection}/{name}/versions/{resources[name]['outputs']['version']}"
            tags = {**definition.get("tags", {}), "edited": "elsewhere"}
            stack.change(path, tags=tags)
            expected[name] = ["update", "tags.edited"]
        assert stack.drift() == expected
        stack.up("--refresh")
        assert stack.drift() == {}
