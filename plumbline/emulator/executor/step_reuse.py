"""The results of an earlier, equal step, if they still lie where it left them."""

from __future__ import annotations

import time

from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.run import Run
from plumbline.emulator.executor.storage import Tree
from plumbline.emulator.store import Resource


def earlier_results(
    parts: ExecutorParts, workspace: Resource, key: str
) -> tuple[Run, dict[str, Tree]] | None:
    """Return the run that has the results for a reuse key, with its outputs; None when there is none.

    Raises: Unreachable: an output's datastore is gone.
    """
    earlier = parts.runs.recall(workspace.id, key)
    if earlier is None or earlier.status != "Completed":
        return None
    trees: dict[str, Tree] = {}
    for name, kept in earlier.outputs.items():
        tree = parts.storage.tree(parts.storage.locate(workspace, kept["uri"]))
        if tree.digest != kept["digest"]:
            return None  # somebody changed or removed them since
        trees[name] = tree
    return earlier, trees


def take_results(run: Run, earlier: Run) -> None:
    """Make a run say that it has another's results."""
    run.outputs = earlier.outputs
    run.started_at = time.time()
    run.properties |= {
        "azureml.isreused": "true",
        "azureml.reusedrunid": earlier.name,
        "azureml.reusedpipelinerunid": earlier.root,
        "azureml.reusednodeid": earlier.path,
    }
