"""The run between a nested pipeline's and its steps: the graph inside it. With the noise `nested_level` only.

Source: code of Microsoft's that compares runs; in no recording.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from plumbline.emulator.executor.run import Run
from plumbline.emulator.routing import Call

_NOISE = "nested_level"
# Turns the GUID of a nested pipeline's run into that of its graph, and back.
_MASK = uuid.UUID("5c8f2f6e-0000-0000-a5a5-19d3b1c07e44").int


def graph_of(call: Call, run: Run) -> Run | None:
    """Return the graph inside a nested pipeline's run; None when it has none of its own."""
    if run.kind != "group" or not call.emulator.noises.has(_NOISE):
        return None
    properties = {"azureml.runsource": "azureml.PipelineRun", "runSource": "SubGraphCloud"}
    return replace(run, name=_other(run.name), parent=run.name, properties=properties, outputs={})


def named_graph(call: Call, workspace_id: str, name: str) -> Run | None:
    """Return the graph that a name stands for."""
    try:
        run = call.emulator.executor.runs.get(workspace_id, _other(name))
    except ValueError:
        return None
    return graph_of(call, run) if run is not None else None


def _other(name: str) -> str:
    return str(uuid.UUID(int=uuid.UUID(name).int ^ _MASK))
