"""Outputs of a resource class under their Python names."""

from __future__ import annotations

from typing import Any

import pulumi


class _WireOutput:
    """Answers what the engine gave under a wire name."""

    def __init__(self, wire: str) -> None:
        self._wire = wire

    def __get__(self, resource: Any, owner: type | None = None) -> Any:
        if resource is None:
            return self
        found = resource.__dict__.get(self._wire)
        # What was not said stays unsaid: it was left out, because every property costs the language host.
        return pulumi.Output.from_input(None) if found is None else found


def output(wire: str) -> Any:
    """An output by its wire name.

    Our classes hand the engine wire names throughout, so that it keeps the outputs under these; `pulumi.property` only
    works for classes whose inputs are an `@input_type`.
    """
    return _WireOutput(wire)
