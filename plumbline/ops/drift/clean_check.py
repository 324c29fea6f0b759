"""What a clean check compared, remembered: where nothing of it changed, the engine need not be started to say so again.

The memory is one digest of the state, the program's files, and every managed resource as Azure answers it. It is taken before
the engine compares, so that whatever changes meanwhile makes another digest. Only a check without a managed finding is
remembered, and what nobody declared is listed every time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from plumbline import __version__
from plumbline.azure.api_versions import api_version
from plumbline.azure.live_version import code_id
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.stack_state import StackState

_SKIPPED_FOLDERS = frozenset({".git", ".venv", ".plumbline", "__pycache__", "node_modules"})
# Move with every write, with every read (the next version of a component is a time) or by the clock (the quota of Log
# Analytics), and say nothing of what a resource is.
_SKIPPED_MEMBERS = frozenset({"systemData", "etag", "eTag", "nextVersion", "quotaNextResetTime"})
_KINDS = {
    "plumbline:azureml:Component": "components",
    "plumbline:azureml:Environment": "environments",
    "plumbline:azureml:DataAsset": "data",
    "plumbline:azureml:Model": "models",
}
_SCHEDULE = "plumbline:azureml:PipelineSchedule"


def digest_of(session: AzureSession, state: StackState, state_text: str, project: Path) -> str | None:
    """One digest of all that a check of managed resources compares; None where a resource cannot be asked for so.

    Raises: UserError: a resource cannot be read.
    """
    asked = [pair for row in state.resources.values() for pair in _addresses(row)]
    if any(version is None for _, version in asked):
        return None
    bodies = session.side_by_side(lambda pair: session.get(pair[0], api_version=pair[1]), asked)
    codes = sorted({code for body in bodies if body and (code := code_id("component", body))})
    bodies += (
        session.side_by_side(lambda path: session.get(path, api_version=api_version("codes")), codes)
        if codes
        else []
    )
    found = hashlib.sha256(__version__.encode())
    for part in (state_text, _files(project), json.dumps([_plain(body) for body in bodies], sort_keys=True)):
        found.update(hashlib.sha256(part.encode()).digest())
    return found.hexdigest()


def is_remembered(project: Path, stack: str, digest: str | None) -> bool:
    """Whether the last clean check compared exactly this."""
    try:
        return digest is not None and _file(project, stack).read_text(encoding="utf-8") == digest
    except OSError:
        return False


def remember(project: Path, stack: str, digest: str | None) -> None:
    """Note what a clean check compared; None forgets."""
    file = _file(project, stack)
    if digest is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(digest, encoding="utf-8")
    new.replace(file)


def _addresses(row: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """What the provider of a resource reads of it, each with an api-version."""
    path, outputs = str(row["id"]), row.get("outputs") or {}
    if row["type"] == _SCHEDULE:
        yield path, api_version("schedules")
    elif (operations := _KINDS.get(str(row["type"]))) is not None and "/workspaces/" in path:
        yield path, api_version(operations)
        yield f"{path}/versions/{outputs.get('version')}", api_version(operations)
    else:
        yield path, outputs.get("azureApiVersion")


def _files(project: Path) -> str:
    """Every file of the project that the program may read, by name, size and time."""
    found = []
    for folder, folders, names in os.walk(project):
        folders[:] = sorted(set(folders) - _SKIPPED_FOLDERS)
        for name in sorted(names):
            status = os.lstat(os.path.join(folder, name))
            found.append(f"{os.path.relpath(folder, project)}/{name} {status.st_size} {status.st_mtime_ns}")
    return "\n".join(found)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items() if key not in _SKIPPED_MEMBERS}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _file(project: Path, stack: str) -> Path:
    return project / ".plumbline" / "drift" / f"{stack}.clean"
