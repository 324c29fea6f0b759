"""Which resources of a state can be compared without the engine: those of our own kinds that hold nothing it alone knows. Pure.

Source: pulumi/sdk `apitype.ResourceV3` (members of a row); pulumi/pulumi `deploy.RefreshStep` (which of them a refresh heeds),
`deploy.UrnTargets` (patterns of `--target`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.fence import CloudPins
from plumbline.kinds import kind_of_token
from plumbline.provider.settings import read_settings

Row = Mapping[str, Any]
# Members of a row that change nothing about what a refresh reads and compares. A row with any other (ignoreChanges, external,
# pendingReplacement, delete, ...) is the engine's.
_PLAIN = frozenset(
    {
        "urn", "custom", "id", "type", "inputs", "outputs", "parent", "dependencies", "provider", "propertyDependencies",
        "deletedWith", "replaceWith", "created", "modified", "sourcePosition", "stackTrace", "protect", "retainOnDelete",
        "aliases", "customTimeouts", "importID", "initErrors",
    }
)  # fmt: skip
_SIGNATURE = "4dabf18193072939515e22adb298388d"  # the wire's mark of a secret, an asset, an archive
# What the command line of one process may hold, on every system that the engine runs on.
_TARGET_CHARACTERS = 60_000


@dataclass(frozen=True, kw_only=True)
class Division:
    """Who compares what.

    Attributes:
        own: Rows that are compared here.
        others: Rows that the engine compares, by the providers that they are of.
        targets: What the engine is told to refresh; empty for everything.
    """

    own: tuple[Row, ...]
    others: tuple[Row, ...]
    targets: tuple[str, ...] = ()


def divided(document: Mapping[str, Any], pins: CloudPins | None, environ: Mapping[str, str]) -> Division:
    """Divide the resources of an exported state.

    Args:
        pins: What the stack pins; a provider that works with another cloud, tenant or subscription is the engine's.
        environ: Where a provider's settings come from that its inputs do not name.
    """
    rows = list((document.get("deployment") or {}).get("resources") or ())
    custom = [row for row in rows if row.get("custom") and not str(row["type"]).startswith("pulumi:")]
    settings = {
        f"{row['urn']}::{row.get('id')}": row.get("inputs") or {}
        for row in rows
        if str(row["type"]) == "pulumi:providers:plumbline"
    }
    ours = {name for name, given in settings.items() if _is_pinned(given, pins, environ)}
    strange = {row["urn"] for row in custom if not _is_own(row, ours)}
    # One that is to be deleted shares the name of its replacement; the engine is asked by names.
    own = tuple(row for row in custom if row["urn"] not in strange)
    others = tuple(row for row in custom if row["urn"] in strange)
    targets = _targets(others, own) if own else ()
    if sum(map(len, targets)) > _TARGET_CHARACTERS:
        return Division(own=(), others=tuple(custom))
    return Division(own=own, others=others, targets=targets)


def _is_own(row: Row, providers: Collection[str]) -> bool:
    inputs, outputs = row.get("inputs") or {}, row.get("outputs") or {}
    return (
        kind_of_token(str(row["type"])) is not None
        and bool(row.get("id"))
        and row.keys() <= _PLAIN
        and str(row.get("provider")) in providers
        and "registryName" not in inputs
        and not _has_secret(inputs)
        and not _has_secret(outputs)
    )


def _is_pinned(given: Mapping[str, Any], pins: CloudPins | None, environ: Mapping[str, str]) -> bool:
    if pins is None or _has_secret(given):
        return False
    found = read_settings(pins.stack, given, environ)
    # Names and GUIDs compare without case, as everywhere in the fence.
    return [one.lower() for one in (found.cloud, found.tenant_id, found.subscription_id)] == [
        one.lower() for one in (pins.cloud, pins.tenant_id, pins.subscription_id)
    ]


def _has_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return _SIGNATURE in value or any(_has_secret(one) for one in value.values())
    return isinstance(value, list) and any(_has_secret(one) for one in value)


def _targets(others: Iterable[Row], own: Iterable[Row]) -> tuple[str, ...]:
    """A pattern a type, or the names where the type is among our own, too."""
    taken = {_typed(row) for row in own}
    return tuple(
        dict.fromkeys(str(row["urn"]) if _typed(row) in taken else f"{_typed(row)}::**" for row in others)
    )


def _typed(row: Row) -> str:
    """The URN without the name: `urn:pulumi:STACK::PROJECT::PARENT$TYPE`."""
    return "::".join(str(row["urn"]).split("::", 3)[:3])
