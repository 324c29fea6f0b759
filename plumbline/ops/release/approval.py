"""Approvals: data asset versions that a reviewer's own login wrote, so that Azure itself says who and when.

The container is `<pipeline>_approval`; a version is `a1` and 26 hex digits of the release digest it approves, and a
count behind a hyphen when one is there that does not count. Version and address are fixed for good, tags and properties
are the writer's own words: nothing is believed of them. systemData names a person by display name; who that is, by object id
and sign-in name, the activity log says, which nobody but Azure writes.

Source: Data Versions - Create Or Update and Get; ARM `systemData`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from plumbline.assets.references import normal_uri
from plumbline.azure.activity_log import KEPT_DAYS
from plumbline.azure.api_versions import api_version
from plumbline.azure.moment import moment
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.release.asset_version import recorded_version
from plumbline.ops.release.author import Author
from plumbline.ops.release.terms import approvers
from plumbline.ops.release.writer import Writer, writer_of

# 28 characters: Azure states 30 as the limit for components and none for data, and a count must fit too.
SCHEME, DIGITS = "a1", 26
MARK_PROPERTY = "plumbline.approval"
DIGEST_TAG, JOB_TAG, NOTE_TAG = "plumbline.approved_digest", "plumbline.job", "plumbline.note"
_MOST = 9
# systemData's createdByType of what logs in without a person. Source: ARM `systemData`.
_APPLICATIONS = ("Application", "ManagedIdentity")


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One approval as it is live.

    Attributes:
        approver: systemData's createdBy: a person's display name, which two people may share. `approver_type` its
            createdByType.
        writer: Who wrote it by the activity log, None when the log does not say; then `unproved` says why.
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
    writer: Writer | None = None
    unproved: str = "the activity log was not asked who that is"

    @property
    def reference(self) -> str:
        """`NAME:VERSION`."""
        return f"{self.container}:{self.version}"

    @property
    def shown(self) -> str:
        """The approver for messages, with the sign-in name where Azure shows another one."""
        name = self.writer.sign_in_name if self.writer else self.approver
        return self.approver if name.lower() == self.approver.lower() else f"{self.approver} ({name})"

    @property
    def outlived_the_log(self) -> bool:
        """Whether it is older than what the activity log keeps, so that nothing can say any more who wrote it."""
        approved = moment(self.approved_at)
        return approved is not None and approved < datetime.now(UTC) - timedelta(days=KEPT_DAYS)

    def refusal(self, authors: Iterable[Author]) -> str | None:
        """Why it does not count for a run of these authors, None when it does."""
        if not self.approver:
            return "Azure does not say who wrote it"
        # An application counts only where the terms list it, by its object id: see below.
        if self.approver_type != "User" and (
            self.approvers is None or self.approver_type not in _APPLICATIONS
        ):
            return (
                f"it was written by {self.approver}, which is no person ({self.approver_type or 'unknown'})"
            )
        for author in authors:
            if self._is(author):
                return f"it was written by {self.shown}, who submitted the run"
        if self.approvers is None:
            return None
        if self.writer is None:
            return (
                f"it was written by {self.shown}, and {self.unproved}; approval.approvers of release.yml lists people by "
                "sign-in name or object id"
            )
        if not self.writer.identifiers & self.approvers:
            return f"it was written by {self.shown}, whom approval.approvers of release.yml does not list"
        return None

    def _is(self, author: Author) -> bool:
        """Whether an author wrote it: by object id where both have one, else by name, which may wrong a namesake."""
        if self.writer is not None and author.object_ids:
            return self.writer.object_id in author.object_ids
        return self.approver.lower() == author.name


def approval_container(pipeline: str) -> str:
    """Name of the data asset that holds a pipeline's approvals."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', pipeline)}_approval"


def approval_version(digest: str) -> str:
    """The version that approves a digest; `-2` and so on may stand behind it."""
    return f"{SCHEME}{digest[:DIGITS]}"


def approvals_of(session: AzureSession, *, pipeline: str, digest: str) -> list[Approval]:
    """Every version that stands for a digest, oldest first, those that do not count too; archived ones are left out."""
    container, allowed = approval_container(pipeline), approvers(pipeline)
    return [
        _approval(session, container, body, allowed)
        for body in _versions(session, container, digest)
        if str((body.get("properties") or {}).get("isArchived")).lower() != "true"
    ]


def counting(approvals: Iterable[Approval], authors: Iterable[Author]) -> Approval | None:
    """The first approval by a person who is no author."""
    people = list(authors)
    return next((one for one in approvals if one.refusal(people) is None), None)


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
    return _approval(session, container, recorded_version(session, path), approvers(pipeline))


def _versions(session: AzureSession, container: str, digest: str) -> Iterator[Mapping[str, Any]]:
    """The versions that stand for a digest: each asked for by name, since lists lag and grow."""
    stem = approval_version(digest)
    for name in [stem, *(f"{stem}-{count}" for count in range(2, _MOST + 1))]:
        path = f"{session.target.workspace_id}/data/{container}/versions/{name}"
        if session.get(path, api_version=api_version("data")) is None:
            return
        yield recorded_version(session, path)


def _approval(
    session: AzureSession, container: str, body: Mapping[str, Any], allowed: frozenset[str] | None
) -> Approval:
    stamped = body.get("systemData") or {}
    tags = (body.get("properties") or {}).get("tags") or {}
    # Rests on system-data-cannot-be-written and system-data-names.
    path = f"{session.target.workspace_id}/data/{container}/versions/{body.get('name', '')}"
    found = writer_of(session, path, made=moment(stamped.get("createdAt")))
    own = stamped.get("lastModifiedBy", stamped.get("createdBy")) == stamped.get("createdBy")
    return Approval(
        container=container,
        version=str(body.get("name", "")),
        approver=str(stamped.get("createdBy") or ""),
        approver_type=str(stamped.get("createdByType") or ""),
        approved_at=str(stamped.get("createdAt") or ""),
        note=tags.get(NOTE_TAG) if own else None,
        approvers=allowed,
        writer=found if isinstance(found, Writer) else None,
        unproved="" if isinstance(found, Writer) else found,
    )
