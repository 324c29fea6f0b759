"""Versions that the state registered before its current one, and that somebody archived. Pure.

The current version is the engine's to compare. An earlier one is what a rollback goes back to and what a run names: Pulumi
archives it only together with its resource, so that an archived one was archived behind the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plumbline.ops.drift.finding import Finding
from plumbline.ops.drift.inventory import LiveThing
from plumbline.ops.drift.stack_state import StackState

FIELD = "archived"


def archived_findings(things: Iterable[LiveThing], state: StackState) -> Iterator[Finding]:
    """A finding a version.

    Args:
        things: What is live, archived versions too.
    """
    for thing in things:
        key = (thing.id.lower(), str(thing.version))
        if not thing.is_archived or key not in state.registered or key in state.current:
            continue
        yield Finding(
            change="archived",
            noun=thing.noun,
            resource=f"{thing.name}:{thing.version}",
            type=thing.type,
            resource_id=thing.id,
            field=FIELD,
            desired=False,
            last_known=False,
            live=True,
            version=thing.version,
            stamp=thing.stamp,
        )
