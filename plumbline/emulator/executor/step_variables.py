"""What a step finds in its environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.run import Run
from plumbline.emulator.executor.step_folder import StepFolder, base_variables
from plumbline.emulator.executor.step_plan import StepPlan
from plumbline.emulator.executor.tracking import tracking_variables
from plumbline.emulator.store import Resource


def step_variables(
    parts: ExecutorParts,
    workspace: Resource,
    run: Run,
    plan: StepPlan,
    folder: StepFolder,
    *,
    binaries: Path,
    inputs: Mapping[str, str | None],
    outputs: Mapping[str, str],
) -> tuple[dict[str, str], str]:
    """Return the variables, and the token of the step's own that is among them.

    Args:
        binaries: the private environment's bin folder.
        inputs, outputs: what the command gets for them.
    """

    def value_of(names: tuple[str, ...]) -> str | None:
        if names[0] == "inputs" and len(names) > 1:
            return inputs.get(names[1]) or ""
        return outputs.get(names[1]) if names[0] == "outputs" and len(names) > 1 else None

    tracking, token = tracking_variables(parts.emulator, workspace, run, str(folder.certificates))
    variables = {
        **base_variables(folder, binaries),
        # Bash takes it as it is, so that `pwd` has no blank either where the folder is reached by a link.
        "PWD": str(folder.work),
        **tracking,
        **{f"AZURE_ML_INPUT_{name}": value for name, value in inputs.items() if value is not None},
        **{f"AZURE_ML_OUTPUT_{name}": value for name, value in outputs.items()},
        **{name: binding.fill(value, value_of) for name, value in plan.environment_variables.items()},
    }
    return variables, token
