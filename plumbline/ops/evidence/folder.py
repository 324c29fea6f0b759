"""An evidence folder: written whole or not at all, read back with its digests."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.assets import canonical_text
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.evidence.gathering import SCHEMA, gather
from plumbline.ops.evidence.page import PAGE, pages, renderer
from plumbline.ops.evidence.secret_scan import require_no_secret
from plumbline.ops.json_document import read_json
from plumbline.ops.release.digest import sha256
from plumbline.ops.stack_file import project_root

DOCUMENT = "evidence.json"
FILE_MODE = 0o644


@dataclass(frozen=True, kw_only=True)
class EvidenceFolder:
    """Evidence on disk."""

    path: Path
    document: Mapping[str, Any]

    @property
    def page(self) -> Path:
        """The page for a browser."""
        return self.path / PAGE


def default_folder(job: str) -> Path:
    """`.plumbline/evidence/<job>` of the project, which git ignores; without a project, below the working folder."""
    try:
        root = project_root()
    except UserError:
        root = Path.cwd()
    return root / ".plumbline" / "evidence" / job


def write_evidence(session: AzureSession, job: str, *, out: Path | None = None) -> EvidenceFolder:
    """Write the evidence of an ended pipeline job, of a blocked one too.

    Args:
        out: Optional. Folder; what an earlier call wrote there is replaced. Default: `default_folder`.
    Raises: UserError: no such job, it goes on, something looks like a secret, or the folder holds something else.
    """
    folder = out or default_folder(job)
    _require_ours(folder)
    document, files = gather(session, job)
    files |= pages(document)
    document["renderer"] = renderer()
    document["files"] = {name: sha256(content) for name, content in sorted(files.items())}
    document["content_sha256"] = content_digest(document)
    files[DOCUMENT] = document_bytes(document)
    require_no_secret(files)
    _replace(folder, files)
    return EvidenceFolder(path=folder, document=document)


def read_evidence(folder: Path) -> EvidenceFolder:
    """Read a folder back. Raises: UserError: it holds no evidence of a schema that we know."""
    file = folder / DOCUMENT
    if not file.is_file():
        raise UserError(f"{file}: got no such file, expected an evidence folder. Check the path.")
    try:
        document = read_json(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(
            f"{file}: got no JSON ({error}), expected evidence. It was changed or cut off."
        ) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        got = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise UserError(
            f"{file}: schema: got {got}, expected {SCHEMA}. Verify it with the release that wrote it."
        )
    return EvidenceFolder(path=folder, document=document)


def document_bytes(document: Mapping[str, Any]) -> bytes:
    """A document as it is written: nothing stands before or behind it."""
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def content_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 over everything else in a document."""
    rest = {name: value for name, value in document.items() if name != "content_sha256"}
    return sha256(canonical_text(rest).encode())


def _require_ours(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out: got {folder}, which is a file, expected a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / DOCUMENT).is_file():
        raise UserError(
            f"--out: got {folder}, which holds other things, expected an empty folder, a new one, or one of evidence."
        )


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in files.items():
            target = fresh / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(FILE_MODE)
        fresh.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
