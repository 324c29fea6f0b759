"""What a stack really holds of its lock: the schedules as they are live, and every pin in the registry, hashed again."""

from __future__ import annotations

from dataclasses import dataclass

from plumbline.assets import canonical_text, content_hash
from plumbline.assets.lock import Lock, LockedSchedule, Release
from plumbline.azure.api_versions import api_version
from plumbline.azure.holding import holding
from plumbline.azure.live_version import live_version
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.promotion.registry import RegistryReading, registry_named


@dataclass(frozen=True, kw_only=True)
class Proven:
    """One thing that a lock says, as it is live.

    Attributes:
        kind: `schedule`, `environment`, `component` or `data`.
        live_hash: Hash of what is live, None when nothing is there.
        problem: Why it does not hold, None when it does.
    """

    pipeline: str
    release: str
    kind: str
    reference: str
    expected_hash: str
    live_hash: str | None
    problem: str | None

    @property
    def holds(self) -> bool:
        """Whether it is live as the lock says."""
        return self.problem is None


def prove(session: AzureSession, lock: Lock, *, pipeline: str | None = None) -> list[Proven]:
    """Read everything that a lock names, code included.

    Args:
        pipeline: Optional. One pipeline only.
    Raises: UserError: no right, no answer.
    """
    reading = RegistryReading(session, registry_named(session, lock.registry), downloads=True)
    found = []
    for release in lock.releases:
        if pipeline is not None and release.pipeline != pipeline:
            continue
        found += schedule_proofs(session, release)
        found += [
            Proven(
                pipeline=release.pipeline,
                release=release.release,
                kind=one.kind,
                reference=one.reference,
                expected_hash=one.expected_hash,
                live_hash=one.live_hash,
                problem="; ".join(one.problems) or None,
            )
            for one in reading.findings(release.pins)
        ]
    return found


def schedule_proofs(session: AzureSession, release: Release) -> list[Proven]:
    """A release's schedules as the workspace of a session has them."""
    return [_schedule_proof(session, release, one) for one in release.schedules]


def _schedule_proof(session: AzureSession, release: Release, locked: LockedSchedule) -> Proven:
    path = f"{session.target.workspace_id}/schedules/{locked.name}"
    body = session.get(path, api_version=api_version("schedules"))
    where = f"schedule {locked.name}"
    made, problem = None, None
    if body is None:
        problem = f"{where}: got none in {session.target.workspace_name}, expected it"
    else:
        live = live_version("schedule", body)
        held = holding("schedule", locked.spec, live)
        made = content_hash("schedule", held.spec)
        enabled = live.values["enabled"][0]
        if not held.holds or made != locked.content_hash:
            shown = (
                ", ".join(str(one.path) for one in held.differences[:3])
                or canonical_text(dict(live.spec))[:80]
            )
            problem = f"{where}: got {made}, expected {locked.content_hash}: {shown} differ"
        elif not enabled:
            problem = f"{where}: got it paused, expected it to fire"
    return Proven(
        pipeline=release.pipeline,
        release=release.release,
        kind="schedule",
        reference=locked.name,
        expected_hash=locked.content_hash,
        live_hash=made,
        problem=problem,
    )
