"""What Plumbline knows of each kind of resource: one descriptor a kind, read by provider, command line, program and docs.

A kind that people write as YAML is a folder of `plumbline.assets` (`data/`, `component/`), with its descriptor in
`__init__.py`. A kind whose inputs a program says is one module here.
"""

from __future__ import annotations

from collections.abc import Mapping

from plumbline.assets.component import COMPONENT
from plumbline.assets.data import DATA
from plumbline.assets.environment import ENVIRONMENT
from plumbline.assets.kind import PACKAGE, Kind, Values, is_true
from plumbline.assets.model import MODEL
from plumbline.assets.schedule import SCHEDULE
from plumbline.assets.yaml_kind import YamlKind
from plumbline.assets.yaml_kinds import YAML_KINDS, kind_of_input
from plumbline.kinds.arm_object import ArmObject
from plumbline.kinds.batch_endpoint import BATCH_ENDPOINT
from plumbline.kinds.pipeline_deployment import PIPELINE_DEPLOYMENT

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
    "YAML_KINDS",
    "ArmObject",
    "Kind",
    "Values",
    "YamlKind",
    "is_true",
    "kind_of_collection",
    "kind_of_input",
    "kind_of_noun",
    "kind_of_token",
]

KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (*YAML_KINDS.values(), BATCH_ENDPOINT, PIPELINE_DEPLOYMENT)
}
"""Name -> descriptor, in the order of the reference page."""

VERSIONED: Mapping[str, Kind] = {name: kind for name, kind in KINDS.items() if kind.is_versioned}
"""The kinds whose resource is a container of versions that never change."""


def kind_of_token(token: str) -> Kind | None:
    """The kind of a Pulumi type token, None when there is no such type."""
    return next((kind for kind in KINDS.values() if kind.token == token), None)


def kind_of_noun(noun: str) -> Kind:
    """The kind of a resource class's name.

    Raises: KeyError: there is none.
    """
    return {kind.noun: kind for kind in KINDS.values()}[noun]


def kind_of_collection(collection: str) -> Kind | None:
    """The kind that Azure keeps in a collection (`components`), None when we carry none."""
    return next((kind for kind in KINDS.values() if kind.collection.lower() == collection.lower()), None)
