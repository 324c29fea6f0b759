"""The kinds that people write as YAML: one folder each, which holds all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping

from plumbline.assets.component import COMPONENT
from plumbline.assets.data import DATA
from plumbline.assets.environment import ENVIRONMENT
from plumbline.assets.model import MODEL
from plumbline.assets.schedule import SCHEDULE
from plumbline.assets.yaml_kind import YamlKind

YAML_KINDS: dict[str, YamlKind] = {
    kind.name: kind for kind in (ENVIRONMENT, DATA, MODEL, COMPONENT, SCHEDULE)
}
"""Name -> descriptor, in the order in which they are registered: what points to others comes last."""


def kind_of_input(type_name: object) -> YamlKind:
    """What an input of a job refers to: models have types of their own, anything else is data."""
    return MODEL if str(type_name).lower() in MODEL.types else DATA


def asset_kinds() -> Mapping[str, YamlKind]:
    """Those of versioned assets."""
    return {name: kind for name, kind in YAML_KINDS.items() if kind.is_versioned}
