"""Outputs that become assets: a data asset or model version for what a completed step wrote.

Source: learn, "Access data in a job" (outputs.NAME.name and .version); the answer's assetName and assetVersion are
recorded (test_register_output_yaml, 2023-10-27). That the version counts on where none is given, and that a version
which is there already fails the step, nobody has seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.run import Run
from plumbline.emulator.executor.step_error import StepFailed
from plumbline.emulator.executor.step_plan import OutputPlan, Registration, StepPlan
from plumbline.emulator.executor.storage import Tree
from plumbline.emulator.principals import Principal
from plumbline.emulator.store import Resource

MODEL_TYPES = frozenset({"mlflow_model", "custom_model", "triton_model"})


class OutputAssets:
    """Registers what the steps of one workspace wrote, with the rights of who submitted them."""

    def __init__(self, parts: ExecutorParts, workspace: Resource) -> None:
        """Args: workspace: where the assets go."""
        self._emulator = parts.emulator
        self._runs = parts.runs
        self._workspace = workspace

    def register_all(self, name: str, plan: StepPlan, trees: Mapping[str, Tree]) -> None:
        """Register what the outputs of a run ask to become, and keep the versions' ids with the run.

        Raises: StepFailed: the submitter may not, or a version is there with another content.
        """
        run = self._runs.get(self._workspace.id, name)
        if run is None:
            return
        found = {
            output: [self._register(run, output, one, asked, trees[output]) for asked in one.registrations]
            for output, one in plan.outputs.items()
            if one.registrations
        }

        def note(kept: Run) -> None:
            for output, ids in found.items():
                kept.outputs[output] = {**kept.outputs[output], "assets": ids}

        if found:
            self._runs.change(self._workspace.id, name, note)

    def _register(self, run: Run, output: str, plan: OutputPlan, asked: Registration, tree: Tree) -> str:
        # A component that says "model" writes one, whatever default the job's output carries.
        kind = plan.type if plan.type in MODEL_TYPES else asked.type or plan.type
        collection = "models" if kind in MODEL_TYPES else "data"
        store = self._emulator.store
        principal = self._principal(run)
        action = f"{self._workspace.type}/{collection}/versions/write"
        try:
            self._emulator.access.require(principal, action, self._workspace.id)
        except AzureError as refused:
            raise StepFailed(
                f"output {output}: it cannot be registered as {collection} '{asked.name}': {refused}",
                reason="output",
            ) from refused
        container = f"{self._workspace.id}/{collection}/{asked.name}"
        uri = self._long(tree.location.uri, single=tree.single)
        with store.transaction():
            version = asked.version or self._next(container)
            present = store.get(f"{container}/versions/{version}")
            if present is not None:
                there = present.body["properties"].get("dataUri") or present.body["properties"].get(
                    "modelUri"
                )
                if there == uri:
                    return present.id
                raise StepFailed(
                    f"output {output}: got {collection} '{asked.name}:{version}', which is there already with {there}, "
                    "expected a version that is free. Name another one, or none for the next number.",
                    reason="output",
                )
            fields: dict[str, Any] = {"dataType": kind} if collection == "data" else {}
            if store.get(container) is None:
                store.put(
                    container, {"properties": fields}, type=f"{self._workspace.type}/{collection}",
                    principal=principal,
                )  # fmt: skip
            own = (
                {**fields, "dataUri": uri}
                if collection == "data"
                else {"modelType": kind, "modelUri": uri, "jobName": run.root}
            )
            body = {**own, "isAnonymous": False, "isArchived": False, "properties": {}, "tags": {}}
            stored = store.put(
                f"{container}/versions/{version}", {"properties": body},
                type=f"{self._workspace.type}/{collection}/versions", principal=principal,
            )  # fmt: skip
        return stored.id

    def _principal(self, run: Run) -> Principal:
        found = self._emulator.principals.find(run.submitter.get("object_id", ""))
        return found or self._emulator.principals.seeded["pipeline"]

    def _next(self, container: str) -> str:
        versions = self._emulator.store.list(container)
        numbers = [int(one.name) for one in versions if one.name.isdigit()]
        return str(max(numbers, default=0) + 1)

    def _long(self, uri: str, *, single: bool) -> str:
        """Return a datastore's address as assets carry it, a folder's with a slash at its end."""
        parts = self._workspace.id.split("/")
        place = f"azureml://subscriptions/{parts[2]}/resourcegroups/{parts[4]}/workspaces/{parts[8]}/"
        whole = uri.replace("azureml://", place, 1)
        return whole if single else f"{whole.rstrip('/')}/"
