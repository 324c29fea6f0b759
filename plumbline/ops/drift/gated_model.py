"""Versions of a model that has a gate: whether a verified release stands behind each. Tags are never asked."""

from __future__ import annotations

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.finding import WHOLE, Finding
from plumbline.ops.drift.inventory import LiveThing
from plumbline.ops.errors import UserError
from plumbline.ops.release.contract import pipeline_of_model
from plumbline.ops.release.standing import Standing, standing

_NOUN = "Model"


def judged_models(
    session: AzureSession, things: list[LiveThing], notes: list[str]
) -> list[tuple[LiveThing, Standing]]:
    """Every version of a model for which this checkout has a release.yml, with what stands behind it.

    Args:
        notes: Is told of models whose terms cannot be read: nothing can be said of them.
    """
    models = [thing for thing in things if thing.noun == _NOUN]
    gated = {name for name in {thing.name for thing in models} if _has_gate(name, notes)}
    asked = [thing for thing in models if thing.name in gated]
    return list(
        zip(
            asked,
            session.side_by_side(lambda thing: standing(session, thing.name, thing.body), asked),
            strict=True,
        )
    )


def _has_gate(name: str, notes: list[str]) -> bool:
    try:
        return pipeline_of_model(name) is not None
    except UserError as error:
        notes.append(
            f"Versions of model {name} were not judged, because its release.yml cannot be read. {error}"
        )
        return False


def model_finding(thing: LiveThing, found: Standing) -> Finding | None:
    """A version that nothing verified stands behind; None of a release, and of one that a rehearsal made."""
    if found.is_released or found.is_rehearsal:
        return None
    return Finding(
        change="not released",
        noun=_NOUN,
        resource=found.reference,
        type=thing.type,
        resource_id=thing.id,
        field=WHOLE,
        desired="a verified release",
        last_known=None,
        live=found.faults[0],
        version=thing.version,
        stamp=thing.stamp,
    )
