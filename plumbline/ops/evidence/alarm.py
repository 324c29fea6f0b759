"""Whether a model was published around its gate, as its evidence shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def alarm_of(document: Mapping[str, Any]) -> str | None:
    """What is wrong with the registration that a document names; None when nothing is, or there is none."""
    registered, job = document["model"]["registered"], document["job"]["name"]
    if not registered or registered["job"] != job:
        return None
    reasons = []
    if not document["verdict"]["pass"]:
        reasons.append("its verdict does not allow a release")
    if document["approval"] is None:
        reasons.append("nobody approved it")
    if not reasons:
        return None
    return (
        f"{registered['name']}:{registered['version']} is registered from this run although {' and '.join(reasons)}. "
        f"It was published around the gate by {registered['by'] or 'somebody unknown'} at {registered['at']}. "
        "Archive that version, and find out who could write it"
    )
