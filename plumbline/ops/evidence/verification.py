"""Evidence checked against itself: the first part that differs is named.

Everything is made again that follows from the copies in `files/` and from the record. What cannot be made again here is
held by `content_sha256` alone, which a forger computes too: `live_comparison` compares that with the workspace.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2

from plumbline.ops.evidence.derivation import Derivation
from plumbline.ops.evidence.evaluation import (
    COPIES,
    JOB_FILE,
    METRICS_FILE,
    RELEASE_FILE,
    THRESHOLDS_FILE,
    VERDICT_FILE,
    evaluation_names,
    lock_file,
)
from plumbline.ops.evidence.folder import DOCUMENT, FILE_MODE, EvidenceFolder, content_digest, document_bytes
from plumbline.ops.evidence.page import MARKDOWN, PAGE, pages, renderer
from plumbline.ops.evidence.plot import PLOTS_FILE
from plumbline.ops.release.contract import contract_in
from plumbline.ops.release.digest import release_digest, sha256

MEMBERS = (
    "schema", "rehearsal", "verdict", "digest", "record", "job", "approval", "model", "release", "before_after", "graph",
    "steps", "environments", "data", "parameters", "metrics", "groups", "plots", "samples", "notes", "renderer", "files",
    "content_sha256",
)  # fmt: skip
# Written after the pages, and so not on them.
LATER = frozenset({"renderer", "files", "content_sha256"})


def first_difference(evidence: EvidenceFolder) -> str | None:
    """What differs first within a folder, None when everything agrees."""
    try:
        return next(_differences(evidence), None)
    # A forger may write anything of any type; what drawing or judging it raises is a document of no schema.
    except (
        LookupError,
        TypeError,
        AttributeError,
        ValueError,
        ArithmeticError,
        jinja2.TemplateError,
    ) as error:
        return f"{DOCUMENT}: got a document that is not of its schema ({type(error).__name__}: {error})"


def notices(evidence: EvidenceFolder) -> list[str]:
    """What could not be checked here, for whoever reads the answer."""
    drawn_by = evidence.document["renderer"]
    if drawn_by == renderer():
        return []
    return [
        (
            f"{PAGE}, {MARKDOWN}: drawn by renderer {str(drawn_by)[:12]}, this Plumbline has {renderer()[:12]}: compared by "
            f"the digests that {DOCUMENT} records of them, not drawn again. Believe {DOCUMENT}, or verify with the "
            "release that wrote it"
        )
    ]


def _differences(evidence: EvidenceFolder) -> Iterator[str]:
    document, folder = evidence.document, evidence.path
    for name in MEMBERS:
        if name not in document:
            yield f"{DOCUMENT}: {name}: got nothing, expected it in every evidence"
    yield from _files(document, folder)
    copies = {path.name: path.read_bytes() for path in sorted((folder / COPIES).glob("*")) if path.is_file()}
    yield from _recorded(document["record"], copies)
    yield from _copies(document, copies)
    if release_digest(document["record"]) != document["digest"]:
        made = release_digest(document["record"])
        yield f"{DOCUMENT}: digest: got {document['digest']}, expected {made} of its record"
    yield from Derivation(document, copies).all()
    yield from _chain(document)
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
    yield from _form(document, folder)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(there - set(listed) - {DOCUMENT}):
        yield f"{name}: got a file that {DOCUMENT} does not list, expected none"
    for name in (PAGE, MARKDOWN):
        if name not in listed:
            yield f"{name}: got no such file, expected the page of {DOCUMENT}"


def _form(document: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """What digests of contents do not hold: bytes around the document, empty folders, links, files that run."""
    if (folder / DOCUMENT).read_bytes() != document_bytes(document):
        yield f"{DOCUMENT}: got other bytes than its document is written in, expected nothing before or behind it"
    needed = {parent for name in document["files"] for parent in Path(name).parents}
    for path in sorted(folder.rglob("*")):
        name, mode = path.relative_to(folder).as_posix(), stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            yield f"{name}: got a link, expected a file or a folder"
        elif path.is_dir():
            if path.relative_to(folder) not in needed:
                yield f"{name}: got a folder that holds no listed file, expected none"
        elif not path.is_file():
            yield f"{name}: got no ordinary file, expected one"
        elif mode & ~FILE_MODE:
            yield f"{name}: got mode {mode:04o}, expected at most {FILE_MODE:04o}: nothing in evidence runs"


def _recorded(record: Mapping[str, Any], copies: Mapping[str, bytes]) -> Iterator[str]:
    """The copies that the record names are there, and no others are shown for the evaluation's."""
    said = {
        METRICS_FILE: record["metrics_sha256"],
        VERDICT_FILE: record["verdict_sha256"],
        THRESHOLDS_FILE: record["thresholds"]["sha256"],
    }
    evaluation = record["evaluation"] or {}
    said |= {
        name: evaluation.get(name) for name in evaluation_names(copies.get(PLOTS_FILE)) if name not in said
    }
    contract = contract_in(copies.get(RELEASE_FILE, b""))
    metrics = evaluation.get(contract.metrics if contract else METRICS_FILE)
    if metrics is not None and metrics != record["metrics_sha256"]:
        yield (
            f"{DOCUMENT}: record.metrics_sha256: got {record['metrics_sha256']}, expected {metrics} as "
            "record.evaluation says"
        )
    for name, expected in said.items():
        found = sha256(copies[name]) if name in copies else None
        if found != expected:
            yield f"{COPIES}/{name}: got sha256 {found}, expected {expected} as the record says"


def _copies(document: Mapping[str, Any], copies: Mapping[str, bytes]) -> Iterator[str]:
    """Every lock that a step or an environment names is there, and nothing that nobody names."""
    named = {METRICS_FILE, THRESHOLDS_FILE, VERDICT_FILE, RELEASE_FILE, JOB_FILE}
    named.update(evaluation_names(copies.get(PLOTS_FILE)))
    for part in ("steps", "environments"):
        for one in document[part]:
            digest = one["lock_sha256"]
            if digest is None:
                continue
            name = lock_file(digest)
            named.add(name)
            found = sha256(copies[name]) if name in copies else None
            if found != digest:
                yield f"{COPIES}/{name}: got sha256 {found}, expected {digest} as {part}.{one['name']}.lock_sha256 says"
    for name in sorted(set(copies) - named):
        yield f"{COPIES}/{name}: got a copy that nothing in {DOCUMENT} speaks of, expected none"


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


def _pages(document: Mapping[str, Any]) -> Iterator[str]:
    """Pages show what the document says; those of another renderer are named in `notices`."""
    if document["renderer"] != renderer():
        return
    drawn = pages({name: value for name, value in document.items() if name not in LATER})
    for name, content in drawn.items():
        if sha256(content) != document["files"].get(name):
            yield f"{name}: got another page than {DOCUMENT} makes, expected them to agree"
