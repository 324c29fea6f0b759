"""What a step leaves: its outputs at their addresses, its logs and artifacts beside its run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.step_folder import StepFolder
from plumbline.emulator.executor.step_plan import FILE_TYPES, StepPlan
from plumbline.emulator.executor.storage import Location, Tree
from plumbline.emulator.store import Resource

_DEFAULT = "azureml://datastores/${{default_datastore}}/paths/azureml/${{name}}/${{output_name}}/"


class StepOutputs:
    """The outputs of one step."""

    def __init__(
        self, parts: ExecutorParts, workspace: Resource, plan: StepPlan, folder: StepFolder, *, name: str,
        default_datastore: str,
    ) -> None:  # fmt: skip
        """Args: name: of the run; default_datastore: the job's, empty for the workspace's."""
        self._storage = parts.storage
        self._workspace = workspace
        self._plan = plan
        self._folder = folder
        self._name = name
        self._default_datastore = default_datastore.rsplit("/", 1)[-1].removeprefix("azureml:")

    def location(self, name: str) -> Location:
        """Return where an output goes, its macros filled in. Raises: Unreachable."""
        if name == "artifacts" and not self._plan.outputs[name].uri:
            return self._storage.artifacts(self._workspace, self._name)
        store = self._default_datastore or self._storage.default_datastore(self._workspace)
        macros = {"name": self._name, "default_datastore": store, "output_name": name}
        uri = binding.fill(self._plan.outputs[name].uri or _DEFAULT, lambda parts: macros.get(parts[0]))
        return self._storage.locate(self._workspace, uri)

    def paths(self) -> dict[str, str]:
        """Make the places that the step writes to, and return them by output."""
        found: dict[str, str] = {}
        for name, output in self._plan.outputs.items():
            location = self.location(name)
            if output.mode == "Direct":
                found[name] = location.uri
                continue
            path = self._folder.outputs / name
            path.mkdir()
            if output.type in FILE_TYPES:
                # A file's own name is the last part of its declared path.
                path = path / (location.prefix.rstrip("/").rsplit("/", 1)[-1] or name)
            found[name] = str(path)
        return found

    def collect(self, paths: dict[str, str]) -> tuple[dict[str, Tree], dict[str, dict[str, Any]]]:
        """Upload what was written; return it as content and as the run keeps it."""
        trees: dict[str, Tree] = {}
        kept: dict[str, dict[str, Any]] = {}
        for name, path in paths.items():
            plan, location = self._plan.outputs[name], self.location(name)
            tree = trees[name] = self._tree(location, plan.mode, Path(path))
            kept[name] = {
                "uri": location.uri, "type": plan.type, "mode": plan.mode, "digest": tree.digest, "bytes": tree.size,
                "files": len(tree.files),
            }  # fmt: skip
        return trees, kept

    def _tree(self, location: Location, mode: str, path: Path) -> Tree:
        if mode == "Direct":
            return self._storage.tree(location)
        if path.exists():
            return self._storage.upload(location, path, root=self._folder.root)
        return Tree(location=location, files={}, single=True)

    def keep_artifacts(self) -> list[str]:
        """Upload logs, ./outputs and ./logs; return the logs' names. Raises: Unreachable."""
        where = self._storage.artifacts(self._workspace, self._name)
        kept = self._storage.upload(where, self._folder.artifacts)
        for name in ("outputs", "logs"):
            if (self._folder.work / name).is_dir():
                inner = Location(
                    container=where.container, prefix=f"{where.prefix}/{name}", uri=f"{where.uri}/{name}"
                )
                self._storage.upload(inner, self._folder.work / name, root=self._folder.root)
        return sorted(kept.files)
