"""What this run still wants: a delete must not take away what another resource of the run declares."""

from __future__ import annotations


class Claims:
    """Remembers, within one process, which resource declares which version, or schedule.

    It matters when a resource is renamed without an alias: the engine takes the object up under the new name and
    deletes the old resource afterwards.
    """

    def __init__(self) -> None:
        self._owners: dict[str, set[str]] = {}

    def add(self, object_id: str, urn: str) -> None:
        """The resource with this URN declares the version, or schedule, with this ARM id."""
        self._owners.setdefault(object_id.lower(), set()).add(urn)

    def other_owner(self, object_id: str, urn: str) -> str | None:
        """Another resource that declares it, None when there is none."""
        return next(
            (owner for owner in sorted(self._owners.get(object_id.lower(), ())) if owner != urn), None
        )
