"""The end of `plumbline local up`: each pipeline's run, its verdict, a rehearsed approval, the model, the evidence."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from plumbline.ops.emulation import Emulation
from plumbline.ops.errors import FOUND, UserError

# Whoever approves must not be whoever submitted, and only a release identity may write models: here the emulator's
# seeded ones stand in for a team and its automation.
APPROVER, RELEASER = "bob", "releaser"


def release_all(emulation: Emulation, pipelines: Sequence[str]) -> int:
    """Run and release the stack's pipelines, one after the other; one that fails holds no other up.

    Returns: 0 all went well, 1 a run failed, 3 none failed and a gate closed.
    Raises: UserError: as `release`.
    """
    endings = []
    for pipeline in pipelines:
        folder = emulation.project / "pipelines" / pipeline
        if not any((folder / name).is_file() for name in ("pipeline.yml", "pipeline.yaml")):
            continue  # only assets: nothing to run
        click.echo(f"\nPipeline  {pipeline}" if len(pipelines) > 1 else "")
        endings.append(release(emulation, pipeline))
    return next((code for code in (1, FOUND) if code in endings), 0)


def release(emulation: Emulation, pipeline: str) -> int:
    """Run a pipeline as its folder defines it, unless a green run of the same digest is there; then release it.

    A run that goes on since an earlier call was cut off is followed, not submitted again.

    A pipeline without release.yml is run, and that is all.

    Returns: 0 released, 3 the gate closed, 1 the run failed.
    Raises: UserError: the run could not be submitted, or its release was refused.
    """
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.job.digest import job_digest
    from plumbline.ops.job.release_run import (
        find_going_run,
        find_green_run,
        folder_definition,
        release_job,
        submit_and_watch,
        watch_run,
    )
    from plumbline.ops.release.approval import approvals_of, counting
    from plumbline.ops.release.candidate_reading import read_candidate
    from plumbline.ops.target import enter_target

    session = AzureSession(enter_target("local"))
    definition = folder_definition(emulation.project / "pipelines" / pipeline)
    digest = job_digest(release_job(definition))
    green = find_green_run(session, digest)
    if green is not None:
        job = str(green["name"])
        click.echo(f"Run       {job} of the same digests is green already: nothing was submitted.")
    else:
        going = find_going_run(session, digest)
        if going is not None:
            click.echo(f"Run       {going['name']} of the same digests goes on: it is followed.")
            outcome = watch_run(session, str(going["name"]))
        else:
            outcome = submit_and_watch(session, definition)
        job = str(outcome.job["name"])
        if outcome.exit_code != 0:
            evidence = _plumbline(emulation, "evidence", "write", job)
            click.echo(f"Evidence  {os.path.relpath(evidence['html'])}\nNo model was registered.")
            return outcome.exit_code
    if definition.pipeline.release is None:
        evidence = _plumbline(emulation, "evidence", "write", job)
        click.echo(f"Evidence  {os.path.relpath(evidence['html'])}\nNo release.yml: no model was registered.")
        return 0
    candidate = read_candidate(session, job)
    found = approvals_of(session, pipeline=candidate.pipeline, digest=candidate.digest)
    counted = counting(found, candidate.authors)
    if counted is None:
        _plumbline(emulation, "model", "approve", job, "--allow-uncommitted", principal=APPROVER)
    model = _plumbline(emulation, "model", "register", job, "--allow-uncommitted", principal=RELEASER)
    evidence = _plumbline(emulation, "evidence", "write", job)
    click.echo(f"Approved  by {evidence['approver']} (a rehearsal: nobody looked)")
    click.echo(f"Model     {model['name']}:{model['version']}")
    click.echo(f"Evidence  {os.path.relpath(evidence['html'])}")
    return 0


def _plumbline(emulation: Emulation, *words: str, principal: str | None = None) -> dict[str, Any]:
    """Run one of our own commands as a person would, and answer its JSON."""
    program = str(Path(sys.executable).parent / "plumbline")
    runner = emulation.acting_as(principal) if principal else emulation
    answer = runner.read([program, *words, "--stack", "local", "--output", "json"])
    if answer.returncode != 0:
        raise UserError(f"plumbline {' '.join(words)}: {answer.stderr.strip()}")
    document: dict[str, Any] = json.loads(answer.stdout)
    return document
