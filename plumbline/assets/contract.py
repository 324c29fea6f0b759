"""What a ``release.yml`` promises, typed: who answers for a release, when it may change, how it is watched and undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.assets.change_window import ChangeWindow, change_window_of


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Who decides that a release is taken back, and on what."""

    decided_by: str
    decide_when: str


@dataclass(frozen=True, kw_only=True)
class ReleaseContract:
    """The members of a ``release.yml`` that tools act on.

    Attributes:
        pipeline: The pipeline's folder.
        owner: The team that answers for the release.
        support: Whom to ask first.
        escalation: Whom to ask next, in this order.
        signal: What shows that the released pipeline is well.
        change_window: When it may be promoted; None: at any time.
    """

    pipeline: str
    owner: str
    cost_centre: str
    support: str
    escalation: tuple[str, ...]
    signal: str
    rollback: Rollback
    change_window: ChangeWindow | None = None


def release_contract(data: Mapping[str, Any]) -> ReleaseContract:
    """The contract in the checked fields of a ``release.yml`` (`MLPipeline.release`).

    Raises: ValueError, KeyError, TypeError: they were not checked, and are wrong.
    """
    window = data.get("change_window")
    return ReleaseContract(
        pipeline=data["pipeline"],
        owner=data["owner"],
        cost_centre=data["cost_centre"],
        support=data["support"]["contact"],
        escalation=tuple(data["escalation"]),
        signal=data["monitoring"]["signal"],
        rollback=Rollback(
            decided_by=data["rollback"]["decided_by"], decide_when=data["rollback"]["decide_when"]
        ),
        change_window=change_window_of(window) if window is not None else None,
    )
