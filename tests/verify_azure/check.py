"""Checks and parts by name: a check asks one row's question, a part is what a check needs to stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.verify_azure.finding import Finding
    from tests.verify_azure.subject import Subject

Ask = Callable[["Subject"], "Finding"]
Make = Callable[["Subject"], Any]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One row's question.

    Attributes:
        id: The row's id in docs/reference/assumptions.yaml.
        parts: What must have been made before.
    """

    id: str
    parts: tuple[str, ...]
    ask: Ask


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something that is made once, when the first check needs it."""

    name: str
    parts: tuple[str, ...]
    make: Make


CHECKS: dict[str, Check] = {}
PARTS: dict[str, Part] = {}


def check(id: str, *parts: str) -> Callable[[Ask], Ask]:
    """Register a check for a row."""

    def register(ask: Ask) -> Ask:
        assert id not in CHECKS, f"{id}: two checks for one row"
        CHECKS[id] = Check(id=id, parts=parts, ask=ask)
        return ask

    return register


def part(name: str, *parts: str) -> Callable[[Make], Make]:
    """Register how a part is made."""

    def register(make: Make) -> Make:
        assert name not in PARTS, f"{name}: made twice"
        PARTS[name] = Part(name=name, parts=parts, make=make)
        return make

    return register


def needed(checks: Iterable[Check]) -> list[str]:
    """Every part that the checks need, those before it first."""
    found: dict[str, None] = {}

    def add(name: str) -> None:
        for before in PARTS[name].parts:
            add(before)
        found[name] = None

    for chosen in checks:
        for name in chosen.parts:
            add(name)
    return list(found)
