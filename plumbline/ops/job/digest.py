"""The digest of a pipeline job: equal for jobs that would do the same work on the same things."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from plumbline.assets import canonical_text, spec_from_rest

_SCHEME = "plumbline-job/1"
# What people read, and what only decides whether finished work is done again.
_LABELS = frozenset({"display_name", "description", "experiment_name", "tags", "properties"})
_NODE_LABELS = frozenset({"display_name", "comment", "properties"})
# What Azure fills in when the author says nothing.
_DEFAULT_MODES = frozenset({"mount", "ro_mount", "rw_mount"})


def job_digest(job: Mapping[str, Any]) -> str:
    """64 hex over a canonical job: graph, component pins, data pins, parameters, settings.

    Every own reference is a version that follows from content, so that the digest stands for all code and data.
    Texts and tags do not count, nor does `force_rerun`.

    Args:
        job: Canonical job (`resolved_job`, or `live_job` of what ARM answers): both give the same digest.
    """
    return hashlib.sha256(f"{_SCHEME}\n{canonical_text(job_record(job))}".encode()).hexdigest()


def job_record(job: Mapping[str, Any]) -> dict[str, Any]:
    """What the digest is made of: a canonical job without what does no work."""
    record = {name: value for name, value in job.items() if name not in _LABELS}
    record["settings"] = {
        name: value
        for name, value in (job.get("settings") or {}).items()
        if name != "force_rerun" and value is not False
    }
    record["inputs"] = {name: _plain(value) for name, value in (job.get("inputs") or {}).items()}
    # Where an output lies is filled in when it has been written.
    record["outputs"] = {
        name: {"type": value["type"]} if isinstance(value, Mapping) and "type" in value else value
        for name, value in (job.get("outputs") or {}).items()
    }
    record["jobs"] = {name: _node(node) for name, node in (job.get("jobs") or {}).items()}
    return record


def live_job(body: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical form of a pipeline job as ARM answers it."""
    return spec_from_rest("job", body, code_hash_of=lambda _: None)


def _node(node: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in node.items() if name not in _NODE_LABELS}
    for side in ("inputs", "outputs"):
        if side in found:
            found[side] = {name: _plain(value) for name, value in found[side].items()}
    return found


def _plain(value: Any) -> Any:
    """A value without a mode that is the default; a binding with nothing else is its text."""
    if not isinstance(value, Mapping):
        return value
    kept = {name: item for name, item in value.items() if not (name == "mode" and item in _DEFAULT_MODES)}
    return kept["path"] if set(kept) == {"path"} else kept
