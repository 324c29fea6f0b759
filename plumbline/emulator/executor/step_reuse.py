"""The results of an earlier, equal step, if they still lie where it left them."""

from __future__ import annotations

import threading
import time

from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.run import Run
from plumbline.emulator.executor.storage import Tree
from plumbline.emulator.store import Resource


class RunningTwins:
    """Which steps of a job do the same right now: the second of two equal steps takes the first one's results.

    Source: azure-ai-ml's own end-to-end tests (azureml.isreused on one of two equal steps of one pipeline).
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._first: dict[str, tuple[str, threading.Event]] = {}

    def before(self, key: str, path: str) -> threading.Event | None:
        """Return the end of the running step that has this reuse key; None when this one is the first."""
        with self._guard:
            first, ended = self._first.get(key, ("", threading.Event()))
            if first and first != path and not ended.is_set():
                return ended
            self._first[key] = (path, threading.Event())
        return None

    def ended(self, path: str) -> None:
        """Let those go on that wait for a step, however it ended."""
        with self._guard:
            for first, ended in self._first.values():
                if first == path:
                    ended.set()


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
    run.outputs = {
        name: {key: value for key, value in kept.items() if key != "assets"}
        for name, kept in earlier.outputs.items()
    }
    run.started_at = time.time()
    run.properties |= {
        "azureml.isreused": "true",
        "azureml.reusedrunid": earlier.name,
        "azureml.reusednodeid": earlier.properties.get("azureml.nodeid", ""),
        "azureml.reusedpipeline": earlier.root,
        "azureml.reusedpipelinerunid": earlier.root,
    }
