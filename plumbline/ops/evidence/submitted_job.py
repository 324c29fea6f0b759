"""The job that was submitted, as its digest sees it: what graph and parameters in the evidence follow from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# Texts that anybody may change after the run; `job_digest` leaves them out too.
_LABELS = frozenset({"display_name", "description", "experiment_name", "tags", "properties"})


def job_copy(job: Mapping[str, Any]) -> bytes:
    """A canonical job without its labels: `job_digest` of the copy is that of the job.

    Where outputs lie is left out: it is filled in while the run goes on.
    """
    kept = {name: value for name, value in job.items() if name not in _LABELS}
    kept["outputs"] = {
        name: {"type": value["type"]} if isinstance(value, Mapping) and "type" in value else value
        for name, value in (job.get("outputs") or {}).items()
    }
    return (json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def steps_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """Steps by name: the service answers them in any order, and the same run shall give the same bytes."""
    return dict(sorted((job.get("jobs") or {}).items()))


def parameters_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs of a job that are plain values, by name."""
    inputs = job.get("inputs") or {}
    return {name: value for name, value in sorted(inputs.items()) if not isinstance(value, Mapping)}
