"""What can go wrong in the provider.

ProviderError
├── Refusal             the user's: wrong input, missing right, changed files; shown as one line, no traceback
│   ├── Denied              Azure's answer is no
│   ├── NoAnswer            nothing came back: nobody knows whether it was done
│   └── Cancelled           the run was interrupted before this step began
├── PartialFailure      the write was acknowledged, but what came back is not what was sent; the state is kept
└── ProviderBug         ours: shown as a bug report, with the traceback in the plugin's log
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plumbline.provider.codec import Properties


class ProviderError(Exception):
    """Anything that the provider raises on purpose."""


class Refusal(ProviderError):
    """Something that the user can put right; the message says how (`where: what: got X, expected Y. Next step.`)."""


@dataclass(frozen=True, kw_only=True)
class PropertyProblem:
    """One wrong input: the property's wire name (a path for nested values) and the reason."""

    property: str
    reason: str


class Denied(Refusal):
    """Azure answered, and the answer is no (a 4xx): trying again changes nothing."""


class NoAnswer(Refusal):
    """Nothing came back, also after many tries: nobody knows whether it was done."""

    def __init__(self, what: str, said: str) -> None:
        """Args: what: was being done. said: the rest of the message."""
        self.brief = f"{what}: got no answer either; another resource's message says why and what to do."
        super().__init__(f"{what}: {said}")


class Cancelled(Refusal):
    """The engine asked to stop; what had begun is finished, nothing new is begun."""


class PartialFailure(ProviderError):
    """The remote object exists, but not quite as it was sent. The engine keeps `outputs` and tries again."""

    def __init__(self, *, resource_id: str, outputs: Properties, reasons: Sequence[str]) -> None:
        self.resource_id = resource_id
        self.outputs = outputs
        self.reasons = tuple(reasons)
        super().__init__("; ".join(reasons))


class ProviderBug(ProviderError):
    """A state that this code rules out; never the user's fault."""
