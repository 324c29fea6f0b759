"""Containers of storage accounts: ARM resources, found by name alone.

The account stands in the user part of a blob URL here (https://ACCOUNT.blob.emulator@127.0.0.1:PORT/...), which clients
do not send. So a container's name must tell its account: names are unique per emulator, or the call is refused.
"""

from __future__ import annotations

from typing import Any

from plumbline.emulator.principals import Principal
from plumbline.emulator.services.blob.errors import container_not_found, not_modelled
from plumbline.emulator.settings import Settings
from plumbline.emulator.store import Resource, Store

CONTAINER_TYPE = "Microsoft.Storage/storageAccounts/blobServices/containers"


class Containers:
    """All containers of the emulator."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, name: str) -> Resource | None:
        """The container of that name, or None.

        Raises: AzureError: 501 when two accounts have one, because the request does not say which is meant.
        """
        rows = self._store.execute(
            "SELECT id FROM resource WHERE type_key = ? AND name = ?", (CONTAINER_TYPE.lower(), name)
        )
        if len(rows) > 1:
            raise not_modelled(f"two containers named '{name}' (in different accounts)")
        return self._store.get(rows[0]["id"]) if rows else None

    def get(self, name: str) -> Resource:
        """The container of that name. Raises: AzureError: 404 ContainerNotFound."""
        found = self.find(name)
        if found is None:
            raise container_not_found()
        return found

    def everything(self) -> list[Resource]:
        """All containers, ordered by name."""
        rows = self._store.execute(
            "SELECT id FROM resource WHERE type_key = ? ORDER BY name", (CONTAINER_TYPE.lower(),)
        )
        found = [self._store.get(row["id"]) for row in rows]
        return [container for container in found if container is not None]

    def create(self, account_id: str, name: str, principal: Principal | None, **properties: Any) -> Resource:
        """Create a container in an account; one that exists there is answered as it is."""
        container_id = f"{account_id}/blobServices/default/containers/{name}"
        present = self._store.get(container_id)
        if present is not None:
            return present
        body = {"properties": {"publicAccess": "None", **properties}}
        return self._store.put(container_id, body, type=CONTAINER_TYPE, principal=principal)


def account_name(container: Resource) -> str:
    """The storage account that a container belongs to."""
    return container.id.split("/")[8]


def container_url(settings: Settings, container: Resource) -> str:
    """Where clients reach a container: in the form that azure-ai-ml builds for a datastore."""
    return f"https://{account_name(container)}.blob.{settings.storage_suffix}/{container.name}"
