"""What a step reads: literals as text, data as what lies at its address right now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from plumbline.emulator.executor.step_error import StepFailed
from plumbline.emulator.executor.step_plan import Literal, Produced, StepPlan, Uri
from plumbline.emulator.executor.storage import Storage, Tree

if TYPE_CHECKING:
    from plumbline.emulator.executor.job import JobExecution


def resolve_inputs(
    storage: Storage, job: JobExecution, plan: StepPlan, warn: Callable[[str], None]
) -> dict[str, str | Tree | None]:
    """Return each input's text (a literal, or data given as its address), content, or None when it is not set.

    Raises: StepFailed: nothing lies at an address. Unreachable: it leads nowhere.
    """
    found: dict[str, str | Tree | None] = {}
    for name, source in plan.inputs.items():
        if isinstance(source, Literal):
            found[name] = source.value
        elif isinstance(source, Produced):
            found[name] = job.output(source.step, source.output)
        elif isinstance(source, Uri):
            found[name] = (
                source.uri if source.mode == "Direct" else _content(storage, job, name, source, warn)
            )
        else:
            found[name] = None
    return found


def with_addresses(
    plan: StepPlan, inputs: Mapping[str, str | Tree | None]
) -> tuple[dict[str, str | Tree | None], dict[str, str | Tree | None]]:
    """Return what the step gets, with other steps' outputs as addresses where it asks for them, and what decides
    whether it is reused: the address and what lies there.
    """
    given, deciding = dict(inputs), dict(inputs)
    for name, source in plan.inputs.items():
        tree = inputs[name]
        if isinstance(source, Produced) and source.mode == "Direct" and isinstance(tree, Tree):
            given[name] = tree.location.uri
            deciding[name] = f"{tree.location.uri} {tree.digest}"
    return given, deciding


def _content(
    storage: Storage, job: JobExecution, name: str, source: Uri, warn: Callable[[str], None]
) -> Tree:
    fixture = storage.fixture(source.uri)
    if fixture is not None:
        where = storage.artifacts(job.workspace, f"{job.name}/remote_inputs/{name}")
        warn(f"input {name}: the local copy {fixture.name} stands for {source.uri} (remote_inputs.yaml)")
        return storage.upload(where, fixture)
    tree = storage.tree(storage.locate(job.workspace, source.uri, source.type))
    if not tree.files:
        raise StepFailed(f"input {name}: nothing lies at {source.uri} ({tree.location.uri}).", reason="input")
    return tree
