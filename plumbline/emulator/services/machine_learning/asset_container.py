"""Containers of versioned assets: listed, read, written, archived, deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.machine_learning import paging
from plumbline.emulator.services.machine_learning.asset_answer import AssetAnswers, is_archived
from plumbline.emulator.services.machine_learning.asset_kind import AssetKind, without_nulls
from plumbline.emulator.services.machine_learning.asset_place import AssetPlace
from plumbline.emulator.services.machine_learning.asset_refusal import not_found
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.store import Resource

COMPUTED = ("latestVersion", "nextVersion", "provisioningState", "environmentType", "intellectualProperty")
"""Made by the service; clients echo them when they archive. Curated environments are seeded, so theirs is not lost."""


@dataclass(frozen=True, kw_only=True)
class Containers:
    """The handlers of one kind's containers in one kind of place."""

    kind: AssetKind
    place: AssetPlace

    @property
    def answers(self) -> AssetAnswers:
        """How they are answered."""
        return AssetAnswers(kind=self.kind, place=self.place)

    def list_all(self, call: Call) -> Reply:
        """Containers, in the recorded order of their kind; archived ones only when asked for."""
        parent = self.place.parent(call)
        ordered = call.emulator.store.unchanged(
            (parent.id, self.answers.type), lambda: self._ordered(call, parent)
        )
        wanted = view(call)
        return paging.page(
            call,
            [entry for entry in ordered if wanted(is_archived(entry))],
            lambda entry: self.answers.container(call, entry, self.versions(call, entry), listed=True),
            size_parameter="count",
            size=rule(call.emulator, "container_page_size", otherwise=paging.PAGE_SIZE),
        )

    def _ordered(self, call: Call, parent: Resource) -> list[Resource]:
        store = call.emulator.store
        found = store.list(parent.id, self.answers.type)
        if rule(call.emulator, "containers_newest_first", self.kind.collection):
            newest = store.newest_children(parent.id, f"{self.answers.type}/versions")
            found.sort(key=lambda entry: newest.get(entry.id.lower(), entry.sequence), reverse=True)
        return found

    def get(self, call: Call) -> Reply:
        """One container, with its latest and its next version."""
        container = self.found(call)
        return Reply(json=self.answers.container(call, container, self.versions(call, container)))

    def put(self, call: Call) -> Reply:
        """Create a container, or change its description, tags, properties, or whether it is archived."""
        parent, store = self.place.parent(call), call.emulator.store
        container_id = f"{parent.id}/{self.kind.collection}/{call.params['name']}"
        present = store.get(container_id)
        sent = without_nulls(call.json().get("properties") or {})
        for computed in COMPUTED:
            sent.pop(computed, None)
        stored_type = (present.body["properties"] if present else {}).get("dataType")
        if stored_type and sent.setdefault("dataType", stored_type) != stored_type:
            raise AzureError(400, "UserError", "The data type of a data asset cannot be changed.", "dataType")
        stamps = present is None or rule(
            call.emulator, "archive_stamps_container", self.kind.collection, otherwise=True
        )
        container = store.put(
            container_id,
            {"properties": sent},
            type=self.answers.type,
            principal=call.principal,
            stamps=stamps,
        )
        again = rule(
            call.emulator, "put_again_status", f"{self.kind.collection[:-1]}_containers", otherwise=200
        )
        status = again if present else 201
        return Reply(
            status=status,
            json=self.answers.container(call, container, self.versions(call, container)),
            headers=location(call, status),
        )

    def delete(self, call: Call) -> Reply:
        """Remove a container and all its versions. 204 when there was none, as ARM has it."""
        self.place.parent(call)
        gone = call.emulator.store.delete(
            f"{self.place.id(call)}/{self.kind.collection}/{call.params['name']}"
        )
        return Reply(status=200 if gone else 204)

    def found(self, call: Call) -> Resource:
        """The container in the path. Raises: AzureError: 404."""
        parent = self.place.parent(call)
        found = call.emulator.store.get(f"{parent.id}/{self.kind.collection}/{call.params['name']}")
        if found is None:
            raise not_found(call.emulator, self.kind.collection, call.params["name"], place_id=parent.id)
        return found

    def versions(self, call: Call, container: Resource) -> list[Resource]:
        """Its versions, oldest first."""
        return call.emulator.store.list(container.id, f"{self.answers.type}/versions")


def view(call: Call) -> Callable[[bool], bool]:
    """What listViewType lets through, as a question about an item's being archived.

    azure-ai-ml 1.35.2 asks registries with the name of its own enumeration: "ListViewType.ACTIVE_ONLY".
    """
    asked = call.query.get("listviewtype") or "ActiveOnly"
    word = asked.rpartition(".")[2].replace("_", "").lower()
    if word == "all":
        return lambda _archived: True
    if word == "archivedonly":
        return lambda archived: archived
    if word == "activeonly":
        return lambda archived: not archived
    raise AzureError(
        400,
        "UserError",
        f"listViewType '{asked}' is not one of ActiveOnly, ArchivedOnly, All.",
        "listViewType",
    )


def location(call: Call, status: int) -> dict[str, str]:
    """The header of an answer with 201: where the request went."""
    if status != 201 or not rule(call.emulator, "created_has_location"):
        return {}
    return {"location": paging.own_url(call)}
