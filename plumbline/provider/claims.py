"""Which versions this run still wants: a delete must not archive what another resource of the run declares."""

from __future__ import annotations


class Claims:
    """Remembers, within one process, which resource declares which version.

    It matters when a resource is renamed without an alias: the engine adopts the version under the new name and
    deletes the old resource afterwards.
    """

    def __init__(self) -> None:
        self._owners: dict[str, set[str]] = {}

    def add(self, version_id: str, urn: str) -> None:
        """The resource with this URN declares the version with this ARM id."""
        self._owners.setdefault(version_id.lower(), set()).add(urn)

    def other_owner(self, version_id: str, urn: str) -> str | None:
        """Another resource that declares the version, None when there is none."""
        return next(
            (owner for owner in sorted(self._owners.get(version_id.lower(), ())) if owner != urn), None
        )
