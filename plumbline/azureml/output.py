"""Outputs of a resource class under their Python names."""

from __future__ import annotations

from typing import Any


class _WireOutput:
    """Answers what the engine gave under a wire name."""

    def __init__(self, wire: str) -> None:
        self._wire = wire

    def __get__(self, resource: Any, owner: type | None = None) -> Any:
        return self if resource is None else resource.__dict__[self._wire]


def output(wire: str) -> Any:
    """An output by its wire name.

    Our classes hand the engine wire names throughout, so that it keeps the outputs under these; `pulumi.property` only
    works for classes whose inputs are an `@input_type`.
    """
    return _WireOutput(wire)
