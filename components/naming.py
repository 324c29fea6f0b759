"""Azure names: one function, so that a name is never made up in two ways."""

from __future__ import annotations

import hashlib
import re
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
    "ml-registry": ("mlr", 33, True, True),
    "workspace": ("mlw", 33, True, False),
    "workspace-identity": ("id-mlw", 128, True, False),
    "pipeline-identity": ("id-pipelines", 128, True, False),
}


# Source: learn.microsoft.com, "Resolve errors for reserved resource names": refused anywhere in a name.
RESERVED_WORDS = ("microsoft", "windows")
_SHORTEST_PLATFORM = 3
_MARK_DIGITS = 4


class NameRefused(Exception):
    """No Azure name can be made of this; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Names for one platform in one stack of one subscription.

    A stack's name is written in lower-case letters, digits and hyphens; where that changes it, a short hash of the
    name as given keeps stacks such as `dev_a` and `dev-a` apart.

    Attributes:
        platform: The platform's short name, lower-case letters and digits.
        stack: The stack's name, as Pulumi has it.
    Raises: NameRefused: the stack's name has no letter or digit, or a word that Azure reserves.
    """

    platform: str
    stack: str
    subscription_id: str

    def __post_init__(self) -> None:
        if not self._plain_stack():
            raise NameRefused(
                f"stack: got {self.stack!r}, expected at least one letter or digit. Rename it: pulumi stack rename NAME"
            )
        for word in RESERVED_WORDS:
            for where, text, step in (
                ("platform", self.platform, "Choose another name."),
                ("stack", self._plain_stack().replace("-", ""), "Rename it: pulumi stack rename NAME"),
            ):
                if word in text:
                    raise NameRefused(
                        f'{where}: got {getattr(self, where)!r}, expected a name without "{word}", which Azure '
                        f"reserves. {step}"
                    )

    def azure_name(self, noun: str) -> str:
        """The name of the platform's one `noun`, within Azure's limits.

        Raises: KeyError: no rule for this noun.
        """
        abbreviation, longest, hyphens, unique = RULES[noun]
        glue = "-" if hyphens else ""
        platform, stack = self.platform, self._stack(hyphens=hyphens)
        tail = [self._suffix()] if unique else []
        room = longest - len(glue.join([abbreviation, "", "", *tail]))
        # The platform's name is shortened first: the stack's tells people where they are.
        platform = platform[: max(_SHORTEST_PLATFORM, room - len(stack))]
        if len(stack) > room - len(platform):
            stack = self._cut(stack, room - len(platform), glue, marked=not unique)
        return glue.join([abbreviation, platform, stack, *tail])

    def guid(self, *parts: str) -> str:
        """A stable GUID for what Azure names by GUID, such as role assignments."""
        seed = "/".join((self.subscription_id.lower(), self.platform, self.stack, *parts))
        return str(uuid.uuid5(uuid.NAMESPACE_URL, seed))

    def _plain_stack(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.stack.lower()).strip("-")

    def _stack(self, *, hyphens: bool) -> str:
        plain = self._plain_stack()
        if not hyphens:
            return plain.replace("-", "")
        return plain if plain == self.stack else f"{plain}-{self._mark()}"

    def _cut(self, stack: str, room: int, glue: str, *, marked: bool) -> str:
        if not marked:  # the unique suffix holds the whole name already
            return stack[:room].rstrip("-")
        mark = f"{glue}{self._mark()}"
        return stack[: room - len(mark)].rstrip("-") + mark

    def _mark(self) -> str:
        return hashlib.sha256(self.stack.encode()).hexdigest()[:_MARK_DIGITS]

    def _suffix(self) -> str:
        seed = f"{self.subscription_id.lower()}/{self.platform}/{self.stack}"
        return hashlib.sha256(seed.encode()).hexdigest()[:6]
