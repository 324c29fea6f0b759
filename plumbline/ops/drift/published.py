"""The registry that a stack serves: what lies in it, and whether it holds what locks pin.

Assets of a registry belong to no stack. What a lock of this checkout pins is held against the pin, hashed again; what a
promotion published and nothing pins any more is nobody's drift; what somebody else published is.

Source: the list operations of a registry's region, as azure-ai-ml 1.35.2 calls them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.assets.document import read_document
from plumbline.assets.lock import Lock, LockError, Pin, Release, lock_path, read_lock
from plumbline.azure.api_versions import api_version
from plumbline.azure.moment import moment
from plumbline.azure.registry_pin import PinFinding
from plumbline.kinds import KINDS
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.finding import WHOLE, Finding, Place
from plumbline.ops.drift.inventory import ListRow, LiveThing, list_rows
from plumbline.ops.drift.published_label import label_differences
from plumbline.ops.errors import UserError
from plumbline.ops.promotion.registry import RegistryReading, registry_named
from plumbline.provider.address import Registry


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """One pin, and the releases whose locks have it."""

    pin: Pin
    lock: Lock
    release: Release


def registry_things(session: AzureSession, registry: Registry) -> list[LiveThing]:
    """Every version of every asset that a registry lists; archived ones it does not (a component's list takes no view)."""
    version = api_version("registry_region")
    rows = [row for row in list_rows() if row.versions]
    listed = session.side_by_side(
        lambda row: list(session.pages(registry.collection(row.path), api_version=version)), rows
    )
    containers = [(row, body) for row, bodies in zip(rows, listed, strict=True) for body in bodies]

    def versions(pair: tuple[ListRow, Mapping[str, Any]]) -> list[LiveThing]:
        row, container = pair
        name = str(container["name"])
        path = f"{registry.container(row.path, name)}/versions"
        return [
            LiveThing(
                noun=row.noun,
                type=f"Microsoft.MachineLearningServices/registries/{row.path}",
                id=registry.container_id(row.path, name),
                name=name,
                body=body,
                version=str(body["name"]),
            )
            for body in session.pages(path, api_version=version)
        ]

    return [one for found in session.side_by_side(versions, containers) for one in found]


def pinned_in(project: Path, registry_name: str, notes: list[str]) -> list[Pinned]:
    """Every pin of every lock of the checkout that is for this registry, each version once.

    Args:
        notes: Is told of locks that cannot be read.
    """
    found: dict[tuple[str, str], Pinned] = {}
    for file in sorted((project / "stacks" / "locks").glob("*.yaml")):
        lock = _lock(project, file.stem, notes)
        if lock is not None and lock.registry.lower() == registry_name.lower():
            for one in _pins_of(lock):
                found.setdefault((one.pin.kind, one.pin.reference), one)
    return list(found.values())


def lock_findings(
    session: AzureSession, stack: str, *, project: Path, downloads: bool, notes: list[str]
) -> list[Finding]:
    """What the registry does not hold as a stack's own lock pins it; nothing of a stack without one.

    Args:
        notes: Is told of a lock that is refused, and of a registry that cannot be read.
    """
    lock = _lock(project, stack, notes)
    if lock is None:
        return []
    pinned = list({(one.pin.kind, one.pin.reference): one for one in _pins_of(lock)}.values())
    try:
        registry = registry_named(session, lock.registry)
        return pin_findings(session, registry, pinned, project=project, downloads=downloads, notes=notes)
    except UserError as error:
        notes.append(f"What {lock_path(project, stack).name} pins was not compared. {error}")
        return []


def _lock(project: Path, stack: str, notes: list[str]) -> Lock | None:
    try:
        return read_lock(project, stack)
    except LockError as error:
        name = lock_path(project, stack).name
        notes.append(f"What {name} pins was not compared, because it is refused. {error}")
        return None


def _pins_of(lock: Lock) -> Iterator[Pinned]:
    for release in lock.releases:
        for pin in release.pins:
            yield Pinned(pin=pin, lock=lock, release=release)


def pin_findings(
    session: AzureSession,
    registry: Registry,
    pinned: Sequence[Pinned],
    *,
    project: Path,
    downloads: bool,
    notes: list[str],
) -> list[Finding]:
    """What a registry does not hold as a lock pins it.

    Args:
        downloads: Hash the code itself, too.
    """
    held = RegistryReading(session, registry, downloads=downloads).findings([one.pin for one in pinned])
    edited = [
        (one, found.body)
        for one, found in zip(pinned, held, strict=True)
        if found.body is not None and _was_written_again(found.body)
    ]
    labels = label_differences(project, edited, notes) if edited else {}
    return [
        finding
        for one, found in zip(pinned, held, strict=True)
        for finding in _findings(registry, one, found, labels.get(one.pin.reference, {}), project)
    ]


def _findings(
    registry: Registry,
    one: Pinned,
    found: PinFinding,
    labels: Mapping[str, tuple[Any, Any]],
    project: Path,
) -> Iterator[Finding]:
    pin, kind = one.pin, KINDS[one.pin.kind]

    def finding(field: str, desired: Any, live: Any) -> Finding:
        return Finding(
            change="not as pinned",
            noun=kind.noun,
            resource=pin.reference,
            type=f"Microsoft.MachineLearningServices/registries/{kind.collection}",
            resource_id=registry.container_id(kind.collection, pin.name),
            field=field,
            desired=desired,
            last_known=desired,
            live=live,
            version=pin.version,
            declared_at=_place(one, project),
            stamp=(found.body or {}).get("systemData") or {},
        )

    if found.live_hash is None:
        yield finding(WHOLE, "published", "deleted")
        return
    if found.is_archived:
        yield finding("archived", False, True)
    others = len(found.problems) - found.is_archived
    if found.live_hash != found.expected_hash:
        yield finding("content", found.expected_hash, found.live_hash)
    elif others:
        yield finding("content", found.expected_hash, found.problems[0])
    for field, (desired, live) in labels.items():
        yield finding(field, desired, live)


def _place(one: Pinned, project: Path) -> Place:
    """The line of the lock at which a pin begins."""
    document = read_document(lock_path(project, one.lock.stack), root=project)
    release = one.lock.releases.index(one.release)
    at = ("releases", release, "pins", one.release.pins.index(one.pin))
    return Place(file=document.source, line=document.line(at))


def _was_written_again(body: Mapping[str, Any]) -> bool:
    """Whether a version was written after it was published: a promotion never does that."""
    stamp = body.get("systemData") or {}
    made, written = moment(stamp.get("createdAt")), moment(stamp.get("lastModifiedAt"))
    return made is not None and written is not None and written > made
