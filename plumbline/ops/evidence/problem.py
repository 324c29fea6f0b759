"""Problems of a release that can be seen in its evidence alone, without the workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plumbline.assets import is_content_version
from plumbline.assets.references import parse_reference
from plumbline.assets.release_flow import release_flow
from plumbline.ops.evidence.asset_entry import follows
from plumbline.ops.evidence.evaluation import JOB_FILE, METRICS_FILE, RELEASE_FILE, THRESHOLDS_FILE
from plumbline.ops.json_document import read_json
from plumbline.ops.release.candidate_reading import no_contract
from plumbline.ops.release.contract import contract_in
from plumbline.ops.release.judgement import read_metrics, read_thresholds


def problems_of(document: Mapping[str, Any], copies: Mapping[str, bytes]) -> list[str]:
    """What is not as a release needs it, in our words; a run with one of these has told one when it was read.

    Args:
        copies: Name below `files/` -> bytes.
    """
    return [*_job(document, copies), *_files(document, copies), *_assets(document)]


def _job(document: Mapping[str, Any], copies: Mapping[str, bytes]) -> Iterator[str]:
    try:
        job = read_json(copies.get(JOB_FILE, b"{}"))
    except ValueError:
        return  # said where the copy is compared
    contract = contract_in(copies.get(RELEASE_FILE, b""))
    if contract is None:
        yield no_contract(str(document["record"]["pipeline"]))
    else:
        yield from release_flow(job, contract).problems
    for name, value in (job.get("inputs") or {}).items():
        if isinstance(value, Mapping) and parse_reference(str(value.get("path"))) is None:
            yield f"inputs.{name}: got {value.get('path')}, expected a registered data asset"


def _files(document: Mapping[str, Any], copies: Mapping[str, bytes]) -> Iterator[str]:
    model = document["record"]["model"]
    if model is not None and not model:
        yield "model: got no file in it, expected at least one"
    if THRESHOLDS_FILE in copies:
        try:
            read_thresholds(copies[THRESHOLDS_FILE])
        except ValueError as error:
            yield f"{THRESHOLDS_FILE}: {error}"
    if METRICS_FILE not in copies:
        return
    try:
        measured = read_metrics(copies[METRICS_FILE]).get("inputs")
    except ValueError as error:
        yield f"{METRICS_FILE}: {error}"
        return
    for file, digest in measured.items() if isinstance(measured, Mapping) and model else ():
        if file in model and model[file] != digest:
            yield f"model {file}: got sha256 {model[file]}, expected {digest}, of which {METRICS_FILE} speaks"


def _assets(document: Mapping[str, Any]) -> Iterator[str]:
    environments = {step["name"]: str(step["environment"] or "") for step in document["steps"]}
    for step, one in document["record"]["components"].items():
        reference, content = one["component"], one["content_hash"]
        # A reference to a declared version is hashed with what it points to, so that nothing follows from here; and
        # what a nested pipeline refers to is not in the evidence.
        declared = not is_content_version(environments.get(step, "").rpartition(":")[2])
        if content is None or (follows(_version(reference), content) is False and not declared):
            yield f"component {reference}: got content {content}, expected what its version stands for"
    for one in document["data"]:
        if one["content_hash"] is None or follows(one["version"], one["content_hash"]) is False:
            yield f"data {one['name']}:{one['version']}: got content {one['content_hash']}, expected what its version stands for"


def _version(reference: str) -> str:
    return reference.rpartition(":")[2]
