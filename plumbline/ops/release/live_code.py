"""The code behind components, downloaded and hashed: what a client wrote beside it is compared, never believed.

The hash is azure-ai-ml's own (`plumbline.assets.hash_code`). Code stays writable for as long as the signature lives that
uploaded it, and its `hash_sha256` is a property that the uploading client chose.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.assets import hash_code
from plumbline.azure.api_versions import api_version
from plumbline.azure.moment import moment
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.release.asset_version import recorded_version
from plumbline.ops.release.step_account import ALLOWANCE
from plumbline.ops.release.stored_files import StoredFile, StoredFiles

WAY_OUT = (
    "Upload it again under a new code asset: change a line of it (a comment will do), commit, and run pulumi up, which "
    "registers a new version and moves the schedules to it"
)
"""A version is for ever, and so is the address of its files: putting the old bytes back proves nothing."""

_CODE_ID = re.compile(r"/subscriptions/[^?#]+/codes/[^/?#]+/versions/[^/?#]+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class CodeFinding:
    """One code version as it lies there.

    Attributes:
        hash: 64 hex over its files; None when they cannot be read.
        problem: Why it cannot carry a release, None when it can.
    """

    hash: str | None = None
    problem: str | None = None


class LiveCode:
    """Code versions of one workspace, each downloaded once however many components share it. Safe from any thread."""

    def __init__(self, session: AzureSession) -> None:
        self._session = session
        self._files = StoredFiles(session)
        self._lock = threading.Lock()
        self._found: dict[str, Future[CodeFinding]] = {}

    def find(self, address: str) -> CodeFinding:
        """The code version that a component names. Raises: UserError: the storage refuses."""
        with self._lock:
            known = self._found.get(address)
            future = self._found.setdefault(address, known or Future())
        if known is None:
            try:
                future.set_result(self._finding(address))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def _finding(self, address: str) -> CodeFinding:
        code_id = address.removeprefix("azureml:")
        if not _CODE_ID.fullmatch(code_id):
            return CodeFinding(problem=f"code: got {address}, expected a code version of this workspace")
        if self._session.get(code_id, api_version=api_version("codes")) is None:
            return CodeFinding(problem=f"code: got nothing at {code_id}, expected a code version")
        body = recorded_version(self._session, code_id)
        uri = str((body.get("properties") or {}).get("codeUri") or "")
        if not self._files.is_own(uri):
            return CodeFinding(problem=f"code: got files at {uri}, expected them in the workspace's storage")
        with tempfile.TemporaryDirectory(prefix="plumbline-code-") as folder:
            files = self._files.stored_in(uri, Path(folder))
            snapshot = hash_code(Path(folder))
        unhashed = sorted(set(files) - {file.name for file in snapshot.files})
        if unhashed:
            return CodeFinding(
                hash=snapshot.hash,
                problem=f"code: got {', '.join(unhashed)} at {uri}, which its hash leaves out, expected no such file",
            )
        return CodeFinding(hash=snapshot.hash, problem=_difference(body, snapshot.hash, files))


def _difference(body: Mapping[str, Any], hashed: str, files: Mapping[str, StoredFile]) -> str | None:
    """Where the files are not those that were registered."""
    said = ((body.get("properties") or {}).get("properties") or {}).get("hash_sha256")
    if said != hashed:
        return f"code: got files with hash {hashed}, expected {said} as it was registered: changed since. {WAY_OUT}"
    made = moment((body.get("systemData") or {}).get("createdAt"))
    late = {} if made is None else {n: f for n, f in files.items() if f.changed_at > made + ALLOWANCE}
    if made is not None and late:
        # Put back after a run used something else.
        name, file = next(iter(sorted(late.items())))
        return (
            f"code: got {name} written at {file.changed_at.isoformat()}, expected none after it was registered at "
            f"{made.isoformat()}. {WAY_OUT}"
        )
    return None
