"""A run as a candidate for release: everything that is judged and digested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from plumbline.assets.release_flow import ReleaseFlow
from plumbline.ops.job.digest import job_digest
from plumbline.ops.job.submission import ANONYMOUS_TAG, COMMIT_TAG, PIPELINE_TAG
from plumbline.ops.json_document import read_json
from plumbline.ops.release.author import Author
from plumbline.ops.release.digest import release_digest, sha256, tree_digest
from plumbline.ops.release.judgement import Judgement, differences, judge, read_metrics, read_thresholds
from plumbline.ops.release.live_asset import LiveAsset
from plumbline.ops.run_history import StepRun


def pipeline_of(job: Mapping[str, Any]) -> str:
    """A job's pipeline as its tag says it, else its experiment."""
    tags = job.get("tags") or {}
    return str(tags.get(PIPELINE_TAG) or job.get("experiment_name") or "pipeline")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What a run left for its release. Parts that a blocked or unfit run does not have are None.

    Attributes:
        body: The job as ARM answers it; `job` is its canonical form.
        authors: Who submitted it and the runs whose model or evaluation it reused.
        components: Step -> component as it is live; a step of a nested pipeline is `outer/inner`.
        data: Input of the job -> data asset as it is live.
        evaluation_files: Path below the evaluation's folder -> SHA-256; `model_files` the same of the model, and
            `output_files` of what lies at the job's output, which is what a registration names.
        problems: What is not as a release needs it.
        undefined: Why nobody can say what the run was made of; then the parts of its graph are None, and that is the
            only problem with them.
    """

    body: Mapping[str, Any]
    job: Mapping[str, Any]
    steps: tuple[StepRun, ...]
    flow: ReleaseFlow
    authors: tuple[Author, ...]
    components: Mapping[str, LiveAsset]
    data: Mapping[str, LiveAsset]
    metrics: bytes | None = None
    evaluation_files: Mapping[str, str] | None = None
    verdict: bytes | None = None
    verdict_uri: str | None = None
    thresholds: LiveAsset | None = None
    threshold_bytes: bytes | None = None
    model_files: Mapping[str, str] | None = None
    output_files: Mapping[str, str] | None = None
    problems: tuple[str, ...] = ()
    undefined: str | None = None

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self.body["name"])

    @property
    def status(self) -> str:
        """The job's status."""
        return str(self.body["properties"]["status"])

    @property
    def tags(self) -> Mapping[str, str]:
        """The job's tags: labels that their submitter can change at any time, never evidence."""
        return self.body["properties"].get("tags") or {}

    @property
    def pipeline(self) -> str:
        """The pipeline's name as its tag says it: part of the digest, and so fixed by an approval."""
        return pipeline_of({**self.job, "tags": self.tags})

    @property
    def model(self) -> str:
        """What its model is registered as; where no contract says it, the pipeline's name stands in the refusal."""
        return self.flow.contract.model_name if self.flow.contract else self.pipeline

    @property
    def commit(self) -> str:
        """The commit that the submitter says it was: part of the digest, and so fixed by an approval."""
        return str(self.tags.get(COMMIT_TAG) or "unknown")

    @property
    def is_anonymous(self) -> bool:
        """Whether it says so itself; components under no name of their own are found by looking at them."""
        return ANONYMOUS_TAG in self.tags

    @property
    def gate(self) -> StepRun | None:
        """The run of the gate step."""
        contract = self.flow.contract
        return next((step for step in self.steps if contract and step.step == contract.gate), None)

    @cached_property
    def judgement(self) -> Judgement | None:
        """The recomputed verdict; None when there are no metrics or no thresholds to judge."""
        if self.metrics is None or self.threshold_bytes is None:
            return None
        try:
            return judge(read_metrics(self.metrics)["metrics"], read_thresholds(self.threshold_bytes))
        except ValueError:
            return None

    @cached_property
    def differences(self) -> tuple[str, ...]:
        """Where the run's own verdict says otherwise."""
        if self.judgement is None or self.verdict is None:
            return ()
        assert self.metrics is not None
        assert self.threshold_bytes is not None
        try:
            said = read_json(self.verdict)
        except ValueError as error:
            return (f"verdict: got no JSON ({error})",)
        return differences(self.judgement, said, metrics=self.metrics, thresholds=self.threshold_bytes)

    @cached_property
    def record(self) -> dict[str, Any]:
        """What the digest is made of."""
        return {
            "job": self.name,
            "pipeline": self.pipeline,
            "commit": self.commit,
            "job_digest": job_digest(self.job),
            "metrics_sha256": sha256(self.metrics) if self.metrics is not None else None,
            "evaluation": dict(self.evaluation_files) if self.evaluation_files is not None else None,
            "verdict_sha256": sha256(self.verdict) if self.verdict is not None else None,
            "thresholds": {
                "asset": self.thresholds.reference if self.thresholds else None,
                "sha256": sha256(self.threshold_bytes) if self.threshold_bytes is not None else None,
            },
            "model": dict(self.model_files) if self.model_files is not None else None,
            "components": {
                step: {
                    "component": one.reference,
                    "content_hash": one.content_hash,
                    "code_hash": one.code_hash,
                }
                for step, one in sorted(self.components.items())
            },
            "data": {name: one.reference for name, one in sorted(self.data.items())},
        }

    @cached_property
    def digest(self) -> str:
        """64 hex that stand for the run, its verdict and its model."""
        return release_digest(self.record)

    @property
    def model_digest(self) -> str | None:
        """64 hex over the model's files alone."""
        return tree_digest(self.model_files) if self.model_files else None
