"""Azure names: one function, so that a name is never made up in two ways."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

# Noun -> (Microsoft's abbreviation, longest name, hyphens allowed, unique in all Azure).
# Source: Cloud Adoption Framework "Abbreviation recommendations", ARM "Naming rules and restrictions".
RULES: dict[str, tuple[str, int, bool, bool]] = {
    "resource-group": ("rg", 90, True, False),
    "storage": ("st", 24, False, True),
    "vault": ("kv", 24, True, True),
    "logs": ("log", 63, True, False),
    "insights": ("appi", 255, True, False),
    "registry": ("cr", 50, False, True),
    "workspace": ("mlw", 33, True, False),
    "workspace-identity": ("id-mlw", 128, True, False),
    "pipeline-identity": ("id-pipelines", 128, True, False),
}


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Names for one platform in one stack of one subscription.

    Attributes:
        platform: The platform's short name, lower-case letters and digits.
    """

    platform: str
    stack: str
    subscription_id: str

    def azure_name(self, noun: str) -> str:
        """The name of the platform's one `noun`, within Azure's limits.

        Raises: KeyError: no rule for this noun.
        """
        abbreviation, longest, hyphens, unique = RULES[noun]
        parts = [abbreviation, self.platform, self.stack]
        if unique:
            parts.append(self._suffix())
        name = ("-" if hyphens else "").join(parts)
        if len(name) <= longest:
            return name
        # Shorten the platform's name, never the stack or the suffix: those keep two platforms apart.
        return ("-" if hyphens else "").join(
            [abbreviation, self.platform[: len(self.platform) - (len(name) - longest)], *parts[2:]]
        )

    def guid(self, *parts: str) -> str:
        """A stable GUID for what Azure names by GUID, such as role assignments."""
        seed = "/".join((self.subscription_id.lower(), self.platform, self.stack, *parts))
        return str(uuid.uuid5(uuid.NAMESPACE_URL, seed))

    def _suffix(self) -> str:
        seed = f"{self.subscription_id.lower()}/{self.platform}/{self.stack}"
        return hashlib.sha256(seed.encode()).hexdigest()[:6]
