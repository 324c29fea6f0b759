"""Creations that were begun here, so that a run that was cut off can be taken up again.

The real provider refuses to create what exists already ("import it"). A run killed between the service's
yes and the state's checkpoint would end there. What this plugin began itself is remembered in the emulated
stack's own PULUMI_HOME until the state is seen to have it; such a resource is written again, not refused.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_FOLDER = "azure-native-stand-in-creations"


class Creations:
    """A small file for each creation under way or not yet seen in the state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of_environment(cls) -> Creations:
        """The creations of the PULUMI_HOME in force."""
        return cls(Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / _FOLDER)

    def begin(self, urn: str, resource_id: str) -> None:
        """Remembers that a resource is about to be created for a URN."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file(resource_id).write_text(f"{urn}\n{resource_id}\n", encoding="utf-8")

    def began(self, urn: str, resource_id: str) -> bool:
        """Whether this very creation was begun before and has not been seen in the state since."""
        try:
            return self._file(resource_id).read_text(encoding="utf-8").startswith(f"{urn}\n")
        except FileNotFoundError:
            return False

    def settle(self, resource_id: str) -> None:
        """Forgets a creation: it was refused, or the state is seen to have the resource."""
        self._file(resource_id).unlink(missing_ok=True)

    def _file(self, resource_id: str) -> Path:
        return self._folder / hashlib.sha256(resource_id.strip("/").lower().encode()).hexdigest()[:32]
