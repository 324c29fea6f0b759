"""What earlier checks compared, remembered: where nothing of it changed, the engine need not be started to say so again.

Two digests of a check are kept. The one of state and program's files says whether the program asks for anything, the one of the
resources that the engine compares, as the state has them and as Azure answers them, whether any differs. Both are taken before
the engine compares, so that whatever changes meanwhile makes another digest. Only a comparison that found nothing is
remembered; what nobody declared is listed every time, and resources of our own kinds are compared every time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline import __version__
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError

_SKIPPED_FOLDERS = frozenset({".git", ".venv", ".plumbline", "__pycache__", "node_modules"})
# Say who wrote and when, move with every read (the next version of a component is a time) or by the clock (the quota of Log
# Analytics), and say nothing of what a resource is.
_SKIPPED_MEMBERS = frozenset(
    {
        "systemData", "createdBy", "createdOn", "updatedBy", "updatedOn", "modifiedOn", "etag", "eTag",
        "allocationStateTransitionTime", "nextVersion", "quotaNextResetTime",
    }
)  # fmt: skip
# What the engine notes of its own updates: a repair leaves a state that says the same as the one before.
_SKIPPED_NOTES = frozenset({"manifest", "created", "modified"})
# How many comparisons are remembered: those of the last repairs and branches.
_KEPT = 64


def program_digest(document: Mapping[str, Any], project: Path) -> str:
    """The digest of state and program's files; nobody is asked.

    Args:
        document: The exported state.
    """
    deployment = _without_notes(document.get("deployment") or {})
    return _digest(__version__, json.dumps(deployment, sort_keys=True), _files(project))


def live_digest(
    session: AzureSession, document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> str | None:
    """The digest of resources as the state has them and as they are live; None where one cannot be asked for so.

    Args:
        document: The exported state: the settings of its providers count, too.
        rows: The resources, of that state.
    """
    # An update leaves the resources in another order. Each says with which api-version its plugin reads it.
    rows = sorted(rows, key=lambda row: (str(row["urn"]), str(row.get("id"))))
    asked = [
        (str(row["id"]), (row.get("outputs") or {}).get("azureApiVersion")) for row in rows if row.get("id")
    ]
    if len(asked) < len(rows) or any(version is None for _, version in asked):
        return None
    try:
        bodies = session.get_all(asked)
    except UserError:
        # The engine says it better, by the resource's name.
        return None
    everything = (document.get("deployment") or {}).get("resources") or ()
    providers = [row for row in everything if str(row["type"]).startswith("pulumi:providers:")]
    known = _without_notes({"resources": [*rows, *providers]})
    return _digest(
        __version__,
        json.dumps(known, sort_keys=True),
        json.dumps([_plain(body) for body in bodies], sort_keys=True),
    )


def is_remembered(project: Path, stack: str, digest: str | None) -> bool:
    """Whether a comparison of exactly this found nothing."""
    return digest is not None and digest in _remembered(project, stack)


def remember(project: Path, stack: str, digest: str | None) -> None:
    """Note a comparison that found nothing; None is not noted."""
    if digest is None:
        return
    known = [one for one in _remembered(project, stack) if one != digest]
    file = _file(project, stack)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text("\n".join([*known, digest][-_KEPT:]), encoding="utf-8")
    new.replace(file)


def _remembered(project: Path, stack: str) -> list[str]:
    try:
        return _file(project, stack).read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []


def _digest(*parts: str) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(hashlib.sha256(part.encode()).digest())
    return found.hexdigest()


def _without_notes(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """A state without what each update leaves otherwise: times, encryption, the order in which resources came."""
    rows = []
    for row in deployment.get("resources") or ():
        kept = {key: _plain(value) for key, value in row.items() if key not in _SKIPPED_NOTES}
        reasons = row.get("propertyDependencies") or {}
        kept["dependencies"] = sorted(row.get("dependencies") or ())
        kept["propertyDependencies"] = {name: sorted(urns or ()) for name, urns in reasons.items()}
        # Encrypted with another salt each time; what a secret output holds follows from the inputs.
        kept["outputs"] = _without_ciphertext(kept.get("outputs") or {})
        rows.append(kept)
    rows.sort(key=lambda row: json.dumps(row, sort_keys=True))
    return {
        **{key: value for key, value in deployment.items() if key not in _SKIPPED_NOTES},
        "resources": rows,
    }


def _without_ciphertext(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_ciphertext(inner) for key, inner in value.items() if key != "ciphertext"}
    return [_without_ciphertext(inner) for inner in value] if isinstance(value, list) else value


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
