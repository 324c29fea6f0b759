"""What nobody declared, and what the program declares and is not there, as findings. Pure but for the names of roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.classification import Classified
from plumbline.ops.drift.finding import WHOLE, Finding, noun_of
from plumbline.ops.drift.inventory import GRANT, LiveThing

# What a list answers that says at a glance what it is. Nothing that may hold a secret.
_SHOWN = (
    "type",
    "image",
    "path",
    "dataUri",
    "modelUri",
    "category",
    "target",
    "datastoreType",
    "accountName",
    "computeType",
)


def unmanaged_finding(one: Classified, roles: Mapping[str, str]) -> Finding:
    """A thing that the program does not declare."""
    thing = one.thing
    return Finding(
        change="unmanaged",
        noun=thing.noun,
        resource=_shown_name(thing, roles),
        type=thing.type,
        resource_id=thing.id,
        field=WHOLE,
        desired=None,
        last_known=None,
        live=_glance(thing, roles),
        version=thing.version,
        stamp=thing.stamp,
    )


def role_names(session: AzureSession, things: list[LiveThing]) -> dict[str, str]:
    """Role definition's id in lower case -> the role's name, of every grant."""
    ids = sorted({_role(thing).lower() for thing in things if thing.noun == GRANT})
    bodies = session.side_by_side(
        lambda one: session.get(one, api_version=api_version("role_definitions")) or {}, ids
    )
    return {
        id: str((body.get("properties") or {}).get("roleName") or id.rpartition("/")[2])
        for id, body in zip(ids, bodies, strict=True)
    }


def not_created(plan: Mapping[str, Any], known: Mapping[str, Any]) -> list[Finding]:
    """What the program declares and the state does not have: its creation failed, or nobody ran an update yet.

    Args:
        plan: `pulumi preview --json` against the state.
        known: URNs that the state has.
    """
    found = []
    for step in plan.get("steps", ()):
        new = step.get("newState") or {}
        urn = str(step["urn"])
        if step["op"] != "create" or urn in known or not new.get("custom"):
            continue
        if str(new["type"]).startswith("pulumi:"):
            continue
        found.append(
            Finding(
                change="not created",
                noun=noun_of(str(new["type"])),
                resource=urn.rpartition("::")[2],
                urn=urn,
                type=str(new["type"]),
                resource_id="",
                field=WHOLE,
                desired="declared",
                last_known=None,
                live="not there",
            )
        )
    return found


def _shown_name(thing: LiveThing, roles: Mapping[str, str]) -> str:
    if thing.noun == GRANT:
        return roles.get(_role(thing).lower(), "role")
    return f"{thing.name}:{thing.version}" if thing.version is not None else thing.name


def _glance(thing: LiveThing, roles: Mapping[str, str]) -> str:
    properties = thing.body.get("properties") or {}
    if thing.noun == GRANT:
        return (
            f"{roles.get(_role(thing).lower(), 'role')} for {properties.get('principalType') or 'principal'} "
            f"{properties.get('principalId')} at {properties.get('scope')}"
        )
    spec = properties.get("componentSpec") or {}
    shown = [f"{key}: {value}" for key in _SHOWN if (value := spec.get(key) or properties.get(key))]
    return ", ".join(shown[:2]) or "there"


def _role(thing: LiveThing) -> str:
    return str((thing.body.get("properties") or {}).get("roleDefinitionId") or "")
