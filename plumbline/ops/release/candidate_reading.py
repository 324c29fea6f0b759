"""Reads a run as a candidate for release from what is live; what is missing is said, not raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from plumbline.assets import AssetKind
from plumbline.assets.contract import GateContract, StepOutput
from plumbline.assets.references import parse_reference
from plumbline.assets.release_flow import ReleaseFlow, release_flow
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.job.digest import live_job
from plumbline.ops.release.author import Author, author_of
from plumbline.ops.release.candidate import Candidate, pipeline_of
from plumbline.ops.release.contract import checkout_contract
from plumbline.ops.release.judgement import read_metrics, read_thresholds
from plumbline.ops.release.live_asset import LiveAsset, live_asset, steps_beside, thresholds_asset
from plumbline.ops.release.live_code import LiveCode
from plumbline.ops.release.step_account import step_account
from plumbline.ops.release.stored_files import KEPT_BYTES, StoredFile, StoredFiles
from plumbline.ops.release.terms import checkout_definitions
from plumbline.ops.run_history import ENDED, RunHistory, StepRun

MAX_DEPTH = 10


def read_candidate(session: AzureSession, name: str, *, contract: GateContract | None = None) -> Candidate:
    """Read an ended pipeline job.

    Args:
        contract: Optional. What it is judged by where this checkout has no release.yml of its pipeline.
    Raises: UserError: there is no such job, it is no pipeline job, it goes on, or its files cannot be read.
    """
    history = RunHistory(session)
    body = history.job(name)
    properties = body["properties"]
    if properties.get("jobType") != "Pipeline":
        raise UserError(f"job {name}: got a {properties.get('jobType')} job, expected a pipeline job.")
    if properties.get("status") not in ENDED:
        raise UserError(
            f"job {name}: got status {properties.get('status')}, expected an ended job. "
            f"Wait for it: plumbline job stream {name}"
        )
    return _Reading(session, history, body, contract).candidate()


class _Reading:
    """Reads the parts of one run; what is missing is said, not raised."""

    def __init__(
        self,
        session: AzureSession,
        history: RunHistory,
        body: Mapping[str, Any],
        contract: GateContract | None,
    ) -> None:
        self._session = session
        self._history = history
        self._files = StoredFiles(session)
        self._code = LiveCode(session)
        self._body = body
        self._job = live_job(body)
        self._undefined = history.undefined(body)
        pipeline = pipeline_of(self._job)
        contract = checkout_contract(pipeline) or contract
        unknown = self._undefined or contract is None
        self._flow = ReleaseFlow() if unknown or contract is None else release_flow(self._job, contract)
        self._known = checkout_definitions(pipeline)
        self._problems = list(self._flow.problems)
        if contract is None and not self._undefined:
            self._problems.append(no_contract(pipeline))
        self._steps = self._read_steps()
        if self._undefined:
            self._problems.append(self._undefined_problem(self._undefined))

    def candidate(self) -> Candidate:
        """Everything, assets side by side."""
        flow, nodes = self._flow, self._job.get("jobs") or {}
        components = {step: str(node.get("component") or "") for step, node in nodes.items()}
        data = self._data_references()
        found = self._assets(("component", one) for one in components.values())
        found_data = self._assets(("data", one) for one in data.values())
        evaluation = self._written(flow.evaluation)
        metrics = self._metrics(evaluation)
        verdict = self._only(self._written(flow.verdict), "verdict")
        thresholds, threshold_bytes = self._thresholds()
        model = self._written(flow.model)
        if model is not None and not model:
            self._problems.append("model: got no file in it, expected at least one")
        model_files = _digests(model)
        self._compare_model(metrics, model_files)
        return Candidate(
            body=self._body,
            job=self._job,
            steps=tuple(self._steps.values()),
            flow=flow,
            authors=self._authors(),
            components=self._with_inner(dict(zip(components, found, strict=True))),
            data=dict(zip(data, found_data, strict=True)),
            metrics=metrics,
            evaluation_files=_digests(evaluation),
            verdict=verdict,
            verdict_uri=self._uri(flow.verdict),
            thresholds=thresholds,
            threshold_bytes=threshold_bytes,
            model_files=model_files,
            output_files=self._output_files(model_files),
            problems=tuple(self._problems),
            undefined=self._undefined,
        )

    def _undefined_problem(self, why: str) -> str:
        """What cannot be judged, and what the run's own record shows all the same."""
        ran = [
            f"{run.step} ({run.component or 'component unknown'}) {run.status}"
            for run in self._steps.values()
            if not run.is_group
        ]
        return (
            f"{why}; expected the definition that it ran. Its own record shows {', '.join(ran) or 'no step'}, "
            "but not how the steps were connected, nor which data they read"
        )

    def _read_steps(self) -> dict[str, StepRun]:
        """Step -> run. Run history knows steps by names that anybody may change afterwards: what they ran must fit."""
        runs = self._history.steps(self._body)
        for step, count in Counter(run.step for run in runs).items():
            if count > 1:
                self._problems.append(f"steps.{step}: got {count} runs of this name, expected one")
        for run in runs:
            nodes = steps_beside(run.step, self._job, self._known)
            node = nodes.get(run.step.rpartition("/")[2])
            if node is None and nodes:
                self._problems.append(
                    f"steps.{run.step}: got run {run.name} of it, expected one of the job's steps: {', '.join(nodes)}"
                )
            address = parse_reference(str(node.get("component") or "")) if node else None
            expected = f"{address.name}:{address.version}" if address and address.version else None
            if run.component and expected and run.component.lower() != expected.lower():
                self._problems.append(
                    f"steps.{run.step}: got run {run.name} of {run.component}, expected one of {expected}"
                )
        return {run.step: run for run in runs}

    def _assets(self, wanted: Iterable[tuple[AssetKind, str]]) -> list[LiveAsset]:
        found = self._session.side_by_side(
            lambda entry: live_asset(self._session, *entry, code=self._code, known=self._known), list(wanted)
        )
        known = set(self._problems)
        self._problems += dict.fromkeys(
            one.problem for one in found if one.problem and one.problem not in known
        )
        return found

    def _with_inner(self, components: dict[str, LiveAsset]) -> dict[str, LiveAsset]:
        """Components with those that pipeline components run, under the paths that run history gives their steps.

        A parent's hash stands for its children, not for where their code lies.
        """
        found, level = dict(components), dict(components)
        for _ in range(MAX_DEPTH):
            inner = {
                f"{path}/{step}": one for path, parent in level.items() for step, one in parent.inner.items()
            }
            references = list(dict.fromkeys(inner.values()))
            assets = dict(
                zip(references, self._assets(("component", one) for one in references), strict=True)
            )
            level = {path: assets[one] for path, one in inner.items()}
            found |= level
        if level:
            self._problems.append(
                f"jobs: got pipelines more than {MAX_DEPTH} deep within each other, expected fewer"
            )
        return found

    def _data_references(self) -> dict[str, str]:
        inputs = self._job.get("inputs") or {}
        typed = {name: str(value.get("path")) for name, value in inputs.items() if isinstance(value, Mapping)}
        for name, path in typed.items():
            if parse_reference(path) is None:
                self._problems.append(f"inputs.{name}: got {path}, expected a registered data asset")
        return {name: path for name, path in typed.items() if parse_reference(path) is not None}

    def _uri(self, source: StepOutput | None) -> str | None:
        step = self._steps.get(source.step) if source else None
        if source is None or step is None or step.status != "Completed":
            return None
        return self._history.outputs(step.name).get(source.output)

    def _written(self, source: StepOutput | None) -> dict[str, StoredFile] | None:
        """An output's files as they are now, held against what is kept of their step; None without the output."""
        uri = self._uri(source)
        if source is None or uri is None:
            return None
        files = self._files.stored(uri)
        account = step_account(self._session, self._history, self._files, self._steps[source.step])
        self._problems += account.differences(source.output, files)
        return files

    def _only(self, files: Mapping[str, StoredFile] | None, what: str) -> bytes | None:
        if files is None:
            return None
        if len(files) != 1:
            self._problems.append(f"{what}: got {len(files)} files, expected one")
            return None
        content = next(iter(files.values())).content
        if content is None:
            self._problems.append(f"{what}: got more than {KEPT_BYTES} bytes, expected a small file")
        return content

    def _metrics(self, evaluation: Mapping[str, StoredFile] | None) -> bytes | None:
        if evaluation is None:
            return None
        file = self._metrics_file
        content = self._only({name: one for name, one in evaluation.items() if name == file}, file)
        if content is not None:
            try:
                read_metrics(content)
            except ValueError as error:
                self._problems.append(f"{file}: {error}")
        return content

    @property
    def _metrics_file(self) -> str:
        return self._flow.contract.metrics if self._flow.contract else ""

    def _thresholds(self) -> tuple[LiveAsset | None, bytes | None]:
        if self._flow.thresholds is None:
            return None, None
        found, content = thresholds_asset(self._session, self._flow.thresholds)
        if found.problem and found.problem not in self._problems:
            self._problems.append(found.problem)
        if content is not None:
            try:
                read_thresholds(content)
            except ValueError as error:
                self._problems.append(f"thresholds {found.reference}: {error}")
        return found, content

    def _output_files(self, model: Mapping[str, str] | None) -> dict[str, str] | None:
        """What lies at the job's output: a registration names that, and the service alone knows which step filled it."""
        output = self._flow.model_output
        if output is None or model is None:
            return None
        uri = self._history.outputs(str(self._body["name"])).get(output)
        if uri is None:
            self._problems.append(
                f"outputs.{output}: got no address of it, expected the model that is released"
            )
            return None
        if uri == self._uri(self._flow.model):
            return dict(model)
        found = _digests(self._files.stored(uri)) or {}
        for name in sorted({*found, *model}):
            if found.get(name) != model.get(name):
                self._problems.append(
                    f"outputs.{output}: {name}: got sha256 {found.get(name)}, expected {model.get(name)} as the model "
                    "that was evaluated has it"
                )
        return found

    def _compare_model(self, metrics: bytes | None, model: Mapping[str, str] | None) -> None:
        """Metrics that say which files they were measured of must mean this model."""
        try:
            inputs = read_metrics(metrics).get("inputs") if metrics is not None else None
        except ValueError:
            return
        for file, digest in inputs.items() if isinstance(inputs, Mapping) and model else ():
            if file in (model or {}) and model and model[file] != digest:
                self._problems.append(
                    f"model {file}: got sha256 {model[file]}, expected {digest}, of which {self._metrics_file} speaks"
                )

    def _authors(self) -> tuple[Author, ...]:
        jobs = [self._body]
        for source in (self._flow.model, self._flow.evaluation):
            step = self._steps.get(source.step) if source else None
            if step and step.reused_job and step.reused_job not in {str(one["name"]) for one in jobs}:
                jobs.append(self._history.job(step.reused_job))
        return tuple(author_of(one, self._runs_of(str(one["name"]))) for one in jobs)

    def _runs_of(self, job: str) -> list[Mapping[str, Any] | None]:
        return [self._history.row(job), *self._history.step_rows(job)]


def no_contract(pipeline: str) -> str:
    """Why a run of a pipeline is not judged."""
    return (
        f"release.yml: got none of pipeline {pipeline} that can be read in this checkout, expected one that names gate, "
        "evaluation and model"
    )


def _digests(files: Mapping[str, StoredFile] | None) -> dict[str, str] | None:
    return {name: file.sha256 for name, file in files.items()} if files is not None else None
