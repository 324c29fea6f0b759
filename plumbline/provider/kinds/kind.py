"""What the registry asks of every kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from plumbline.provider.claims import Claims
from plumbline.provider.cloud import Cloud
from plumbline.provider.codec import Properties
from plumbline.provider.engine_log import EngineLog
from plumbline.provider.urn import Urn


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a kind works with in one call.

    Attributes:
        cloud: None when a preview does not know yet which cloud (settings that are outputs), or has none.
        root: Folder of the project; code paths are relative to it.
        begin: Raises Cancelled once the engine asked to stop; called before every step that writes.
    """

    urn: Urn
    cloud: Cloud | None
    engine_log: EngineLog
    claims: Claims
    begin: Callable[[], None]
    root: Path = field(default_factory=Path.cwd)

    async def inform(self, message: str) -> None:
        """Tell the user what was done."""
        await self.engine_log.say("info", self.urn.text, message)

    async def warn(self, message: str) -> None:
        """Tell the user what may surprise."""
        await self.engine_log.say("warning", self.urn.text, message)


@dataclass(frozen=True, kw_only=True)
class Created:
    """Answer of create and update: the id (empty in the preview of a create) and the outputs."""

    id: str
    outputs: Properties


@dataclass(frozen=True, kw_only=True)
class Found:
    """Answer of read: what is live, as inputs and as outputs."""

    id: str
    inputs: Properties
    outputs: Properties


class Kind(Protocol):
    """A kind of resource. Check and diff are pure and the same for all, over the rule table."""

    kind: str

    async def create(self, context: Context, inputs: Properties, *, preview: bool) -> Created:
        """Create, adopt or restore; idempotent."""

    async def read(self, context: Context, id: str, inputs: Properties, state: Properties) -> Found | None:
        """What is live; None when it is gone. Empty inputs and state mean an import."""

    async def update(
        self,
        context: Context,
        id: str,
        state: Properties,
        olds: Properties,
        news: Properties,
        *,
        preview: bool,
    ) -> Created:
        """Bring what exists in line with new inputs."""

    async def delete(self, context: Context, id: str, state: Properties) -> None:
        """Undo what this state did, and nothing else."""
