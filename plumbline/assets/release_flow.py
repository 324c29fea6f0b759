"""Where a release's parts come from in a job's graph, held against what its contract says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.assets.contract import GateContract, StepOutput
from plumbline.assets.graph import Edge, graph_of_jobs

_PARENT_INPUT = re.compile(r"^\$\{\{\s*parent\.inputs\.([^.\s}]+)\s*\}\}$")
_PARENT_OUTPUT = re.compile(r"^\$\{\{\s*parent\.outputs\.([^.\s}]+)\s*\}\}$")


@dataclass(frozen=True, kw_only=True)
class FlowFault:
    """What in a job is not as its contract says.

    Attributes:
        member: Field of ``release.yml`` that the job does not fit.
        where: Field of the job.
    """

    member: tuple[str, ...]
    where: str
    got: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: got {self.got}, expected {self.expected}"


@dataclass(frozen=True, kw_only=True)
class ReleaseFlow:
    """Where the parts of a release come from, as far as the graph says.

    Attributes:
        contract: What the parts are; None when nothing says it: then every part is empty.
        thresholds: Reference of the registered data asset that the gate got.
        model: The step that made the model, and `model_output`, the job's output that holds it.
        faults: What is not as a release needs it.
    """

    contract: GateContract | None = None
    evaluation: StepOutput | None = None
    verdict: StepOutput | None = None
    thresholds: str | None = None
    model: StepOutput | None = None
    model_output: str | None = None
    faults: tuple[FlowFault, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """The faults as texts."""
        return tuple(str(fault) for fault in self.faults)


def release_flow(job: Mapping[str, Any], contract: GateContract) -> ReleaseFlow:
    """Read a canonical job."""
    jobs = job.get("jobs") or {}
    faults: list[FlowFault] = []
    edges = graph_of_jobs(jobs).edges
    model_output = _model_output(job, contract, faults)
    model = _source_of(model_output, jobs, faults) if model_output else None
    gate = contract.gate
    if gate not in jobs:
        faults.append(
            FlowFault(
                member=("gate", "step"), where="jobs", got=f"no step {gate}",
                expected="one that fails when the verdict says no",
            )
        )  # fmt: skip
        return ReleaseFlow(contract=contract, model=model, model_output=model_output, faults=tuple(faults))
    evaluation = _read_by_gate(edges, contract, "evaluation", contract.evaluation, faults)
    verdict = _read_by_gate(edges, contract, "verdict", contract.verdict, faults)
    if evaluation and model and not _reads(edges, evaluation.step, model):
        faults.append(
            FlowFault(
                member=("evaluation", "step"), where=f"jobs.{evaluation.step}",
                got=f"no input from {model.step}.{model.output}",
                expected="the model that is released: it evaluated another one",
            )
        )  # fmt: skip
    return ReleaseFlow(
        contract=contract,
        evaluation=evaluation,
        verdict=verdict,
        thresholds=_thresholds(job, contract, faults),
        model=model,
        model_output=model_output,
        faults=tuple(faults),
    )


def _model_output(job: Mapping[str, Any], contract: GateContract, faults: list[FlowFault]) -> str | None:
    name = contract.model_output
    value = (job.get("outputs") or {}).get(name)
    if isinstance(value, Mapping) and str(value.get("type", "")).endswith("_model"):
        return name
    got = f"type {value.get('type')}" if isinstance(value, Mapping) else "no such output"
    faults.append(
        FlowFault(
            member=("model", "output"), where=f"outputs.{name}", got=got, expected="an output of a model type"
        )
    )
    return None


def _source_of(output: str, jobs: Mapping[str, Any], faults: list[FlowFault]) -> StepOutput | None:
    """The one step that writes a job's output: of several the service keeps one, and does not say which."""
    sources = [
        StepOutput(step=step, output=name)
        for step, node in jobs.items()
        for name, value in (node.get("outputs") or {}).items()
        if (found := _PARENT_OUTPUT.match(_text(value))) and found.group(1) == output
    ]
    if len(sources) != 1:
        names = ", ".join(f"{one.step}.{one.output}" for one in sources)
        got = f"{len(sources)} steps that write it ({names})" if sources else "no step that writes it"
        faults.append(
            FlowFault(member=("model", "output"), where=f"outputs.{output}", got=got, expected="one")
        )
    return sources[0] if sources else None


def _read_by_gate(
    edges: tuple[Edge, ...],
    contract: GateContract,
    what: str,
    wanted: StepOutput,
    faults: list[FlowFault],
) -> StepOutput | None:
    """What the gate judges must be what is judged again."""
    if _reads(edges, contract.gate, wanted):
        return wanted
    faults.append(
        FlowFault(
            member=(what, "output"), where=f"jobs.{contract.gate}.inputs",
            got=f"no input from {wanted.step}.{wanted.output}", expected=f"the {what} that is judged",
        )
    )  # fmt: skip
    return None


def _reads(edges: tuple[Edge, ...], step: str, source: StepOutput) -> bool:
    return any(
        edge.target == step and edge.source == source.step and edge.output == source.output for edge in edges
    )


def _thresholds(job: Mapping[str, Any], contract: GateContract, faults: list[FlowFault]) -> str | None:
    inputs = job["jobs"][contract.gate].get("inputs") or {}
    text = _text(inputs.get(contract.thresholds_input))
    found = _PARENT_INPUT.match(text)
    if found:
        text = _text((job.get("inputs") or {}).get(found.group(1)))
    if text and not text.startswith("${{"):
        return text
    faults.append(
        FlowFault(
            member=("gate", "thresholds"), where=f"jobs.{contract.gate}.inputs.{contract.thresholds_input}",
            got=text or "nothing", expected="a registered data asset",
        )
    )  # fmt: skip
    return None


def _text(value: Any) -> str:
    """The text of a binding or reference, in the short form or under `path`."""
    if isinstance(value, Mapping):
        value = value.get("path")
    return value if isinstance(value, str) else ""
