"""Functions of the provider: questions that a program asks before it declares anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from plumbline.provider.cloud import Cloud
from plumbline.provider.functions.asset_lookup import lookup_functions
from plumbline.provider.functions.cluster_check import CHECK_CLUSTERS, check_clusters
from plumbline.provider.functions.name_check import CHECK_NAMES, check_names
from plumbline.provider.functions.pin_check import CHECK_PINS, check_pins
from plumbline.provider.functions.pipelines import LOAD_PIPELINES, load_pipelines


class LocalFunction(Protocol):
    """A function that asks no cloud: it takes the arguments and the project's folder."""

    def __call__(self, arguments: Mapping[str, Any], *, root: Path) -> dict[str, Any]:
        """The result."""


LOCAL_FUNCTIONS: Mapping[str, LocalFunction] = {LOAD_PIPELINES: load_pipelines}
"""Token -> function that needs no configured cloud."""

FUNCTIONS: Mapping[str, Callable[[Cloud, Mapping[str, Any]], Awaitable[dict[str, Any]]]] = {
    CHECK_CLUSTERS: check_clusters,
    CHECK_NAMES: check_names,
    CHECK_PINS: check_pins,
    **lookup_functions(),
}
"""Token -> function: takes the configured cloud and the arguments, answers the result."""
