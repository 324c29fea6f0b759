"""Evidence checked against itself, and against what is live: the first part that differs is named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from plumbline.assets import changes
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.evidence.evaluation import COPIES
from plumbline.ops.evidence.folder import DOCUMENT, EvidenceFolder, content_digest
from plumbline.ops.evidence.page import pages, renderer
from plumbline.ops.evidence.verdict_entry import check_entries
from plumbline.ops.release.approval import approvals_of, counting
from plumbline.ops.release.candidate import METRICS_FILE
from plumbline.ops.release.candidate_reading import read_candidate
from plumbline.ops.release.digest import release_digest, sha256, tree_digest
from plumbline.ops.release.judgement import differences, judge, read_metrics, read_thresholds


def first_difference(evidence: EvidenceFolder) -> str | None:
    """What differs first within a folder, None when everything agrees."""
    try:
        return next(_differences(evidence), None)
    except (KeyError, TypeError, AttributeError) as error:
        return f"{DOCUMENT}: got a document that is not of its schema ({type(error).__name__}: {error})"


def _differences(evidence: EvidenceFolder) -> Iterator[str]:
    document, folder = evidence.document, evidence.path
    yield from _files(document, folder)
    copies = {path.name: path.read_bytes() for path in sorted((folder / COPIES).glob("*")) if path.is_file()}
    yield from _record(document, copies)
    yield from _verdict(document, copies)
    yield from _chain(document)
    yield from _locks(document, copies)
    yield from _pages(document)
    if content_digest(document) != document["content_sha256"]:
        yield (
            f"{DOCUMENT}: got content {content_digest(document)}, expected {document['content_sha256']} as its own "
            "content_sha256 says"
        )


def _files(document: Mapping[str, Any], folder: Path) -> Iterator[str]:
    listed = document["files"]
    for name, expected in listed.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            yield f"{DOCUMENT}: files: got {name}, expected a file of the folder"
        elif not path.is_file():
            yield f"{name}: got no such file, expected sha256 {expected}"
        elif sha256(path.read_bytes()) != expected:
            yield f"{name}: got sha256 {sha256(path.read_bytes())}, expected {expected}"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(there - set(listed) - {DOCUMENT}):
        yield f"{name}: got a file that {DOCUMENT} does not list, expected none"


def _record(document: Mapping[str, Any], copies: Mapping[str, bytes]) -> Iterator[str]:
    record = document["record"]
    said = {
        METRICS_FILE: record["metrics_sha256"],
        "verdict.json": record["verdict_sha256"],
        "thresholds.yml": record["thresholds"]["sha256"],
    }
    for name, expected in said.items():
        found = sha256(copies[name]) if name in copies else None
        if found != expected:
            yield f"{COPIES}/{name}: got sha256 {found}, expected {expected} as the record says"
    for name, content in copies.items():
        approved = (record["evaluation"] or {}).get(name)
        if approved and sha256(content) != approved:
            yield f"{COPIES}/{name}: got sha256 {sha256(content)}, expected {approved} as the record says"
    if release_digest(record) != document["digest"]:
        yield f"{DOCUMENT}: digest: got {document['digest']}, expected {release_digest(record)} of its record"
    if record["model"] != document["model"]["files"]:
        yield f"{DOCUMENT}: model.files: got other files than the record's"
    if record["model"] and tree_digest(record["model"]) != document["model"]["digest"]:
        yield f"{DOCUMENT}: model.digest: got {document['model']['digest']}, expected {tree_digest(record['model'])}"
    for step in document["steps"]:
        known = record["components"].get(step["name"])
        told = {
            "component": step["component"],
            "content_hash": step["content_hash"],
            "code_hash": step["code_hash"],
        }
        if known is not None and told != known:
            yield f"{DOCUMENT}: steps.{step['name']}: got {told}, expected {known} as the record says"


def _verdict(document: Mapping[str, Any], copies: Mapping[str, bytes]) -> Iterator[str]:
    verdict = document["verdict"]
    metrics, limits = copies.get(METRICS_FILE), copies.get("thresholds.yml")
    if metrics is None or limits is None:
        if verdict["checks"] or verdict["pass"]:
            yield f"{DOCUMENT}: verdict: got one, expected none without metrics and thresholds"
        return
    try:
        judgement = judge(read_metrics(metrics)["metrics"], read_thresholds(limits))
    except ValueError as error:
        if verdict["pass"]:
            yield f"{COPIES}: got metrics or thresholds that cannot be judged ({error}), expected no pass"
        return
    anew = check_entries(judgement)
    for said, ours in zip(verdict["checks"], anew, strict=False):
        if said != ours:
            yield f"{DOCUMENT}: verdict.checks.{ours['metric']}: got {_short(said, ours)}, expected {_short(ours, said)}"
    if len(verdict["checks"]) != len(anew):
        yield f"{DOCUMENT}: verdict.checks: got {len(verdict['checks'])} thresholds, expected {len(anew)}"
    if verdict["pass"] and not judgement.passed:
        yield f"{DOCUMENT}: verdict.pass: got true, expected false ({'; '.join(judgement.reasons)})"
    if (verdict["outcome"] == "blocked") is judgement.passed:
        yield f"{DOCUMENT}: verdict.outcome: got {verdict['outcome']}, expected what the metrics say"
    said_by_run = copies.get("verdict.json")
    if said_by_run is not None:
        try:
            found = differences(judgement, json.loads(said_by_run), metrics=metrics, thresholds=limits)
        except ValueError:
            return
        if list(found) != verdict["differences"]:
            yield f"{DOCUMENT}: verdict.differences: got {verdict['differences']}, expected {list(found)}"


def _short(row: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {json.dumps(value)}" for key, value in row.items() if other.get(key) != value)


def _chain(document: Mapping[str, Any]) -> Iterator[str]:
    """What a step read is what the step before it wrote."""
    steps = {step["name"]: step for step in document["steps"]}
    for edge in document["graph"]["bindings"]:
        source, target = steps.get(edge["source"]), steps.get(edge["target"])
        wrote = ((source or {}).get("outputs") or {}).get(edge["output"], {}).get("digest")
        read = ((target or {}).get("inputs") or {}).get(edge["input"], {}).get("digest")
        if wrote and read and wrote != read:
            yield (
                f"{DOCUMENT}: steps.{edge['target']}.inputs.{edge['input']}: got digest {read}, "
                f"expected {wrote} that {edge['source']}.{edge['output']} has"
            )


def _locks(document: Mapping[str, Any], copies: Mapping[str, bytes]) -> Iterator[str]:
    for step in document["steps"]:
        lock = step["lock_sha256"]
        name = f"requirements-{str(lock)[:12]}.lock"
        if lock and name in copies and sha256(copies[name]) != lock:
            yield f"{COPIES}/{name}: got sha256 {sha256(copies[name])}, expected {lock} of step {step['name']}"


def _pages(document: Mapping[str, Any]) -> Iterator[str]:
    """Pages show what the document says; only pages of this very renderer can be made again."""
    if document["renderer"] != renderer():
        return
    later = {"renderer", "files", "content_sha256"}
    drawn = pages({name: value for name, value in document.items() if name not in later})
    for name, content in drawn.items():
        if sha256(content) != document["files"].get(name):
            yield f"{name}: got another page than {DOCUMENT} makes, expected them to agree"


def first_live_difference(evidence: EvidenceFolder, session: AzureSession) -> str | None:
    """What differs first from the workspace. Raises: UserError: it cannot be read."""
    from plumbline.ops.release.registered_model import API_VERSION, job_output

    document = evidence.document
    candidate = read_candidate(session, document["job"]["name"])
    if candidate.digest != document["digest"]:
        parts = changes(document["record"], candidate.record)
        return f"live: digest: got {candidate.digest}, expected {document['digest']} ({parts[0] if parts else 'record'})"
    approval = document["approval"]
    if approval is not None:
        there = approvals_of(session, pipeline=candidate.pipeline, digest=candidate.digest)
        counted = counting(there, candidate.authors)
        if counted is None or counted.approver != approval["approver"]:
            got = counted.approver if counted else "none"
            return f"live: approval: got {got}, expected {approval['approver']} ({approval['reference']})"
    registered = document["model"]["registered"]
    if registered is not None:
        path = f"{session.target.workspace_id}/models/{registered['name']}/versions/{registered['version']}"
        body = session.get(path, api_version=API_VERSION)
        source = job_output(body) if body else None
        if source is None or source[0] != registered["job"]:
            got = "nothing" if body is None else f"a model of {source[0] if source else 'elsewhere'}"
            return f"live: model {registered['name']}:{registered['version']}: got {got}, expected one of run {registered['job']}"
    return None
