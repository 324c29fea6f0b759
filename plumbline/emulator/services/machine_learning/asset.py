"""Versioned assets: containers and versions of codes, environments, components, data and models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.machine_learning import code_hash, paging
from plumbline.emulator.services.machine_learning.asset_kind import AssetKind, without_nulls
from plumbline.emulator.services.machine_learning.asset_place import AssetPlace
from plumbline.emulator.services.machine_learning.reference import check_references
from plumbline.emulator.store import Resource, Store

DEFAULT_ALIAS = "azureml_default"
"""A version name that stands for the newest active version (azure-ai-ml asks for it by this name)."""

# Made by the service; clients echo them when they archive. Curated environments are seeded, so theirs is not lost.
_COMPUTED = ("latestVersion", "nextVersion", "provisioningState", "environmentType")


@dataclass(frozen=True, kw_only=True)
class Assets:
    """The routes of one kind of asset in one kind of place.

    Args:
        prefix: what stands before the place's path (a registry's region serves it under one).
        scope: what rights are asked on. Default: the place.
    """

    kind: AssetKind
    place: AssetPlace
    prefix: str = ""
    scope: Callable[[Call], str] | None = None

    @property
    def type(self) -> str:
        """ARM type of a container; a version's has /versions behind it."""
        return f"{self.place.type}/{self.kind.collection}"

    def routes(self) -> list[Route]:
        """Containers and versions: read, write, delete, list."""
        container = f"{self.prefix}{self.place.path}/{self.kind.collection}/{{name}}"
        version = f"{container}/versions/{{version}}"
        return [
            self._route("GET", container.rpartition("/")[0], self.list_containers, "read"),
            self._route("GET", container, self.get_container, "read"),
            self._route("PUT", container, self.put_container, "write"),
            self._route("DELETE", container, self.delete_container, "delete"),
            self._route("GET", version.rpartition("/")[0], self.list_versions, "versions/read"),
            self._route("GET", version, self.get_version, "versions/read"),
            self._route("PUT", version, self.put_version, "versions/write"),
            self._route("DELETE", version, self.delete_version, "versions/delete"),
        ]

    def _route(self, method: str, path: str, handler: Callable[[Call], Reply], verb: str) -> Route:
        return Route(method=method, path=path, handler=handler, action=f"{self.type}/{verb}",
                     audience="registry" if self.prefix else "arm", scope=self.scope or self.place.id)  # fmt: skip

    # -- containers

    def list_containers(self, call: Call) -> Reply:
        """Containers, oldest first; archived ones only when asked for."""
        parent, store = self.place.parent(call), call.emulator.store
        wanted = _view(call)
        found = [entry for entry in store.list(parent.id, self.type) if wanted(_archived(entry))]
        return paging.page(
            call,
            found,
            lambda entry: self._container_answer(entry, self._versions(store, entry)),
            size_parameter="count",
        )

    def get_container(self, call: Call) -> Reply:
        """One container, with its latest and its next version."""
        container = self._container(call)
        return Reply(json=self._container_answer(container, self._versions(call.emulator.store, container)))

    def put_container(self, call: Call) -> Reply:
        """Create a container, or change its description, tags, properties, or whether it is archived."""
        parent, store = self.place.parent(call), call.emulator.store
        container_id = f"{parent.id}/{self.kind.collection}/{call.params['name']}"
        present = store.get(container_id)
        sent = without_nulls(call.json().get("properties") or {})
        for computed in _COMPUTED:
            sent.pop(computed, None)
        stored_type = (present.body["properties"] if present else {}).get("dataType")
        if stored_type and sent.setdefault("dataType", stored_type) != stored_type:
            raise AzureError(400, "UserError", "The data type of a data asset cannot be changed.", "dataType")
        container = store.put(container_id, {"properties": sent}, type=self.type, principal=call.principal)
        answer = self._container_answer(container, self._versions(store, container))
        return Reply(status=200 if present else 201, json=answer)

    def delete_container(self, call: Call) -> Reply:
        """Remove a container and all its versions. 204 when there was none, as ARM has it."""
        self.place.parent(call)
        gone = call.emulator.store.delete(
            f"{self.place.id(call)}/{self.kind.collection}/{call.params['name']}"
        )
        return Reply(status=200 if gone else 204)

    # -- versions

    def list_versions(self, call: Call) -> Reply:
        """Versions, newest first unless asked otherwise; with `hash`, codes of that content in the whole place."""
        parent, store = self.place.parent(call), call.emulator.store
        if self.kind.collection == "codes" and call.query.get("hash"):
            found = code_hash.find(store, parent, call.query["hash"], call.query.get("hashversion", ""))
            return paging.page(call, found, self._version_answer)
        container = store.get(f"{parent.id}/{self.kind.collection}/{call.params['name']}")
        if container is None:
            # azure-ai-ml 1.35.2 lists a registry's models before it makes the first one and takes no 404 there.
            return Reply(json={"value": []})
        wanted, stage = _view(call), call.query.get("stage")
        hidden = _archived(container)
        found = [
            version
            for version in self._versions(store, container)
            if wanted(hidden or _archived(version))
            and (not stage or version.body["properties"].get("stage") == stage)
            and _has_tags(version, call.query.get("$tags") or call.query.get("tags"))
        ]
        if paging.newest_first(call, default=True):
            found.reverse()
        return paging.page(call, found, self._version_answer)

    def get_version(self, call: Call) -> Reply:
        """One version, archived or not; `azureml_default` is the newest active one."""
        return Reply(json=self._version_answer(self._version(call)))

    def put_version(self, call: Call) -> Reply:
        """Register a version. The same content again changes nothing; other content is refused."""
        parent, store = self.place.parent(call), call.emulator.store
        name, version = call.params["name"], call.params["version"]
        container_id = f"{parent.id}/{self.kind.collection}/{name}"
        present = store.get(f"{container_id}/versions/{version}")
        sent = without_nulls(call.json().get("properties") or {})
        for computed in _COMPUTED:
            sent.pop(computed, None)
        container = store.get(container_id)
        if present is None:
            self.kind.check_required(sent)
            check_references(call.emulator, parent, sent)
        else:
            before = present.body["properties"]
            self.kind.check_unchanged(present.name, version, before, sent)
            if (
                container is not None
                and _archived(container)
                and _archived(present)
                and not sent.get("isArchived")
            ):
                raise AzureError(
                    400,
                    "UserError",
                    f"Version {version} cannot be restored while all versions of {name} are archived. "
                    f"Restore {name} as a whole first.",
                )
            sent = self._merged(before, sent)
        if self.kind.collection == "components":
            sent["componentSpec"].setdefault("version", version)
        body = {"properties": sent}
        if present is not None and present.body == body:
            # Nothing changed, so nobody changed it: systemData stays.
            return Reply(json=self._version_answer(present))
        if container is None:
            fields = {"dataType": sent["dataType"]} if "dataType" in sent else {}
            store.put(container_id, {"properties": fields}, type=self.type, principal=call.principal)
        stored = store.put(
            f"{container_id}/versions/{version}", body, type=f"{self.type}/versions", principal=call.principal
        )
        if self.kind.collection == "codes":
            code_hash.remember(store, parent, stored)
        return Reply(status=200 if present else 201, json=self._version_answer(stored))

    def delete_version(self, call: Call) -> Reply:
        """Remove a version. azure-ai-ml never does; the REST API can. 204 when there was none."""
        parent = self.place.parent(call)
        names = call.params
        gone = call.emulator.store.delete(
            f"{parent.id}/{self.kind.collection}/{names['name']}/versions/{names['version']}"
        )
        return Reply(status=200 if gone else 204)

    # -- finding and answering

    def _container(self, call: Call) -> Resource:
        parent = self.place.parent(call)
        found = call.emulator.store.get(f"{parent.id}/{self.kind.collection}/{call.params['name']}")
        if found is None:
            raise _not_found(self.kind, call.params["name"])
        return found

    def _versions(self, store: Store, container: Resource) -> list[Resource]:
        return store.list(container.id, f"{self.type}/versions")

    def _version(self, call: Call) -> Resource:
        store, name, version = call.emulator.store, call.params["name"], call.params["version"]
        found: Resource | None
        if version == DEFAULT_ALIAS:
            container = self._container(call)
            active = (
                []
                if _archived(container)
                else [v for v in self._versions(store, container) if not _archived(v)]
            )
            found = active[-1] if active else None
        else:
            parent = self.place.parent(call)
            found = store.get(f"{parent.id}/{self.kind.collection}/{name}/versions/{version}")
        if found is None:
            raise _not_found(self.kind, f"{name}:{version}")
        return found

    def _merged(self, before: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
        # Content was just found equal, so the content that was stored first is kept: its spelling stays stable,
        # whatever the client made of it on the way back.
        merged = {key: value for key, value in before.items() if not self.kind.changes_freely(key)}
        merged |= {key: value for key, value in sent.items() if self.kind.changes_freely(key)}
        if "componentSpec" in before and "componentSpec" in sent:
            spec = {
                k: v
                for k, v in before["componentSpec"].items()
                if not self.kind.changes_freely(f"componentSpec.{k}")
            }
            free = {
                k: v
                for k, v in sent["componentSpec"].items()
                if self.kind.changes_freely(f"componentSpec.{k}")
            }
            merged["componentSpec"] = spec | free
        return merged

    def _container_answer(self, container: Resource, versions: list[Resource]) -> dict[str, Any]:
        active = [] if _archived(container) else [version for version in versions if not _archived(version)]
        properties = {"isArchived": False} | container.body["properties"]
        if active:
            properties["latestVersion"] = active[-1].name
        properties["nextVersion"] = _next_version(versions)
        return self._answer(container, self.type, properties)

    def _version_answer(self, version: Resource) -> dict[str, Any]:
        properties = dict(version.body["properties"])
        if self.kind.collection == "models":
            # azure-ai-ml 1.35 reads flavors.items() without looking whether it is there.
            properties.setdefault("flavors", {})
        return self._answer(version, f"{self.type}/versions", properties)

    def _answer(self, resource: Resource, type_name: str, properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self.place.shown_id(resource),
            "name": resource.name,
            "type": type_name,
            "properties": properties,
            "systemData": resource.system_data,
        }


def _view(call: Call) -> Callable[[bool], bool]:
    """What listViewType lets through, as a question about an item's being archived."""
    view = (call.query.get("listviewtype") or "ActiveOnly").lower()
    if view == "all":
        return lambda _archived: True
    if view == "archivedonly":
        return lambda archived: archived
    if view == "activeonly":
        return lambda archived: not archived
    raise AzureError(400, "UserError", f"listViewType '{call.query['listviewtype']}' is not one of ActiveOnly, "
                     "ArchivedOnly, All.", "listViewType")  # fmt: skip


def _archived(resource: Resource) -> bool:
    return bool(resource.body["properties"].get("isArchived"))


def _has_tags(version: Resource, wanted: str | None) -> bool:
    """A comma-separated list of name=value or name."""
    tags = version.body["properties"].get("tags") or {}
    for pair in filter(None, (wanted or "").split(",")):
        name, equals, value = pair.partition("=")
        if name not in tags or (equals and tags[name] != value):
            return False
    return True


def _next_version(versions: list[Resource]) -> str:
    numbers = [int(version.name) for version in versions if version.name.isdigit()]
    return str(max(numbers, default=0) + 1)


def _not_found(kind: AssetKind, name: str) -> AzureError:
    return AzureError(404, "UserError", f"The asset {kind.collection}/{name} was not found.", kind.collection)
