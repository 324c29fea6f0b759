"""What a lock says, member by member, in the order in which it is written."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from plumbline.assets.yaml_kinds import asset_kinds

SCHEMA: Literal["plumbline.lock/1"] = "plumbline.lock/1"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
Guid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|\+00:00)$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$")]
ReleaseId = Annotated[str, Field(pattern=r"^r1[0-9a-f]{16}$")]
MOST_TEXT = 4000
Text = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]


PINNED = tuple(name for name, kind in asset_kinds().items() if kind.version_is_content and kind.registries)
"""Kinds that a release pins: their versions follow from content, and a registry holds them."""


def _pinned(kind: str) -> str:
    if kind not in PINNED:
        raise PydanticCustomError("pinned_kind", "one of {kinds}", {"kinds": ", ".join(PINNED)})
    return kind


PinnedKind = Annotated[str, AfterValidator(_pinned), WithJsonSchema({"enum": list(PINNED), "type": "string"})]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Pin(_Part):
    """One version of an asset, as it lies in the registry."""

    kind: PinnedKind = Field(description="What it is.")
    name: Name = Field(description="Name of the asset's container.")
    version: Name = Field(description="Its version; a content-addressed one follows from content_hash.")
    content_hash: Sha256 = Field(description="SHA-256 over kind and spec.")
    code_hash: Sha256 | None = Field(
        description="Hash of the files that went up with it, null when none did."
    )
    reference_hashes: dict[str, Sha256] = Field(
        description="Reference under a declared version in the spec -> content hash of what it points to."
    )
    spec: dict[str, Any] = Field(
        description="Canonical spec: what is live must hold exactly this, and it hashes to content_hash."
    )

    @property
    def reference(self) -> str:
        """`NAME:VERSION`."""
        return f"{self.name}:{self.version}"


class LockedSchedule(_Part):
    """A schedule of the release; its job names registry versions only."""

    name: Name = Field(description="Name of the schedule in the workspace.")
    file: Name = Field(description="The file of the pipeline's folder that defines it; schedule.yml leads.")
    display_name: str | None = Field(description="Name shown in the studio.")
    description: str | None = Field(description="Free text shown in the studio.")
    tags: dict[str, str] = Field(description="Tags of the schedule.")
    content_hash: Sha256 = Field(description="SHA-256 over its spec.")
    spec: dict[str, Any] = Field(description="Canonical trigger and create_job.")


class Source(_Part):
    """Where the release comes from."""

    stack: str = Field(description="The stack whose run released it.")
    workspace_id: str = Field(description="ARM id of the workspace that ran it.")
    commit: Commit = Field(description="The commit that holds every definition.")
    branch: str = Field(min_length=1, description="A branch that holds the commit.")


class Evidence(_Part):
    """The run that released it, and what its evidence hashes to."""

    job: Name = Field(description="Name of the pipeline job.")
    digest: Sha256 = Field(
        description="Release digest: the run, its verdict, its model, its components and data."
    )
    content_sha256: Sha256 | None = Field(
        description="SHA-256 over evidence.json's content; null by override only."
    )


class Approval(_Part):
    """Who let it pass, as Azure itself recorded it."""

    reference: str = Field(description="The data asset version that the approver's own login wrote.")
    of: Sha256 = Field(description="The release digest that was approved.")
    object_id: Guid = Field(description="The approver's object id in Entra ID.")
    name: str = Field(description="The approver as the activity log names them.")
    at: Moment = Field(description="When, by systemData.")


class Rollback(_Part):
    """Who decides that it is taken back, and on what."""

    decided_by: Text = Field(description="Who decides.")
    decide_when: Text = Field(description="On what.")


class Duty(_Part):
    """Who answers for it, and how it is watched and changed."""

    owner: Text = Field(description="The team that owns the pipeline.")
    support: Text = Field(description="Whom to ask first.")
    escalation: list[Text] = Field(min_length=1, description="Whom to ask next, in this order.")
    signal: Text = Field(description="What shows that it works.")
    change_window: Text | None = Field(description="When it may be changed; null: at any time.")
    rollback: Rollback = Field(description="When it is taken back.")


class Override(_Part):
    """A promotion against a refusal: who wanted it, and why."""

    reason: Text = Field(description="Why it could not wait.")
    owner: Text = Field(description="Who answers for it.")
    by: Text = Field(description="The login that promoted.")
    refusals: list[Text] = Field(min_length=1, description="Every refusal that was overridden.")


class Before(_Part):
    """The release that was replaced: the rollback checkpoint."""

    release: ReleaseId = Field(description="Its id.")
    digest: Sha256 = Field(description="Its digest, by which git finds the lock that held it.")


class Release(_Part):
    """One pipeline's release in a stack."""

    pipeline: Name = Field(description="The pipeline.")
    release: ReleaseId = Field(description="r1 and 16 hex digits of digest.")
    promoted_from: str = Field(description="The stack that it was promoted from.")
    promoted_at: Moment = Field(description="When the lock was written.")
    promoted_by: Text = Field(description="The login that promoted.")
    source: Source = Field(description="Commit and workspace that it comes from.")
    evidence: Evidence = Field(description="The run behind it.")
    approval: Approval | None = Field(description="Who approved it; null by override only.")
    duty: Duty = Field(description="Owner, signal, escalation, change window, rollback.")
    named_drift: list[Text] = Field(description="Drift of the target that the promotion named and accepted.")
    override: Override | None = Field(description="Refusals that were overridden; null when there were none.")
    before: Before | None = Field(description="The release before; null for the first one.")
    pins: list[Pin] = Field(min_length=1, description="Every asset, each after what it refers to.")
    schedules: list[LockedSchedule] = Field(
        min_length=1,
        description="What the stack fires, all of it the job that was released; the leading one first.",
    )
    digest: Sha256 = Field(description="SHA-256 over everything else of this release but its id.")


class Lock(_Part):
    """`stacks/locks/<stack>.yaml`: written by `plumbline promote` and `rollback`, consumed by `pulumi up`."""

    lock: Literal["plumbline.lock/1"] = Field(description="The schema's name and number.")
    stack: Name = Field(description="The stack that it is for.")
    registry: Name = Field(description="The Azure ML registry that every pin lies in.")
    releases: list[Release] = Field(min_length=1, description="One a pipeline, sorted by its name.")
    digest: Sha256 = Field(description="SHA-256 over everything else.")

    def release_of(self, pipeline: str) -> Release | None:
        """A pipeline's release, None when the stack runs none."""
        return next((one for one in self.releases if one.pipeline == pipeline), None)
