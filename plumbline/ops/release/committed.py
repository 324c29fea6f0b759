"""Whether what ran is what a commit holds: the commit's definitions, taken from git and hashed, give the very job.

The tag that names a commit is the submitter's word. Here it is only the address of what is compared. A run without
one, such as a schedule's, is looked for in the newest commits that touch its pipeline.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.assets import MLPipeline, changes, resolved_job
from plumbline.ops.checkout import (
    DIRTY,
    UNKNOWN,
    branches_with,
    commits_of,
    exported,
    fetch_command,
    has_commit,
    is_commit,
)
from plumbline.ops.errors import UserError
from plumbline.ops.job.digest import job_digest, job_record
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.stack_file import project_root

_MOST = 5
_COMMITS_TO_TRY = 20


@dataclass(frozen=True, kw_only=True)
class CommittedRun:
    """A run held against the commit that its tag names.

    Attributes:
        pipeline: The commit's definitions; None when they could not be read.
        branches: Branches that hold the commit.
        parameters: Literal inputs that the run has otherwise than the commit: name -> (commit's, run's).
        faults: Why the run is not what a branch's commit holds; empty when it is.
        is_unshared: Whether the one fault is that no branch has the code yet, as the run says itself: enough for a
            rehearsal.
    """

    commit: str
    pipeline: MLPipeline | None = None
    branches: tuple[str, ...] = ()
    parameters: Mapping[str, tuple[Any, Any]]
    faults: tuple[str, ...] = ()
    is_unshared: bool = False


def committed_run(candidate: Candidate) -> CommittedRun:
    """Take the definitions of the candidate's commit from this checkout's repository and compare."""
    if candidate.commit == UNKNOWN:
        return _looked_for(candidate)
    return _compared(candidate, candidate.commit)


def _looked_for(candidate: Candidate) -> CommittedRun:
    """The newest commit of the checked out branch that holds a run; else the faults of the newest of all."""
    try:
        commits = commits_of(project_root(), f"pipelines/{candidate.pipeline}", most=_COMMITS_TO_TRY)
    except UserError:
        commits = ()
    if not commits:
        fault = "commit: got none in the run's tags and no git checkout here, expected a commit that holds what ran"
        return CommittedRun(commit=UNKNOWN, parameters={}, faults=(fault,), is_unshared=True)
    tried = (_compared(candidate, commit) for commit in commits)
    first = next(tried)
    if not first.faults:
        return first
    return next((one for one in tried if not one.faults), first)


def _compared(candidate: Candidate, commit: str) -> CommittedRun:
    """The candidate against the definitions of one commit."""

    def fault(text: str, *, unshared: bool = False) -> CommittedRun:
        return CommittedRun(commit=commit, parameters={}, faults=(text,), is_unshared=unshared)

    if commit.endswith(DIRTY):
        return fault(
            f"commit: got a run of uncommitted changes ({commit}), expected a commit that can be checked out. Commit, "
            "push and submit again",
            unshared=True,
        )
    if not is_commit(commit):
        return fault(
            f"commit: got {commit!r}, expected a commit of this project's repository. Submit from a git checkout"
        )
    try:
        root = project_root()
    except UserError:
        return fault(f"commit: got no checkout of the project here, expected one that holds {commit}")
    if not has_commit(root, commit):
        return fault(
            f"commit: got {commit}, which this repository does not hold. Fetch it: {fetch_command(root)}"
        )
    branches = branches_with(root, commit)
    try:
        with exported(root, commit) as tree:
            pipeline = _pipeline(tree, candidate.pipeline)
    except UserError as error:
        return fault(f"commit {commit}: definitions: {error}")
    except (subprocess.SubprocessError, OSError) as error:
        return fault(f"commit {commit}: got no files of it ({error}), expected them from git")
    faults = []
    if not branches:
        faults.append(
            f"commit: got {commit}, which is on no branch, expected a commit that was pushed to one. Push it, then "
            "git fetch"
        )
    parameters, expected = _with_parameters(resolved_job(pipeline), candidate.job)
    different = _differences(candidate.job, expected, commit)
    return CommittedRun(
        commit=commit,
        pipeline=pipeline,
        branches=branches,
        parameters=parameters,
        faults=(*faults, *different),
        is_unshared=bool(faults) and not different,
    )


def _pipeline(tree: Path, name: str) -> MLPipeline:
    from plumbline.ops.job.release_run import folder_definition

    return folder_definition(tree / "pipelines" / name).pipeline


def _with_parameters(
    committed: Mapping[str, Any], ran: Mapping[str, Any]
) -> tuple[dict[str, tuple[Any, Any]], dict[str, Any]]:
    """What the run's literal inputs say otherwise, and the commit's job with them. Data is never a parameter."""
    inputs = dict(committed.get("inputs") or {})
    found = {}
    for name, value in (ran.get("inputs") or {}).items():
        is_data = isinstance(value, Mapping) or isinstance(inputs.get(name), Mapping)
        if name in inputs and not is_data and inputs[name] != value:
            found[name] = (inputs[name], value)
            inputs[name] = value
    return found, {**committed, "inputs": inputs}


def _differences(ran: Mapping[str, Any], expected: Mapping[str, Any], commit: str) -> list[str]:
    if job_digest(ran) == job_digest(expected):
        return []
    found = changes(job_record(ran), job_record(expected))
    shown = [
        f"{one.path}: got {json.dumps(one.old)}, expected {json.dumps(one.new)} as commit {commit} has it"
        for one in found[:_MOST]
    ]
    if len(found) > _MOST:
        shown.append(f"commit: got {len(found) - _MOST} more differences from {commit}")
    return shown
