"""Evidence compared with what is live: it is gathered again, and every part that differs is named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.evidence.alarm import alarm_of
from plumbline.ops.evidence.difference import Difference, differences
from plumbline.ops.evidence.evaluation import COPIES, RELEASE_FILE
from plumbline.ops.evidence.folder import EvidenceFolder
from plumbline.ops.evidence.gathering import gather
from plumbline.ops.evidence.release_entry import release_source
from plumbline.ops.evidence.verification import LATER
from plumbline.ops.release.approval import approvals_of
from plumbline.ops.release.contract import contract_in
from plumbline.ops.release.digest import sha256

AGING = Path(__file__).parent / "aging.yaml"
# What everything else rests on is reported first.
_FIRST = ("digest", "record")


@dataclass(frozen=True, kw_only=True)
class LiveComparison:
    """What differs from the workspace.

    Attributes:
        differences: Parts that say that the evidence is not what the run left, the digest first.
        notices: Parts that may be another today, each with its reason.
    """

    differences: tuple[str, ...]
    notices: tuple[str, ...]


def compare_with_live(evidence: EvidenceFolder, session: AzureSession) -> LiveComparison:
    """Gather the evidence of the same run again. Raises: UserError: the run cannot be read."""
    document = evidence.document
    said = (document["approval"] or {}).get("reference")
    kept = evidence.path / COPIES / RELEASE_FILE
    contract = contract_in(kept.read_bytes()) if kept.is_file() else None
    gathered, copies = gather(session, document["job"]["name"], approval=said, contract=contract)
    fresh = json.loads(json.dumps(gathered))  # as a reader of the file would have it
    found = compare(document, fresh, {name: sha256(content) for name, content in copies.items()})
    alarm = alarm_of(fresh)
    if alarm and said is not None:
        # The approval that the folder names is not there; another one may be.
        alarm = alarm_of(gather(session, document["job"]["name"], contract=contract)[0])
    return replace(
        found,
        differences=(*((f"live: {alarm}",) if alarm else ()), *found.differences),
        notices=(*found.notices, *_unlisted(session, fresh)),
    )


def _unlisted(session: AzureSession, fresh: Mapping[str, Any]) -> Iterator[str]:
    """Who may approve is what a checkout says: an approval that counted may not count by this one."""
    if fresh["approval"] is None:
        return
    for one in approvals_of(session, pipeline=fresh["job"]["pipeline"], digest=fresh["digest"]):
        refusal = one.refusal(())
        if one.reference == fresh["approval"]["reference"] and refusal is not None:
            yield f"live: approval {one.reference}: does not count by this checkout: {refusal}"


def compare(
    document: Mapping[str, Any], fresh: Mapping[str, Any], copies: Mapping[str, str]
) -> LiveComparison:
    """Compare a document with what was gathered again.

    Args:
        copies: Path in the folder -> SHA-256 of each copy that was gathered again.
    """
    told, aged = [], []
    for one in _differing(document, fresh, copies):
        reason = _reason(one)
        if reason is None:
            told.append(f"live: {one}")
        else:
            aged.append(f"live: {one}. {reason}")
    return LiveComparison(differences=tuple(told), notices=tuple(aged))


def _differing(
    document: Mapping[str, Any], fresh: Mapping[str, Any], copies: Mapping[str, str]
) -> Iterator[Difference]:
    """Live is what was got, the document what was expected."""
    names = [*_FIRST, *(name for name in dict.fromkeys([*document, *fresh]) if name not in {*_FIRST, *LATER})]
    got = {name: fresh[name] for name in names if name in fresh}
    expected = {name: document[name] for name in names if name in document}
    for side in (got, expected):
        # Whether there are terms belongs to the checkout, as the terms do.
        source = release_source(str(side["job"]["pipeline"]))
        side["notes"] = [note for note in side["notes"] if not note.startswith(f"{source}: ")]
    yield from differences(got, {name: expected[name] for name in names if name in expected})
    listed = {name: digest for name, digest in document["files"].items() if name.startswith(f"{COPIES}/")}
    for name in sorted({*copies, *listed}):
        for one in differences(copies.get(name), listed.get(name)):
            yield Difference(path=name, got=one.got, expected=one.expected)


def _reason(one: Difference) -> str | None:
    """Why a part may be another today, None when it may not."""
    for row in _aging():
        same = one.path == row["part"] or one.path.startswith(f"{row['part']}.")
        if same and (row.get("from") != "nothing" or one.expected is None):
            return str(row["reason"])
    return None


@cache
def _aging() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = yaml.safe_load(AGING.read_text(encoding="utf-8"))
    return rows
