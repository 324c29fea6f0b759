"""What the service fills into the addresses of inputs: the default datastore at submission, the run's name at its start.

Source: learn, "SDK and CLI v2 expressions", server expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.step_plan import JobPlan, Source, Uri


def with_datastore(plan: JobPlan, name_of: Callable[[], str]) -> JobPlan:
    """Return a plan whose inputs say `${{default_datastore}}` by its name.

    Args:
        name_of: Looks the name up: the pipeline's, else the workspace's. Asked only where an input says the macro.
    """

    def value_of(parts: tuple[str, ...]) -> str | None:
        return name_of() if parts == ("default_datastore",) else None

    def filled(sources: Mapping[str, Source]) -> dict[str, Source]:
        return {
            name: replace(one, uri=binding.fill(one.uri, value_of)) if isinstance(one, Uri) else one
            for name, one in sources.items()
        }

    steps = tuple(replace(step, inputs=filled(step.inputs)) for step in plan.steps)
    return replace(plan, steps=steps, inputs=filled(plan.inputs))


def with_run(source: Uri, run: str) -> Uri:
    """Return an input whose address says `${{name}}` as the name of the run that reads it, also in a pipeline's input."""
    return replace(source, uri=binding.fill(source.uri, lambda parts: run if parts == ("name",) else None))
