"""What is answered of a container and of a version: their recorded form, for the kind and the place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.emulator.routing import Call
from plumbline.emulator.services.machine_learning.asset_form import Seen, formed
from plumbline.emulator.services.machine_learning.asset_kind import AssetKind
from plumbline.emulator.services.machine_learning.asset_place import AssetPlace
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.store import Resource

TABLE = Path(__file__).with_name("asset_forms.yaml")
PROPERTIES_ARE_LOST = "asset_properties_dropped"
"""Noise: environments, data and models answer no properties of their own; whether Azure keeps them, nobody saw."""


def is_archived(resource: Resource) -> bool:
    """Whether a version or container says of itself that it is archived."""
    return bool(resource.body["properties"].get("isArchived"))


@dataclass(frozen=True, kw_only=True)
class AssetAnswers:
    """Answers of one kind in one kind of place."""

    kind: AssetKind
    place: AssetPlace

    @property
    def type(self) -> str:
        """ARM type of a container; a version's has /versions behind it."""
        return f"{self.place.type}/{self.kind.collection}"

    def version(
        self,
        call: Call,
        version: Resource,
        *,
        newest: bool = True,
        fresh: bool = False,
        label: str = "",
    ) -> dict[str, Any]:
        """One version; under a label its id is the label's, its name the version's."""
        place_id, _, rest = version.id.partition(f"/{self.kind.collection}/")
        name = rest.partition("/")[0]
        kept = version.body["properties"]
        if call.emulator.noises.has(PROPERTIES_ARE_LOST) and self.kind.collection in (
            "environments",
            "data",
            "models",
        ):
            kept = {**kept, "properties": {}}
        seen = self._seen(place_id, kept, version.system_data, newest=newest, fresh=fresh)
        in_registry = self.place.noun == "registry"
        answer = self._answer(
            call, "version", seen, kept, version, f"{self.type}/versions",
        )  # fmt: skip
        if in_registry and rule(call.emulator, "registry_version_type", self.kind.collection):
            answer["type"] = self.kind.collection
        if in_registry and rule(call.emulator, "registry_version_name", self.kind.collection) == "container":
            answer["name"] = name
        if label:
            answer["id"] = answer["id"].rpartition("/versions/")[0] + f"/labels/{label}"
        return answer

    def container(
        self, call: Call, container: Resource, versions: Sequence[Resource], *, listed: bool = False
    ) -> dict[str, Any]:
        """A container, with its latest and its next version; `versions` oldest first."""
        hidden = is_archived(container) and not rule(
            call.emulator, "latest_while_archived", self.kind.collection
        )
        active = [] if hidden else [version for version in versions if not is_archived(version)]
        properties = {"isArchived": False} | container.body["properties"]
        if active:
            properties["latestVersion"] = active[-1].name
        properties["nextVersion"] = _next_version(versions)
        dated = container
        if listed and versions and rule(call.emulator, "listed_as_latest_version", self.kind.collection):
            dated = versions[-1]
        place_id = container.id.partition(f"/{self.kind.collection}/")[0]
        seen = self._seen(place_id, properties, dated.system_data, listed=listed)
        return self._answer(call, "container", seen, properties, container, self.type)

    def form(self, call: Call, place_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Properties in the form in which a version answers them: by this form, contents are compared."""
        return formed(self._lines(call, "version"), properties, self._seen(place_id, properties, {}))

    def _seen(
        self, place_id: str, properties: Mapping[str, Any], system_data: Mapping[str, str], **more: bool
    ) -> Seen:
        return Seen(
            kind=self.kind.collection, place=self.place.noun, place_id=place_id, properties=properties,
            system_data=system_data, **more,
        )  # fmt: skip

    def _lines(self, call: Call, section: str) -> Any:
        return call.emulator.recorded.table(TABLE)[section]

    def _answer(
        self,
        call: Call,
        section: str,
        seen: Seen,
        properties: Mapping[str, Any],
        resource: Resource,
        type_name: str,
    ) -> dict[str, Any]:
        return {
            "id": self.place.shown_id(resource),
            "name": resource.name,
            "type": type_name,
            "properties": formed(self._lines(call, section), properties, seen),
            "systemData": formed(self._lines(call, f"{section}_system_data"), seen.system_data, seen),
        }


def _next_version(versions: Sequence[Resource]) -> str:
    numbers = [int(version.name) for version in versions if version.name.isdigit()]
    return str(max(numbers, default=0) + 1)
