"""What a step reads: literals as text, data as what lies at its address right now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from plumbline.emulator.executor.input_check import literal_problems
from plumbline.emulator.executor.input_macros import with_run
from plumbline.emulator.executor.step_error import StepFailed
from plumbline.emulator.executor.step_plan import LITERAL_TYPES, Literal, Produced, StepPlan, Uri
from plumbline.emulator.executor.storage import Storage, Tree

if TYPE_CHECKING:
    from plumbline.emulator.executor.job import JobExecution


def resolve_inputs(
    storage: Storage, job: JobExecution, plan: StepPlan, run: str, warn: Callable[[str], None]
) -> dict[str, str | Tree | None]:
    """Return each input's text (a literal, or data given as its address), content, or None when it is not set.

    Args:
        run: Name of the step's run, which `${{name}}` in an address is, also where the pipeline's input says it.
    Raises: StepFailed: nothing lies at an address. Unreachable: it leads nowhere.
    """
    found: dict[str, str | Tree | None] = {}
    for name, source in plan.inputs.items():
        if isinstance(source, Literal):
            found[name] = source.value
        elif isinstance(source, Produced):
            found[name] = _produced(storage, job, name, source, plan.input_types.get(name, ""))
        elif isinstance(source, Uri):
            data = with_run(source, run)
            direct = "/".join(filter(None, (data.uri.rstrip("/"), data.below))) if data.below else data.uri
            found[name] = direct if data.mode == "Direct" else _content(storage, job, name, data, warn)
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


def _produced(storage: Storage, job: JobExecution, name: str, source: Produced, wanted: str) -> str | Tree:
    """Return what an earlier step wrote: its folder or file, or for a literal input the value that the file holds.

    Source: mldesigner, `ComponentExecutor.finalize`: a value is written as text to the output's path, or to the file
        `output` in it when that is a folder.
    """
    whole = job.output(source.step, source.output)
    tree = storage.tree(storage.below(whole.location, source.below)) if source.below else whole
    writer = f"output {source.output} of step {source.step}"
    if source.below and not tree.files:
        raise StepFailed(
            f"input {name}: nothing lies at {tree.location.uri}, below the {writer}.", reason="input"
        )
    if wanted not in LITERAL_TYPES:
        return tree
    blobs = list(tree.files.values())
    if len(blobs) != 1:
        raise StepFailed(
            f"input {name}: got no value from the {writer}, expected one of type {wanted}. A step gives a value by "
            f"writing it as text to ${{{{outputs.{source.output}}}}}.",
            reason="input",
        )
    value = storage.read(blobs[0]).decode("utf-8", errors="replace").strip()
    for problem in literal_problems({}, wanted, value):
        raise StepFailed(f"input {name}: {writer}: {problem}.", reason="input")
    return value


def _content(
    storage: Storage, job: JobExecution, name: str, source: Uri, warn: Callable[[str], None]
) -> Tree:
    fixture = storage.fixture(source.uri)
    if fixture is not None:
        where = storage.artifacts(job.workspace, f"{job.name}/remote_inputs/{name}")
        warn(f"input {name}: the local copy {fixture.name} stands for {source.uri} (remote_inputs.yaml)")
        return storage.upload(where, fixture)
    location = storage.locate(job.workspace, source.uri, source.type)
    tree = storage.tree(storage.below(location, source.below))
    if not tree.files:
        raise StepFailed(f"input {name}: nothing lies at {source.uri} ({tree.location.uri}).", reason="input")
    return tree
