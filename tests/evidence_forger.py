"""What somebody does who wants a folder of evidence to tell something else, and knows how its digests are made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from plumbline.ops.evidence.folder import EvidenceFolder, content_digest, document_bytes, read_evidence
from plumbline.ops.evidence.page import pages
from plumbline.ops.evidence.verification import LATER, first_difference
from plumbline.ops.release.approval import approval_version
from plumbline.ops.release.digest import release_digest, sha256, tree_digest


class Forger:
    """A copy of a folder, its document open for changes.

    Attributes:
        e: The document of `evidence.json`.
    """

    def __init__(self, folder: Path, target: Path) -> None:
        self.path = Path(shutil.copytree(folder, target))
        self.e: dict[str, Any] = json.loads((self.path / "evidence.json").read_text())

    def read(self, name: str) -> str:
        return (self.path / "files" / name).read_text()

    def write(self, name: str, text: str) -> None:
        (self.path / "files" / name).write_text(text)

    def remove(self, name: str) -> None:
        (self.path / "files" / name).unlink()

    def step(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self.e["steps"] if one["name"] == name)
        return found

    def approve_again(self) -> None:
        """Make record, digest and approval fit the copies as they are now."""
        record = self.e["record"]
        for name, key in (("metrics.json", "metrics_sha256"), ("verdict.json", "verdict_sha256")):
            record[key] = sha256(self.read(name).encode())
        record["thresholds"]["sha256"] = sha256(self.read("thresholds.yml").encode())
        for name in record["evaluation"]:
            if (self.path / "files" / name).is_file():
                record["evaluation"][name] = sha256((self.path / "files" / name).read_bytes())
        self.e["model"] |= {"files": record["model"], "digest": tree_digest(record["model"])}
        self.e["digest"] = release_digest(record)
        if self.e["approval"]:
            container = self.e["approval"]["reference"].partition(":")[0]
            self.e["approval"]["reference"] = f"{container}:{approval_version(self.e['digest'])}"

    def seal(self) -> EvidenceFolder:
        """Draw the pages of the document, list the files, compute content_sha256; answers the folder as read back."""
        for name, content in pages({k: v for k, v in self.e.items() if k not in LATER}).items():
            (self.path / name).write_bytes(content)
        return self.seal_as_it_is()

    def seal_as_it_is(self) -> EvidenceFolder:
        """The same with the pages left as they are."""
        self.e["files"] = {
            path.relative_to(self.path).as_posix(): sha256(path.read_bytes())
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and path.name != "evidence.json"
        }
        self.e["content_sha256"] = content_digest(self.e)
        (self.path / "evidence.json").write_bytes(document_bytes(self.e))
        return read_evidence(self.path)

    def found(self) -> str:
        """What offline verification says of the sealed folder; empty when it believes it."""
        return first_difference(self.seal()) or ""
