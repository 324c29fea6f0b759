"""The end of `plumbline local up`: a pipeline's run, its verdict, a rehearsed approval, the model, the evidence."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from plumbline.ops.emulation import Emulation
from plumbline.ops.errors import UserError

# Whoever approves must not be whoever submitted: here two of the emulator's seeded people stand in for a team.
APPROVER = "bob"


def release(emulation: Emulation, pipeline: str) -> int:
    """Run a pipeline as its folder defines it, unless a green run of the same digest is there; then release it.

    Returns: 0 released, 3 the gate closed, 1 the run failed.
    Raises: UserError: the run could not be submitted, or its release was refused.
    """
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.job.digest import job_digest
    from plumbline.ops.job.release_run import find_green_run, folder_definition, release_job, submit_and_watch
    from plumbline.ops.release.approval import approvals_of, counting
    from plumbline.ops.release.candidate_reading import read_candidate
    from plumbline.ops.target import enter_target

    session = AzureSession(enter_target("local"))
    definition = folder_definition(emulation.project / "pipelines" / pipeline)
    green = find_green_run(session, job_digest(release_job(definition)))
    if green is not None:
        job = str(green["name"])
        click.echo(f"Run       {job} of the same digests is green already: nothing was submitted.")
    else:
        outcome = submit_and_watch(session, definition)
        job = str(outcome.job["name"])
        if outcome.exit_code != 0:
            evidence = _plumbline(emulation, "evidence", "write", job)
            click.echo(f"Evidence  {os.path.relpath(evidence['html'])}\nNo model was registered.")
            return outcome.exit_code
    candidate = read_candidate(session, job)
    found = approvals_of(session, pipeline=candidate.pipeline, digest=candidate.digest)
    counted = counting(found, candidate.authors)
    if counted is None:
        _plumbline(emulation, "model", "approve", job, "--allow-uncommitted", principal=APPROVER)
    model = _plumbline(emulation, "model", "register", job, "--allow-uncommitted")
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
