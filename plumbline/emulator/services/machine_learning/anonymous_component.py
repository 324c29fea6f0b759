"""Anonymous components: whatever version a client names, the service gives one of its own, the same for equal content.

Source: test_anonymous_component_reuse and test_simple_pipeline_component_create (azure-ai-ml 1.32.0, 2026-03-27).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plumbline.emulator.services.machine_learning.asset_place import AssetPlace
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.store import Resource

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

NAME = "azureml_anonymous"
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "plumbline-emulator/anonymous-component")


def is_meant(emulator: Emulator, place: AssetPlace, collection: str, name: str) -> bool:
    """Whether a PUT under this name registers an anonymous component."""
    return (
        place.noun == "workspace"
        and name == NAME
        and rule(emulator, "own_guid_of_anonymous", collection, otherwise=False)
    )


def version_of(parent: Resource, form: Mapping[str, Any], sent: Mapping[str, Any]) -> str:
    """The guid of a content: its name counts, the version that the client chose does not."""
    spec = {key: value for key, value in (form.get("componentSpec") or {}).items() if key != "version"}
    steps = (sent.get("componentSpec") or {}).get("jobs")
    where = parent.body["properties"].get("workspaceId", parent.id)
    return str(uuid.uuid5(_SPACE, f"{where}{json.dumps([spec, steps], sort_keys=True)}"))
