"""Approvals: data asset versions that a reviewer's own login wrote, so that Azure itself says who and when.

The container is `<pipeline>_approval`; a version is `a1` and 26 hex digits of the release digest it approves, and a
count behind a hyphen when one is there that does not count. Version and address are fixed for good, tags are not:
nothing is believed of them.

Source: Data Versions - Create Or Update and Get; ARM `systemData`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.assets.references import normal_uri
from plumbline.azure.api_versions import api_version
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.release.asset_version import recorded_version
from plumbline.ops.release.terms import approvers

# 28 characters: Azure states 30 as the limit for components and none for data, and a count must fit too.
SCHEME, DIGITS = "a1", 26
MARK_PROPERTY = "plumbline.approval"
DIGEST_TAG, JOB_TAG, NOTE_TAG = "plumbline.approved_digest", "plumbline.job", "plumbline.note"
_MOST = 9


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One approval as it is live.

    Attributes:
        approver: systemData's createdBy, `approver_type` its createdByType.
        note: What the approver wrote, None once somebody else changed the version's labels.
        approvers: Who alone may approve, in lower case, by the checkout's release.yml; None: anybody but an author.
    """

    container: str
    version: str
    approver: str
    approver_type: str
    approved_at: str
    note: str | None = None
    approvers: frozenset[str] | None = None

    @property
    def reference(self) -> str:
        """`NAME:VERSION`."""
        return f"{self.container}:{self.version}"

    def refusal(self, authors: Iterable[str]) -> str | None:
        """Why it does not count for a run of these authors, None when it does."""
        if not self.approver:
            return "Azure does not say who wrote it"
        if self.approver_type != "User":
            return (
                f"it was written by {self.approver}, which is no person ({self.approver_type or 'unknown'})"
            )
        if self.approver.lower() in {author.lower() for author in authors}:
            return f"it was written by {self.approver}, who submitted the run"
        if self.approvers is not None and self.approver.lower() not in self.approvers:
            return f"it was written by {self.approver}, whom approval.approvers of release.yml does not list"
        return None


def approval_container(pipeline: str) -> str:
    """Name of the data asset that holds a pipeline's approvals."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', pipeline)}_approval"


def approval_version(digest: str) -> str:
    """The version that approves a digest; `-2` and so on may stand behind it."""
    return f"{SCHEME}{digest[:DIGITS]}"


def approvals_of(session: AzureSession, *, pipeline: str, digest: str) -> list[Approval]:
    """Every version that stands for a digest, oldest first, those that do not count too; archived ones are none."""
    container, allowed = approval_container(pipeline), approvers(pipeline)
    return [
        _approval(container, body, allowed)
        for body in _versions(session, container, digest)
        if str((body.get("properties") or {}).get("isArchived")).lower() != "true"
    ]


def counting(approvals: Iterable[Approval], authors: Iterable[str]) -> Approval | None:
    """The first approval by a person who is no author."""
    names = list(authors)
    return next((one for one in approvals if one.refusal(names) is None), None)


def write_approval(
    session: AzureSession, *, pipeline: str, digest: str, job: str, verdict_uri: str, note: str | None
) -> Approval:
    """Write the version as whoever is logged in; answers it as Azure recorded it."""
    container = approval_container(pipeline)
    count = len(list(_versions(session, container, digest))) + 1
    if count > _MOST:
        raise UserError(
            f"{container}: got {_MOST} approvals of digest {digest} that do not count, expected room for another. "
            "Run the pipeline again: its digest is another one."
        )
    version = approval_version(digest) + (f"-{count}" if count > 1 else "")
    path = f"{session.target.workspace_id}/data/{container}/versions/{version}"
    tags = {JOB_TAG: job, DIGEST_TAG: digest, **({NOTE_TAG: note} if note else {})}
    body = {
        "properties": {
            "dataType": "uri_file",
            "dataUri": normal_uri(verdict_uri),
            "description": f"Approval of job {job} for release. Who and when: systemData of this version.",
            "tags": tags,
            "properties": {MARK_PROPERTY: "1"},
            "isAnonymous": False,
            "isArchived": False,
        }
    }
    session.send("PUT", path, api_version=api_version("data"), body=body)
    # Read again: what counts is what the service keeps, not what it answered.
    return _approval(container, recorded_version(session, path), approvers(pipeline))


def _versions(session: AzureSession, container: str, digest: str) -> Iterator[Mapping[str, Any]]:
    """The versions that stand for a digest: each asked for by name, since lists lag and grow."""
    stem = approval_version(digest)
    for name in [stem, *(f"{stem}-{count}" for count in range(2, _MOST + 1))]:
        path = f"{session.target.workspace_id}/data/{container}/versions/{name}"
        if session.get(path, api_version=api_version("data")) is None:
            return
        yield recorded_version(session, path)


def _approval(container: str, body: Mapping[str, Any], allowed: frozenset[str] | None) -> Approval:
    stamped = body.get("systemData") or {}
    tags = (body.get("properties") or {}).get("tags") or {}
    # Rests on system-data-cannot-be-written and system-data-names.
    own = stamped.get("lastModifiedBy", stamped.get("createdBy")) == stamped.get("createdBy")
    return Approval(
        container=container,
        version=str(body.get("name", "")),
        approver=str(stamped.get("createdBy") or ""),
        approver_type=str(stamped.get("createdByType") or ""),
        approved_at=str(stamped.get("createdAt") or ""),
        note=tags.get(NOTE_TAG) if own else None,
        approvers=allowed,
    )
