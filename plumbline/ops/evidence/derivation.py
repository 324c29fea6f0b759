"""What in `evidence.json` follows from the copies beside it and from its record, made again and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plumbline.ops.evidence.asset_entry import follows, locked
from plumbline.ops.evidence.difference import differences
from plumbline.ops.evidence.evaluation import (
    COPIES,
    JOB_FILE,
    METRICS_FILE,
    RELEASE_FILE,
    THRESHOLDS_FILE,
    VERDICT_FILE,
    EvaluationFiles,
)
from plumbline.ops.evidence.graph_entry import graph_entry
from plumbline.ops.evidence.problem import problems_of
from plumbline.ops.evidence.release_entry import release_entry
from plumbline.ops.evidence.submitted_job import parameters_of, steps_of
from plumbline.ops.evidence.verdict_entry import Account, verdict_entry
from plumbline.ops.job.digest import job_digest
from plumbline.ops.json_document import read_json
from plumbline.ops.release.approval import approval_container, approval_version
from plumbline.ops.release.contract import contract_in
from plumbline.ops.release.digest import tree_digest

DOCUMENT = "evidence.json"
# Members of the record that stand in the job's own part too.
_OF_JOB = {"job": "name", "job_digest": "digest", "pipeline": "pipeline", "commit": "commit"}


class Derivation:
    """Compares part after part; each method yields a line for everything that differs.

    Args:
        copies: Name below `files/` -> bytes.
    """

    def __init__(self, document: Mapping[str, Any], copies: Mapping[str, bytes]) -> None:
        self._document = document
        self._copies = copies
        self._record: Mapping[str, Any] = document["record"]

    def all(self) -> Iterator[str]:
        """Every part that can be made again without the workspace."""
        yield from self._submitted_job()  # problems of its graph are part of the verdict
        yield from self._verdict()
        yield from self._evaluation()
        yield from self._run()
        yield from self._model()
        yield from self._steps()
        yield from self._assets()
        yield from self._release()
        yield from self._approval()

    def _verdict(self) -> Iterator[str]:
        document, said = self._document, self._document["verdict"]
        yield from self._problems()
        steps = document["steps"]
        contract = contract_in(self._copies.get(RELEASE_FILE, b""))
        name = contract.gate if contract else None
        gate = next((step["status"] for step in steps if step["name"] == name), None)
        if gate is None and any(step["name"].startswith(f"{name}/") for step in steps):
            gate = said["gate"]  # a gate of several steps has a status of its own, which no step here has
        account = Account(
            metrics=self._copies.get(METRICS_FILE),
            thresholds=self._copies.get(THRESHOLDS_FILE),
            verdict=self._copies.get(VERDICT_FILE),
            reference=self._record["thresholds"]["asset"],
            has_model=bool(self._record["model"]),
            status=document["job"]["status"],
            gate=gate,
            steps=steps,
            problems=said["problems"],
        )
        source = (
            f"{COPIES}/{METRICS_FILE}, {COPIES}/{THRESHOLDS_FILE}, {COPIES}/{VERDICT_FILE} and the run say"
        )
        yield from _told("verdict", said, verdict_entry(account), source)

    def _problems(self) -> Iterator[str]:
        """Those that only the workspace can tell are believed; that one which follows from here is told, is not."""
        said = self._document["verdict"]["problems"]
        found = problems_of(self._document, self._copies)
        if found and not said:
            yield f"{DOCUMENT}: verdict.problems: got none, expected one: {found[0]}"

    def _evaluation(self) -> Iterator[str]:
        shown = EvaluationFiles(self._copies)
        for part, names in (
            ("metrics", "metrics.json says"),
            ("groups", "metrics.json says"),
            ("plots", "plots.json and its numbers say"),
            ("samples", "sample_predictions.csv says"),
        ):
            yield from _told(part, self._document[part], getattr(shown, part), f"{COPIES}/{names}")
        notes = self._document["notes"]
        if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
            yield f"{DOCUMENT}: notes: got {notes!r}, expected a list of texts"
        for note in shown.notes:
            if note not in notes:
                yield f"{DOCUMENT}: notes: got nothing of {note!r}, expected it as {COPIES}/ says"

    def _run(self) -> Iterator[str]:
        job = self._document["job"]
        for ours, theirs in _OF_JOB.items():
            yield from _told(f"job.{theirs}", job[theirs], self._record[ours], "the record says")

    def _model(self) -> Iterator[str]:
        said, files = self._document["model"], self._record["model"]
        yield from _told("model.files", said["files"], files, "the record says")
        digest = tree_digest(files) if files else None
        yield from _told("model.digest", said["digest"], digest, "the record's files make")

    def _steps(self) -> Iterator[str]:
        unknown = {"component": None, "content_hash": None, "code_hash": None}
        for step in self._document["steps"]:
            told = {name: step[name] for name in unknown}
            known = self._record["components"].get(step["name"], unknown)
            yield from _told(f"steps.{step['name']}", told, known, "the record says")

    def _assets(self) -> Iterator[str]:
        data = {one["input"]: f"{one['name']}:{one['version']}" for one in self._document["data"]}
        yield from _told("data", data, self._record["data"], "the record says")
        for one in self._document["data"]:
            yield from _genuine(f"data.{one['input']}", one)
        for one in self._document["environments"]:
            part, reference = f"environments.{one['name']}", f"{one['name']}:{one['version']}"
            yield from _genuine(part, one)
            for name, value in locked(reference, self._document["steps"]).items():
                yield from _told(f"{part}.{name}", one[name], value, "the steps that ran in it say")

    def _submitted_job(self) -> Iterator[str]:
        """Graph, parameters and what is wrong with the graph; the job's own digest says that the copy is the job's."""
        source = f"{COPIES}/{JOB_FILE}"
        content = self._copies.get(JOB_FILE)
        if content is None:
            yield f"{source}: got no such file, expected the job that was submitted"
            return
        try:
            job = read_json(content)
        except ValueError as error:
            yield f"{source}: got no JSON ({error}), expected the job that was submitted"
            return
        if job_digest(job) != self._record["job_digest"]:
            yield f"{source}: got job digest {job_digest(job)}, expected {self._record['job_digest']} as the record says"
        yield from _told("parameters", self._document["parameters"], parameters_of(job), f"{source} says")
        names = {name: reference.rpartition(":")[0] for name, reference in self._record["data"].items()}
        graph = graph_entry(steps_of(job), names)
        yield from _told("graph", self._document["graph"], graph, f"{source} says")

    def _release(self) -> Iterator[str]:
        said, content = self._document["release"], self._copies.get(RELEASE_FILE)
        made = release_entry(self._document["job"]["pipeline"], content) if content is not None else None
        yield from _told("release", said, made, f"{COPIES}/{RELEASE_FILE} says")
        shown = (made or {}).get("terms", {}).get("evidence")
        yield from _told(
            "before_after", self._document["before_after"], shown, f"{COPIES}/{RELEASE_FILE} says"
        )

    def _approval(self) -> Iterator[str]:
        """An approval is named after what it approves; whether it was given, only the workspace knows."""
        approval, job = self._document["approval"], self._document["job"]
        if approval is None:
            return
        rehearsal = self._document["rehearsal"]
        yield from _told("approval.rehearsal", approval["rehearsal"], rehearsal, "rehearsal says")
        wanted = f"{approval_container(job['pipeline'])}:{approval_version(self._document['digest'])}"
        reference = approval["reference"]
        if reference != wanted and not reference.startswith(f"{wanted}-"):
            yield f"{DOCUMENT}: approval.reference: got {reference}, expected {wanted} that stands for the digest"
        if _is_submitter(approval, job):
            yield f"{DOCUMENT}: approval.approver: got {approval['approver']}, who submitted the run, expected another person"


def _is_submitter(approval: Mapping[str, Any], job: Mapping[str, Any]) -> bool:
    """By object id where the evidence has both, else by name: two people may share one."""
    approver, submitters = approval.get("approver_object_id"), job.get("submitter_object_ids")
    if approver and submitters:
        return approver in submitters
    return bool(str(approval["approver"]).lower() == str(job["submitted_by"]).lower())


def _genuine(part: str, asset: Mapping[str, Any]) -> Iterator[str]:
    said, expected = (
        asset["version_follows_from_content"],
        follows(asset["version"], asset["content_hash"]),
    )
    # Null for false is right: a reference to a declared version is hashed with what it points to.
    if not (said is None and expected is False):
        yield from _told(
            f"{part}.version_follows_from_content", said, expected, "its version and its content_hash say"
        )


def _told(part: str, got: Any, expected: Any, source: str) -> Iterator[str]:
    for one in differences(got, expected, part):
        yield f"{DOCUMENT}: {one} as {source}"
