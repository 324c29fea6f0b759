"""Whether what is live holds a definition: the one place that answers it. Pure.

It knows what Azure makes of what it takes (normalisations.yaml), what it never shows, and what was acknowledged. Provider,
job mapping, release gate and adoption ask it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plumbline.assets import FieldChange, canonical_text, changes, is_content_version, version_from_hash
from plumbline.azure.live_version import LiveVersion, live_version
from plumbline.azure.normalisation import MISSING, Normalisation, Path, equal, normalisations


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What is live, held against a definition.

    Attributes:
        spec: Canonical text of what is live, with whatever is known to be Azure's doing put back as it was sent.
        differences: What is left, sent -> live, by dotted path; it starts with `spec.` nowhere.
        hidden: Parts that Azure does not show and that nothing vouches for.
        normalised: Ids of the rows that explained something, by dotted path.
        marked: Whether our own mark says that this very content was registered here.
    """

    spec: str
    differences: tuple[FieldChange, ...] = ()
    hidden: tuple[str, ...] = ()
    normalised: Mapping[str, str] = field(default_factory=dict)
    marked: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is the same content."""
        return not self.differences and not self.hidden

    @property
    def lost(self) -> tuple[FieldChange, ...]:
        """What was sent and is not there, or is another value."""
        return tuple(change for change in self.differences if change.old is not MISSING)

    @property
    def added(self) -> tuple[FieldChange, ...]:
        """What was not sent and is there."""
        return tuple(change for change in self.differences if change.old is MISSING)

    @property
    def holds_as_marked(self) -> bool:
        """The same, or our own mark vouches and Azure only filled something in that nobody has seen it fill before."""
        return self.holds or (self.marked and not self.lost and not self.hidden)


def holding(
    kind: str,
    sent: Mapping[str, Any],
    live: LiveVersion,
    *,
    content_hash: str | None = None,
    version: str | None = None,
    acknowledged: Mapping[str, Any] | None = None,
) -> Holding:
    """Hold what is live against a definition.

    Args:
        sent: The definition's canonical spec.
        content_hash: Its content hash; None of a schedule.
        version: The version under which it is looked up; a content-addressed one vouches for what Azure hides.
        acknowledged: Optional. Dotted path -> value that Azure answered there right after this content was written.
    """
    marked = content_hash is not None and live.content_mark == content_hash
    vouched = marked or (
        live.content_mark is None
        and content_hash is not None
        and version is not None
        and is_content_version(version)
        and version_from_hash(content_hash) == version
    )
    merge = _Merge(
        rows=normalisations(kind, str(sent.get("type") or "")),
        acknowledged=acknowledged or {},
        vouched=vouched,
    )
    spec = merge.merged((), sent, live.spec) or {}
    return Holding(
        spec=canonical_text(spec),
        differences=tuple(changes(sent, spec)),
        hidden=tuple(merge.hidden),
        normalised=merge.normalised,
        marked=marked,
    )


def holding_of(
    kind: str,
    sent: Mapping[str, Any],
    body: Mapping[str, Any],
    *,
    code_hash: str | None = None,
    content_hash: str | None = None,
    version: str | None = None,
) -> Holding:
    """The same of a REST body as Azure answers it.

    Args:
        code_hash: Hash of its files, as `live_version` takes it.
    """
    live = live_version(kind, body, code_hash=code_hash)
    return holding(kind, sent, live, content_hash=content_hash, version=version)


class _Merge:
    """One walk over both specs; collects what it put back."""

    def __init__(
        self, *, rows: tuple[Normalisation, ...], acknowledged: Mapping[str, Any], vouched: bool
    ) -> None:
        self._rows = rows
        self._acknowledged = acknowledged
        self._vouched = vouched
        self.normalised: dict[str, str] = {}
        self.hidden: list[str] = []

    def merged(self, path: Path, sent: Any, got: Any) -> Any:
        """The live value, or the sent one where the live one is known to be Azure's form of it."""
        if equal(sent, got):
            return got
        dotted = ".".join(path)
        if dotted in self._acknowledged and equal(self._acknowledged[dotted], got):
            return sent
        row = next((row for row in self._rows if row.covers(path, sent, got)), None)
        if row is not None:
            if row.needs_voucher and not self._vouched:
                self.hidden.append(dotted)
            self.normalised[dotted] = row.id
            return sent
        if isinstance(sent, Mapping | None) and isinstance(got, Mapping | None) and (sent or got):
            return self._mappings(path, sent, got)
        if isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
            return [
                self.merged((*path, str(at)), *pair) for at, pair in enumerate(zip(sent, got, strict=True))
            ]
        return got

    def _mappings(self, path: Path, sent: Any, got: Any) -> Any:
        befores, afters = sent or {}, got or {}
        found = {
            name: self.merged((*path, name), befores.get(name, MISSING), afters.get(name, MISSING))
            for name in {**befores, **afters}
        }
        kept = {name: value for name, value in found.items() if value is not MISSING}
        if got is MISSING and kept.keys() != befores.keys():
            return MISSING  # what is gone is gone whole, though Azure would have dropped a part of it
        if kept or befores:
            return kept
        return MISSING if afters else got  # all that came back is Azure's own
