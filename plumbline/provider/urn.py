"""The parts of a URN that the provider needs."""

from __future__ import annotations

from dataclasses import dataclass

from plumbline.provider.errors import ProviderBug


@dataclass(frozen=True, kw_only=True)
class Urn:
    """`urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`."""

    text: str
    stack: str
    project: str
    token: str
    name: str

    def is_of_same_stack(self, other: str | None) -> bool:
        """Whether another URN is of this stack and project: the same resource, perhaps under a former name."""
        return other is not None and other.startswith(f"urn:pulumi:{self.stack}::{self.project}::")


def parse_urn(text: str) -> Urn:
    """Take a URN apart.

    Raises: ProviderBug: the engine sent something else.
    """
    parts = text.split("::", 3)
    if len(parts) != 4 or not parts[0].startswith("urn:pulumi:"):
        raise ProviderBug(f"urn: got {text!r}, expected urn:pulumi:STACK::PROJECT::TYPE::NAME.")
    return Urn(
        text=text,
        stack=parts[0].removeprefix("urn:pulumi:"),
        project=parts[1],
        token=parts[2].rsplit("$", 1)[-1],
        name=parts[3],
    )
