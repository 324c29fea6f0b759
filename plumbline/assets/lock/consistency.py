"""Whether a release holds together: hashes, versions, references, order. Pure; what is live is checked elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plumbline.assets.canonical import content_hash, is_content_version, version_from_hash
from plumbline.assets.lock.digest import entry_digest, release_of
from plumbline.assets.lock.document import Pin, Release
from plumbline.assets.references import Address, parse_reference

_FILES = "sha256:"


def release_problems(release: Release, registry: str) -> Iterator[str]:
    """Every way in which a release contradicts itself, by dotted path."""
    kinds: dict[tuple[str, str], str] = {(pin.name, pin.version): pin.kind for pin in release.pins}
    seen: set[tuple[str, str]] = set()
    used: set[tuple[str, str]] = set()
    for at, pin in enumerate(release.pins):
        for problem in _pin_problems(pin):
            yield f"pins.{at} ({pin.kind} {pin.reference}): {problem}"
        for name, version in _references(pin.spec, None):
            used.add((name, version))
            if (name, version) not in seen:
                later = "a pin further down" if (name, version) in kinds else "no pin of this release"
                yield f"pins.{at} ({pin.kind} {pin.reference}): refers to {name}:{version}, {later}, expected one before it"
        if (pin.name, pin.version) in seen:
            yield f"pins.{at} ({pin.kind} {pin.reference}): got it twice, expected once"
        seen.add((pin.name, pin.version))
    yield from _schedule_problems(release, registry, kinds, used)
    yield from _account_problems(release)
    made = entry_digest(release.model_dump(mode="json"))
    if made != release.digest:
        yield f"digest: got {release.digest}, expected {made} of what the release says"
    elif release.release != release_of(release.digest):
        yield f"release: got {release.release}, expected {release_of(release.digest)} as its digest says"


def _pin_problems(pin: Pin) -> Iterator[str]:
    made = content_hash(pin.kind, pin.spec, reference_hashes=pin.reference_hashes or None)
    if made != pin.content_hash:
        yield f"content_hash: got {pin.content_hash}, expected {made} of its spec"
    if is_content_version(pin.version) and pin.version != version_from_hash(pin.content_hash):
        yield f"version: got {pin.version}, expected {version_from_hash(pin.content_hash)} of its content"
    files = next(iter(_files(pin.spec)), None)
    if files != pin.code_hash:
        yield f"code_hash: got {pin.code_hash}, expected {files} as its spec says"


def _schedule_problems(
    release: Release, registry: str, kinds: dict[tuple[str, str], str], used: set[tuple[str, str]]
) -> Iterator[str]:
    names = [one.name for one in release.schedules]
    if len(set(names)) != len(names):
        yield f"schedules: got {', '.join(names)}, expected each name once"
    for at, schedule in enumerate(release.schedules):
        where = f"schedules.{at}"
        made = content_hash("schedule", schedule.spec)
        if made != schedule.content_hash:
            yield f"{where}.content_hash: got {schedule.content_hash}, expected {made} of its spec"
        for name, version in _references(schedule.spec, registry):
            used.add((name, version))
            if (name, version) not in kinds:
                yield f"{where}: refers to {name}:{version}, no pin of this release: two releases are mixed"
        for node in steps_of(schedule.spec).values():
            address = parse_reference(str(node.get("component") or "")) if isinstance(node, dict) else None
            if address is None or (address.registry or "").lower() != registry.lower():
                shown = node.get("component") if isinstance(node, dict) else node
                yield f"{where}: got a step of {shown}, expected a component version of registry {registry}"
        if steps_of(schedule.spec) != steps_of(release.schedules[0].spec):
            yield f"{where}: got other steps than {names[0]} has, expected the job that was released"
    for key in sorted(set(kinds) - used):
        yield f"pins: got {':'.join(key)}, which nothing of this release uses, expected it gone: two releases are mixed"


def steps_of(spec: dict[str, Any]) -> dict[str, Any]:
    """The steps of the job that a schedule starts, by name."""
    found: dict[str, Any] = (spec.get("create_job") or {}).get("jobs") or {}
    return found


def _account_problems(release: Release) -> Iterator[str]:
    if release.override is None:
        if release.approval is None:
            yield "approval: got none, expected one, or an override that says why"
        elif release.approval.of != release.evidence.digest:
            yield f"approval.of: got {release.approval.of}, expected {release.evidence.digest}, the evidence's digest"
        if release.evidence.content_sha256 is None:
            yield "evidence.content_sha256: got none, expected the evidence's hash, or an override that says why"


def _references(spec: Any, registry: str | None) -> Iterator[tuple[str, str]]:
    """Exact references below a spec: short ones of pins, those of one registry in a schedule."""
    if isinstance(spec, dict | list):
        for value in spec.values() if isinstance(spec, dict) else spec:
            yield from _references(value, registry)
        return
    address: Address | None = parse_reference(spec) if isinstance(spec, str) else None
    if address is None or not address.version or address.curated:
        return
    if (address.registry or "").lower() == (registry or "").lower():
        yield address.name, address.version


def _files(spec: dict[str, Any]) -> Iterator[str]:
    for holder, key in ((spec, "code"), (spec, "path"), (spec.get("build") or {}, "path")):
        text = str(holder.get(key, "")) if isinstance(holder, dict) else ""
        if text.startswith(_FILES):
            yield text.removeprefix(_FILES)
