"""Finding code by its content's hash: over all codes of a workspace, whatever name the client made up.

azure-ai-ml asks `codes/{random guid}/versions?hash=...`: a search within that name would never find anything, and every
registration would upload again.
"""

from __future__ import annotations

from plumbline.emulator.store import Resource, Store

_SCHEMA = (
    """CREATE TABLE code_hash (code_key TEXT PRIMARY KEY, parent_key TEXT NOT NULL, hash TEXT NOT NULL,
        hash_version TEXT NOT NULL)""",
    "CREATE INDEX code_hash_lookup ON code_hash (parent_key, hash, hash_version)",
)
_TYPES = {
    "microsoft.machinelearningservices/workspaces/codes/versions",
    "microsoft.machinelearningservices/registries/codes/versions",
}


def prepare(store: Store) -> None:
    """Create the table, and keep it in step with deletions."""
    store.migrate("code_hash", _SCHEMA)
    store.on_delete(lambda resource: _forget(store, resource))


def remember(store: Store, parent: Resource, code: Resource) -> None:
    """Enter a code version that carries hash_sha256 and hash_version among its properties."""
    properties = code.body["properties"].get("properties") or {}
    if "hash_sha256" in properties:
        store.execute(
            "REPLACE INTO code_hash VALUES (?, ?, ?, ?)",
            (
                code.id.lower(),
                parent.id.lower(),
                str(properties["hash_sha256"]).lower(),
                str(properties.get("hash_version", "")),
            ),
        )


def find(store: Store, parent: Resource, content_hash: str, hash_version: str) -> list[Resource]:
    """Code versions of this content, oldest first, so that the answer never changes once one exists."""
    rows = store.execute(
        "SELECT code_key FROM code_hash WHERE parent_key = ? AND hash = ? AND (? = '' OR hash_version = ?)",
        (parent.id.lower(), content_hash.lower(), hash_version, hash_version),
    )
    found = [store.get(row["code_key"]) for row in rows]
    return sorted((code for code in found if code is not None), key=lambda code: code.sequence)


def _forget(store: Store, resource: Resource) -> None:
    if resource.type.lower() in _TYPES:
        store.execute("DELETE FROM code_hash WHERE code_key = ?", (resource.id.lower(),))
