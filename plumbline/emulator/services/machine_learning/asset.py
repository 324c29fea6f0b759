"""Versioned assets: the routes and versions of codes, environments, components, data and models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.machine_learning import (
    anonymous_component,
    build_context,
    code_hash,
    paging,
)
from plumbline.emulator.services.machine_learning.asset_answer import AssetAnswers, is_archived
from plumbline.emulator.services.machine_learning.asset_container import COMPUTED, Containers, location, view
from plumbline.emulator.services.machine_learning.asset_form import LABELS
from plumbline.emulator.services.machine_learning.asset_kind import AssetKind, without_nulls
from plumbline.emulator.services.machine_learning.asset_place import AssetPlace
from plumbline.emulator.services.machine_learning.asset_refusal import not_found, refusal
from plumbline.emulator.services.machine_learning.component_of_job import with_steps_of_job
from plumbline.emulator.services.machine_learning.reference import check_references, resolve_environment
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.store import Resource

DEFAULT_ALIAS = "azureml_default"
"""A version name that stands for the newest active version (azure-ai-ml asks for it by this name)."""

Accepted = Callable[[Call, Resource, dict[str, Any]], Reply]


@dataclass(frozen=True, kw_only=True)
class Assets:
    """The routes of one kind of asset in one kind of place.

    Args:
        prefix: what stands before the place's path (a registry's region serves it under one).
        scope: what rights are asked on. Default: the place.
        accepted: how the PUT of a version is answered, where not with the version itself.
    """

    kind: AssetKind
    place: AssetPlace
    prefix: str = ""
    scope: Callable[[Call], str] | None = None
    accepted: Accepted | None = None

    @property
    def answers(self) -> AssetAnswers:
        """How versions are answered; its `type` is the ARM type of a container."""
        return AssetAnswers(kind=self.kind, place=self.place)

    @property
    def containers(self) -> Containers:
        """The handlers of containers."""
        return Containers(kind=self.kind, place=self.place)

    def routes(self) -> list[Route]:
        """Containers and versions: read, write, delete, list."""
        container = f"{self.prefix}{self.place.path}/{self.kind.collection}/{{name}}"
        version = f"{container}/versions/{{version}}"
        containers = self.containers
        return [
            self._route("GET", container.rpartition("/")[0], containers.list_all, "read"),
            self._route("GET", container, containers.get, "read"),
            self._route("PUT", container, containers.put, "write"),
            self._route("DELETE", container, containers.delete, "delete"),
            self._route("GET", version.rpartition("/")[0], self.list_versions, "versions/read"),
            self._route("GET", version, self.get_version, "versions/read"),
            self._route("PUT", version, self.put_version, "versions/write"),
            self._route("DELETE", version, self.delete_version, "versions/delete"),
        ]

    def _route(self, method: str, path: str, handler: Callable[[Call], Reply], verb: str) -> Route:
        return Route(method=method, path=path, handler=handler, action=self.place.action(self.kind.collection, verb),
                     audience="registry" if self.prefix else "arm", scope=self.scope or self.place.id)  # fmt: skip

    def list_versions(self, call: Call) -> Reply:
        """Versions, newest first unless asked otherwise; with `hash`, codes of that content in the whole place."""
        parent, store, name = self.place.parent(call), call.emulator.store, call.params["name"]
        if self.kind.collection == "codes" and call.query.get("hash"):
            found = code_hash.find(store, parent, call.query["hash"], call.query.get("hashversion", ""))
            return paging.page(call, found, lambda code: self.answers.version(call, code))
        container = store.get(f"{parent.id}/{self.kind.collection}/{name}")
        if container is None:
            in_workspace = self.place.noun == "workspace"
            if (
                in_workspace
                and rule(call.emulator, "versions_of_nothing_status", self.kind.collection) == 404
            ):
                raise not_found(call.emulator, self.kind.collection, name)
            return Reply(json={"value": []})
        wanted, stage = view(call), call.query.get("stage")
        hidden = is_archived(container)
        everything = self.containers.versions(call, container)
        found = [
            version
            for version in everything
            if wanted(hidden or is_archived(version))
            and (not stage or version.body["properties"].get("stage") == stage)
            and _has_tags(version, call.query.get("$tags") or call.query.get("tags"))
        ]
        if paging.newest_first(call, default=True):
            found.reverse()
        newest = everything[-1].id if everything else ""
        return paging.page(
            call, found, lambda version: self.answers.version(call, version, newest=version.id == newest)
        )

    def get_version(self, call: Call) -> Reply:
        """One version, archived or not; `azureml_default` is the newest active one."""
        version, label = self._version(call)
        return Reply(
            json=self.answers.version(call, version, newest=self._is_newest(call, version), label=label)
        )

    def put_version(self, call: Call) -> Reply:
        """Register a version. The same content again is no new content; other content is refused."""
        parent, store, kind = self.place.parent(call), call.emulator.store, self.kind
        name, version = call.params["name"], call.params["version"]
        sent = self._sent(call, parent)
        if anonymous_component.is_meant(call.emulator, self.place, kind.collection, name):
            version = anonymous_component.version_of(parent, self.answers.form(call, parent.id, sent), sent)
        container_id = f"{parent.id}/{kind.collection}/{name}"
        container, present = store.get(container_id), store.get(f"{container_id}/versions/{version}")
        if present is None:
            kind.check_required(sent)
            check_references(call.emulator, parent, sent)
            body = {"properties": self._with_version(sent, version)}
        elif name == anonymous_component.NAME:
            return Reply(status=201, json=self.answers.version(call, present), headers=location(call, 201))
        else:
            self._check_unchanged(call, parent, present, sent)
            self._check_restorable(container, present, sent)
            body = {"properties": self._with_version(self._merged(present.body["properties"], sent), version)}
        status = rule(call.emulator, "put_again_status", kind.collection, otherwise=200) if present else 201
        restamps = rule(call.emulator, "same_content_stamps", kind.collection, otherwise=False)
        if present is not None and present.body == body and not restamps:
            # Nothing changed, so nobody changed it: systemData stays.
            return self._put_answer(call, present, status)
        if container is None:
            fields = {"dataType": sent["dataType"]} if "dataType" in sent else {}
            store.put(container_id, {"properties": fields}, type=self.answers.type, principal=call.principal)
        stored = store.put(
            f"{container_id}/versions/{version}",
            body,
            type=f"{self.answers.type}/versions",
            principal=call.principal,
        )
        if kind.collection == "codes":
            code_hash.remember(store, parent, stored)
        return self._put_answer(call, stored, status, fresh=present is None)

    def delete_version(self, call: Call) -> Reply:
        """Remove a version. azure-ai-ml never does; the REST API can. 204 when there was none."""
        parent = self.place.parent(call)
        names = call.params
        gone = call.emulator.store.delete(
            f"{parent.id}/{self.kind.collection}/{names['name']}/versions/{names['version']}"
        )
        return Reply(status=200 if gone else 204)

    # -- parts of a PUT

    def _sent(self, call: Call, parent: Resource) -> dict[str, Any]:
        """What is to be kept of a request: without what the service makes, with references that are settled."""
        sent: dict[str, Any] = without_nulls(call.json().get("properties") or {})
        computed = COMPUTED if self.kind.collection == "models" else (*COMPUTED, "stage")
        stage = sent.get("stage")
        for member in computed:
            sent.pop(member, None)
        if isinstance(sent.get("properties"), dict):
            sent["properties"].pop(LABELS, None)
        if stage and rule(call.emulator, "archive_with_stage_ignored", self.kind.collection):
            sent.pop("isArchived", None)
        if "autoDeleteSetting" in sent and (
            refused := refusal(call.emulator, "auto_delete_setting", self.kind.collection)
        ):
            raise refused
        if isinstance(sent.get("componentSpec"), dict):
            resolve_environment(call.emulator, parent, sent["componentSpec"])
            sent["componentSpec"] = with_steps_of_job(call.emulator, parent, sent["componentSpec"])
        return sent

    def _with_version(self, properties: dict[str, Any], version: str) -> dict[str, Any]:
        if self.kind.collection == "components":
            properties["componentSpec"].setdefault("version", version)
        return properties

    def _check_unchanged(self, call: Call, parent: Resource, present: Resource, sent: dict[str, Any]) -> None:
        before = _comparable(present.body["properties"], sent)
        if build_context.same(call.emulator, parent, before, sent):
            sent["build"]["contextUri"] = before["build"]["contextUri"]
        changed = self.kind.changed(
            self.answers.form(call, parent.id, before) | {"steps": _steps(before)},
            self.answers.form(call, parent.id, sent) | {"steps": _steps(sent)},
        )
        if changed:
            field = changed[0].removeprefix("componentSpec.").partition(".")[0]
            refused = refusal(
                call.emulator, "immutable", self.kind.collection, name=call.params["name"],
                version=present.name, field="jobs" if field == "steps" else field, changed=", ".join(changed),
            )  # fmt: skip
            assert refused is not None, "the table has a line for every kind"
            raise refused

    def _check_restorable(self, container: Resource | None, present: Resource, sent: dict[str, Any]) -> None:
        if (
            container is not None
            and is_archived(container)
            and is_archived(present)
            and not sent.get("isArchived")
        ):
            raise AzureError(
                400,
                "UserError",
                f"Version {present.name} cannot be restored while all versions of {container.name} are archived. "
                f"Restore {container.name} as a whole first.",
            )

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

    def _put_answer(self, call: Call, stored: Resource, status: int, *, fresh: bool = False) -> Reply:
        if self.accepted is not None and status == 201:
            return self.accepted(call, stored, self.answers.version(call, stored, fresh=fresh))
        answer = self.answers.version(call, stored, newest=self._is_newest(call, stored), fresh=fresh)
        return Reply(status=status, json=answer, headers=location(call, status))

    # -- finding

    def _is_newest(self, call: Call, version: Resource) -> bool:
        parent = version.id.rpartition("/versions/")[0]
        found = call.emulator.store.list(parent, f"{self.answers.type}/versions", newest_first=True, limit=1)
        return bool(found) and found[0].id == version.id

    def _version(self, call: Call) -> tuple[Resource, str]:
        """The version in the path, and the label by which it was asked for."""
        store, name, version = call.emulator.store, call.params["name"], call.params["version"]
        if version == DEFAULT_ALIAS:
            container = self.containers.found(call)
            active = [v for v in self.containers.versions(call, container) if not is_archived(v)]
            if active and not is_archived(container):
                labelled = rule(call.emulator, "default_label_id", self.kind.collection)
                return active[-1], "default" if labelled else ""
            raise not_found(call.emulator, self.kind.collection, name)
        parent = self.place.parent(call)
        found = store.get(f"{parent.id}/{self.kind.collection}/{name}/versions/{version}")
        if found is None:
            raise not_found(call.emulator, self.kind.collection, name, version, place_id=parent.id)
        return found, ""


def _steps(properties: dict[str, Any]) -> Any:
    spec = properties.get("componentSpec")
    return spec.get("jobs") if isinstance(spec, dict) else None


def _comparable(before: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """What is stored, without a pipeline's steps when none were sent: answers never show them, clients send answers."""
    if _steps(before) is None or _steps(sent) is not None or "componentSpec" not in sent:
        return before
    spec = {key: value for key, value in before["componentSpec"].items() if key != "jobs"}
    return {**before, "componentSpec": spec}


def _has_tags(version: Resource, wanted: str | None) -> bool:
    """A comma-separated list of name=value or name."""
    tags = version.body["properties"].get("tags") or {}
    for pair in filter(None, (wanted or "").split(",")):
        name, equals, value = pair.partition("=")
        if name not in tags or (equals and tags[name] != value):
            return False
    return True
