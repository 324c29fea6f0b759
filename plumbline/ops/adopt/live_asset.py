"""What people made in a workspace: the newest version of every asset, and every schedule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plumbline.azure.live_version import LiveVersion, code_id, kept_code_hash, live_version
from plumbline.azure.moment import moment
from plumbline.kinds import KINDS, Kind
from plumbline.ops.azure_session import AzureSession


@dataclass(frozen=True, kw_only=True)
class LiveAsset:
    """One asset's newest version, or a schedule.

    Attributes:
        version: None of a schedule.
        older: Versions before it that are not archived.
        code: ARM id of its code asset, None when it has none.
    """

    kind: Kind
    name: str
    version: str | None
    body: Mapping[str, Any]
    live: LiveVersion
    older: tuple[str, ...] = ()
    code: str | None = None

    @property
    def reference(self) -> str:
        """`KIND NAME:VERSION`, as people read it."""
        return f"{self.kind.name} {self.name}{f':{self.version}' if self.version else ''}"


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """What a workspace holds.

    Attributes:
        assets: What people made, in the order of the kinds.
        left_out: Class and reason -> how many assets of it were left out.
    """

    assets: tuple[LiveAsset, ...]
    left_out: Mapping[tuple[str, str], int] = field(default_factory=dict)


def read_workspace(session: AzureSession) -> Workspace:
    """Read every kind.

    Raises: UserError: a list cannot be read.
    """
    from plumbline.ops.drift.classification import row_of
    from plumbline.ops.drift.inventory import LiveThing, live_things

    nouns = {kind.noun: kind for kind in KINDS.values()}
    by_name: dict[tuple[str, str], list[LiveThing]] = {}
    left_out: Counter[tuple[str, str]] = Counter()
    for thing in live_things(session):
        if thing.noun not in nouns:
            continue
        row = row_of(thing)
        if row is not None:
            left_out[row.ownership, row.reason] += 1
        else:
            by_name.setdefault((thing.noun, thing.name), []).append(thing)
    newest = [max(things, key=_made) for things in by_name.values()]
    assets = session.side_by_side(lambda thing: _asset(session, nouns[thing.noun], thing), newest)
    older = {
        key: tuple(str(thing.version) for thing in things if thing.version is not None)
        for key, things in by_name.items()
    }
    order = list(nouns)
    return Workspace(
        assets=tuple(
            LiveAsset(
                kind=asset.kind,
                name=asset.name,
                version=asset.version,
                body=asset.body,
                live=asset.live,
                code=asset.code,
                older=tuple(v for v in older[asset.kind.noun, asset.name] if v != asset.version),
            )
            for asset in sorted(assets, key=lambda asset: (order.index(asset.kind.noun), asset.name))
        ),
        left_out=dict(left_out),
    )


def _made(thing: Any) -> tuple[float, int]:
    """Newest last: by the time of creation, then by the number that the version is."""
    when = moment(thing.stamp.get("createdAt"))
    version = str(thing.version or "")
    return when.timestamp() if when else 0.0, int(version) if version.isdigit() else 0


def _asset(session: AzureSession, kind: Kind, thing: Any) -> LiveAsset:
    from plumbline.azure.api_versions import api_version

    body = thing.body
    if thing.version is None:
        # A list may leave out what the whole answer has.
        body = session.get(thing.id, api_version=kind.api_version) or body
    code = code_id(kind.name, body)
    kept = session.get(code, api_version=api_version("codes")) if code else None
    return LiveAsset(
        kind=kind,
        name=thing.name,
        version=thing.version,
        body=body,
        live=live_version(kind.name, body, code_hash=kept_code_hash(kept)),
        code=code,
    )
