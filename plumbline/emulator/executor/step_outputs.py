"""What a step leaves: its outputs at their addresses, its logs and artifacts beside its run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.blob_writer import LeftOut
from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.step_error import StepFailed
from plumbline.emulator.executor.step_folder import StepFolder
from plumbline.emulator.executor.step_plan import FILE_TYPES, OutputPlan, StepPlan
from plumbline.emulator.executor.storage import Location, Tree
from plumbline.emulator.store import Resource

_DEFAULT = "azureml://datastores/${{default_datastore}}/paths/azureml/${{name}}/${{output_name}}/"


def output_address(output: OutputPlan, name: str, *, datastore: str, run: str = "") -> str:
    """Return where an output goes, its macros filled in.

    Args:
        run: name of the step's run; while it has none, `${{name}}` stays.
    """
    macros = {"default_datastore": datastore, "output_name": output.folder or name} | (
        {"name": run} if run else {}
    )
    return binding.fill(output.uri or _DEFAULT, lambda parts: macros.get(parts[0]))


class StepOutputs:
    """The outputs of one step."""

    def __init__(
        self, parts: ExecutorParts, workspace: Resource, plan: StepPlan, folder: StepFolder, *, name: str,
        job: str, default_datastore: str,
    ) -> None:  # fmt: skip
        """Args: name, job: of the run and of its job; default_datastore: the job's, empty for the workspace's."""
        self._storage = parts.storage
        self._workspace = workspace
        self._plan = plan
        self._folder = folder
        self._name = name
        self._own = {name, job}
        self._default_datastore = default_datastore.rsplit("/", 1)[-1].removeprefix("azureml:")

    def location(self, name: str) -> Location:
        """Return where an output goes, its macros filled in. Raises: Unreachable. StepFailed: it is another run's."""
        output = self._plan.outputs[name]
        if self._is_own_artifacts(name):
            return self._storage.artifacts(self._workspace, self._name)
        store = self._default_datastore or self._storage.default_datastore(self._workspace)
        uri = output_address(output, name, datastore=store, run=self._name)
        location = self._storage.locate(self._workspace, uri)
        # Refused at submission already, but a run of that name may have come since.
        self._refuse(name, location, location.prefix)
        return location

    def _refuse(self, name: str, location: Location, prefix: str) -> None:
        owner = self._storage.run_folders.owner(location.container, prefix, own=self._own)
        if owner:
            raise StepFailed(f"output {name}: {location.uri} is {owner}.", reason="output")

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
        """Upload what was written; return it as content and as the run keeps it.

        Raises: StepFailed: a file cannot be kept. OSError: the store's own disk refuses.
        """
        trees: dict[str, Tree] = {}
        kept: dict[str, dict[str, Any]] = {}
        for name, path in paths.items():
            plan, location = self._plan.outputs[name], self.location(name)
            try:
                tree = trees[name] = self._tree(name, location, plan.mode, Path(path))
            except LeftOut as failure:
                raise StepFailed(f"output {name}: {failure}.", reason="output") from failure
            kept[name] = {
                "uri": location.uri, "type": plan.type, "mode": plan.mode, "digest": tree.digest, "bytes": tree.size,
                "files": len(tree.files), "run": self._name, "output": name,
            }  # fmt: skip
        return trees, kept

    def _tree(self, name: str, location: Location, mode: str, path: Path) -> Tree:
        if mode == "Direct":
            return self._storage.tree(location)
        if not location.prefix and path.is_dir():
            # The whole container: what is written there may still lie in a run's folder.
            for entry in path.glob("*/*"):
                self._refuse(name, location, entry.relative_to(path).as_posix())
        kept = (
            self._storage.upload(location, path, root=self._folder.root)
            if path.exists()
            else Tree(location=location, files={}, single=True)
        )
        if self._is_own_artifacts(name):
            # The run's own folder: what the step left in ./outputs and ./logs is part of it.
            self.keep_own_files()
            return self._storage.tree(location)
        return kept

    def _is_own_artifacts(self, name: str) -> bool:
        return name == "artifacts" and not self._plan.outputs[name].uri

    def keep_own_files(self) -> list[LeftOut]:
        """Upload ./outputs and ./logs; return what of it is not kept. Raises: Unreachable. OSError."""
        where = self._storage.artifacts(self._workspace, self._name)
        left_out: list[LeftOut] = []
        for name in ("outputs", "logs"):
            if (self._folder.work / name).is_dir():
                inner = Location(
                    container=where.container, prefix=f"{where.prefix}/{name}", uri=f"{where.uri}/{name}"
                )
                self._storage.upload(
                    inner, self._folder.work / name, root=self._folder.root, left_out=left_out
                )
        return left_out

    def keep_logs(self) -> list[str]:
        """Upload what the executor wrote; return the logs' names. Raises: Unreachable. OSError."""
        where = self._storage.artifacts(self._workspace, self._name)
        return sorted(self._storage.upload(where, self._folder.artifacts).files)
