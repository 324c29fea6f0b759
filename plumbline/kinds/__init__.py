"""What Plumbline knows of each kind of resource: one descriptor a kind, read by provider, command line, program and docs.

What its YAML says, how it is checked and what its normal form is lies in `plumbline.assets`; where Azure keeps it, what
it is called there and which of its parts may change lies here.
"""

from __future__ import annotations

from collections.abc import Mapping

from plumbline.kinds.arm_object import ArmObject
from plumbline.kinds.batch_endpoint import BATCH_ENDPOINT
from plumbline.kinds.component import COMPONENT
from plumbline.kinds.data import DATA
from plumbline.kinds.environment import ENVIRONMENT
from plumbline.kinds.kind import PACKAGE, Kind, Values, is_true
from plumbline.kinds.model import MODEL
from plumbline.kinds.pipeline_deployment import PIPELINE_DEPLOYMENT
from plumbline.kinds.schedule import SCHEDULE

__all__ = [
    "BATCH_ENDPOINT",
    "COMPONENT",
    "DATA",
    "ENVIRONMENT",
    "KINDS",
    "MODEL",
    "PACKAGE",
    "PIPELINE_DEPLOYMENT",
    "SCHEDULE",
    "VERSIONED",
    "ArmObject",
    "Kind",
    "Values",
    "is_true",
    "kind_of_collection",
    "kind_of_token",
]

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (ENVIRONMENT, COMPONENT, DATA, MODEL, SCHEDULE, BATCH_ENDPOINT, PIPELINE_DEPLOYMENT)
}
"""Name -> descriptor, in the order of the reference page."""

VERSIONED: Mapping[str, Kind] = {name: kind for name, kind in KINDS.items() if kind.is_versioned}
"""The kinds whose resource is a container of versions that never change."""


def kind_of_token(token: str) -> Kind | None:
    """The kind of a Pulumi type token, None when there is no such type."""
    return next((kind for kind in KINDS.values() if kind.token == token), None)


def kind_of_collection(collection: str) -> Kind | None:
    """The kind that Azure keeps in a collection (`components`), None when we carry none."""
    return next((kind for kind in KINDS.values() if kind.collection.lower() == collection.lower()), None)
