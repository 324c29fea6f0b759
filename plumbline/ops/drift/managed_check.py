"""What the program declares, held against what is live: by the engine, or by the memory of a clean check."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.absorbed import asked_otherwise
from plumbline.ops.drift.clean_check import is_remembered, program_digest, remember
from plumbline.ops.drift.engine_call import program_plan
from plumbline.ops.drift.finding import Finding
from plumbline.ops.drift.live_plan import live_plan
from plumbline.ops.drift.program_wish import with_program
from plumbline.ops.drift.refresh_plan import findings as plan_findings
from plumbline.ops.drift.stack_state import StackState
from plumbline.ops.drift.unmanaged import not_created
from plumbline.ops.errors import UserError
from plumbline.ops.stack_file import project_root

# Steps of a plan that change nothing.
_NOTHING = frozenset({"same", "read", "refresh"})


@dataclass(frozen=True, kw_only=True)
class Managed:
    """The part of a check that is about what the program declares.

    Attributes:
        findings: What changed, is gone or was never created.
        candidates: What the program asks for otherwise than state and cloud have it: not applied yet, or taken over.
        problem: Why the program could not be asked, None when it could.
    """

    findings: list[Finding] = field(default_factory=list)
    candidates: list[Finding] = field(default_factory=list)
    problem: str | None = None


def managed_check(
    session: AzureSession, stack: str, document: Mapping[str, Any], state: StackState
) -> Managed:
    """Compare; the engine is not asked again what it answered with nothing, and nothing of that changed since.

    Args:
        document: The exported state, as `state` was read from it.
    Raises: UserError: a resource cannot be read.
    """
    project = project_root()
    told = program_digest(document, project)
    asks_nothing = is_remembered(project, stack, told)
    with ThreadPoolExecutor(max_workers=1) as pool:
        # It reads nothing of what is live, so that it need not wait for that.
        planning = None if asks_nothing else pool.submit(program_plan, stack)
        changed = plan_findings(live_plan(session, stack, document, project=project))
        problem, program = None, {}
        try:
            program = planning.result() if planning else {}
        except UserError as error:
            problem = str(error)
    missing, candidates = not_created(program, state.resources), asked_otherwise(program, changed)
    if problem is None and not any(step["op"] not in _NOTHING for step in program.get("steps", ())):
        remember(project, stack, told)
    return Managed(
        findings=[*with_program(changed, program), *missing], candidates=candidates, problem=problem
    )
