"""What a job consists of once every reference is followed: steps, their inputs and outputs, and the groups they are in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LITERAL_TYPES = frozenset({"string", "number", "integer", "boolean", "literal"})
FILE_TYPES = LITERAL_TYPES | {"uri_file", "mltable_file"}
"""Outputs that are one file. A value is a file that holds it as text, as mldesigner writes it."""


@dataclass(frozen=True, kw_only=True)
class Literal:
    """A parameter's value, as text."""

    value: str


@dataclass(frozen=True, kw_only=True)
class Uri:
    """Data that is there before the job.

    Args:
        uri: As the job names it: an asset, a datastore path, a job's output, an address.
        below: What a binding adds to it: `${{parent.inputs.folder}}/one.csv` is a file below the folder.
        type: uri_file, uri_folder, mltable, mlflow_model, ...
        mode: Azure's name, for example ReadOnlyMount, Download, Direct.
    """

    uri: str
    type: str
    mode: str = "ReadOnlyMount"
    below: str = ""


@dataclass(frozen=True, kw_only=True)
class Produced:
    """What another step of the same job writes.

    Args:
        type: As the component that writes it declares; a value (string, integer, ...) may feed a literal input.
        below: As for `Uri`.
    """

    step: str
    output: str
    type: str = "uri_folder"
    mode: str = "ReadOnlyMount"
    below: str = ""


Source = Literal | Uri | Produced | None
"""None: an optional input that is not set."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A data asset or model that an output becomes when its step has completed.

    Args:
        version: Empty for the next number.
        type: As the job says it; empty where it leaves that to the component.
    """

    name: str
    version: str
    type: str


@dataclass(frozen=True, kw_only=True)
class OutputPlan:
    """Where an output goes.

    Args:
        uri: Declared path, macros not filled in yet; empty for the default.
        registrations: What it becomes: the node's own and its pipeline's.
        folder: What `${{output_name}}` stands for when it is not the output's own name: the name of the pipeline's
            output that it is bound to.
    """

    type: str
    mode: str = "ReadWriteMount"
    uri: str = ""
    registrations: tuple[Registration, ...] = ()
    folder: str = ""


@dataclass(frozen=True, kw_only=True)
class StepPlan:
    """One command to run.

    Args:
        path: Unique in the job; "outer/inner" for a step of a nested pipeline component.
        component_id: Full ARM id of the component version; empty for a command job. component_sha256: of its stored
            spec as canonical JSON. component_name, component_version: as its spec says them, which differ from the id's
            for an anonymous one.
        notes: What of the step is not emulated; its run says so as warnings.
        identity: {"type": "managed"} with what it is chosen by, for a step with a managed identity.
        driver: Name of a program of the executor's own that the command starts, in place of what Azure's image brings.
    """

    path: str
    component_id: str
    component_sha256: str
    display_name: str
    command: str
    code_id: str
    environment_id: str
    compute_id: str
    inputs: dict[str, Source]
    input_types: dict[str, str]
    outputs: dict[str, OutputPlan]
    environment_variables: dict[str, str] = field(default_factory=dict)
    distribution: dict[str, Any] = field(default_factory=dict)
    instance_count: int = 1
    timeout_seconds: float | None = None
    is_deterministic: bool = True
    notes: tuple[str, ...] = ()
    component_name: str = ""
    component_version: str = ""
    identity: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    driver: str = ""

    @property
    def depends_on(self) -> set[str]:
        """Paths of the steps whose outputs this one reads."""
        return {source.step for source in self.inputs.values() if isinstance(source, Produced)}


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """What makes steps the trials of a sweep: those of a sweep job, or those below a sweep that is a pipeline's step.

    Args:
        metric: Decides which trial is the best: the largest or the smallest value that one logged.
        at_once: Trials that may run at the same time.
        notes: What of the sweep is not emulated; its run says so as warnings.
        step: The step that every trial is a copy of, whose outputs the best trial's become; None in a sweep job.
    """

    metric: str
    maximize: bool
    at_once: int
    notes: tuple[str, ...] = ()
    step: StepPlan | None = None


@dataclass(frozen=True, kw_only=True)
class GroupPlan:
    """A nested pipeline component, or a sweep as a step: it runs nothing itself, its steps or trials do."""

    path: str
    component_id: str
    display_name: str
    component_name: str = ""
    component_version: str = ""
    outputs: dict[str, Produced] = field(default_factory=dict)
    sweep: SweepPlan | None = None


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """All steps of a job, each after those that it depends on."""

    steps: tuple[StepPlan, ...]
    groups: tuple[GroupPlan, ...] = ()
    outputs: dict[str, Produced] = field(default_factory=dict)
    inputs: dict[str, Source] = field(default_factory=dict)
    continue_on_step_failure: bool = True
    force_rerun: bool = False
    default_datastore: str = ""
    sweep: SweepPlan | None = None

    @property
    def sweeps(self) -> dict[str, SweepPlan]:
        """Return the sweeps by path: the job itself (an empty path), or steps of it."""
        own = {"": self.sweep} if self.sweep else {}
        return own | {group.path: group.sweep for group in self.groups if group.sweep}
