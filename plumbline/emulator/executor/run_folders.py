"""Which places in the blob store belong to runs, so that no job's output goes into another run's."""

from __future__ import annotations

from collections.abc import Callable, Collection

from plumbline.emulator.executor.run import Runs
from plumbline.emulator.store import Resource, Store

_ROOT = "azureml"
_WORKSPACE = "microsoft.machinelearningservices/workspaces"


class RunFolders:
    """The artifact stores, and the folders below `azureml/` in which runs keep outputs that have no path."""

    def __init__(
        self, store: Store, runs: Runs, artifact_container: Callable[[Resource], Resource | None]
    ) -> None:
        """Args: artifact_container: of a workspace; None when it has none."""
        self._store = store
        self._runs = runs
        self._artifact_container = artifact_container

    def owner(self, container: Resource, prefix: str, *, own: Collection[str] = ()) -> str:
        """Say in words whose place a prefix of a container is; empty when anybody may write there.

        Args:
            own: names of the runs whose folders count as free.
        """
        workspaces = [
            found
            for row in self._store.execute("SELECT id FROM resource WHERE type_key = ?", (_WORKSPACE,))
            if (found := self._store.get(row["id"])) is not None
        ]
        for workspace in workspaces:
            artifacts = self._artifact_container(workspace)
            if artifacts is not None and artifacts.id.lower() == container.id.lower():
                return "the artifact store, which keeps what is recorded of runs"
        root, _, below = prefix.strip("/").partition("/")
        if root != _ROOT:
            return ""
        name = below.partition("/")[0]
        if not name:
            return "the folder that the outputs of all runs lie in"
        if name not in own and any(self._runs.get(one.id, name) is not None for one in workspaces):
            return f"the folder of run '{name}'"
        return ""
