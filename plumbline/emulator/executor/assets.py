"""The registered things that a job names: components, environments, codes, computes."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumbline.emulator.executor.conda import EnvironmentSpec, EnvironmentUnreadable, read_environment
from plumbline.emulator.executor.scope import FoundComponent
from plumbline.emulator.executor.storage import Location, Storage
from plumbline.emulator.services.machine_learning.reference import curated_gap, find, registry_named
from plumbline.emulator.store import Resource, Store

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_CURATED_IMAGE = re.compile(r"(?:^|/)azureml/curated/(?P<name>[\w.-]+)(?:[:@]|$)")
_SERVERLESS = re.compile(
    r"^$|^(?:azureml:)?(?:/subscriptions/.+/computes/)?serverless$|/virtualclusters/", re.IGNORECASE
)


class Assets:
    """Looks up what jobs name, in one workspace or a registry."""

    def __init__(self, emulator: Emulator, storage: Storage) -> None:
        """Args: storage: where code and build contexts lie."""
        self._store: Store = emulator.store
        self._storage = storage

    def component(self, workspace: Resource, reference: str) -> FoundComponent | None:
        """Return a component version, or None."""
        found = find(self._store, workspace, "components", reference)
        if found is None or "/components/" not in found.id.lower():
            return None
        return FoundComponent(id=found.id, spec=found.body["properties"]["componentSpec"])

    def environment(self, workspace: Resource, reference: str) -> Resource | None:
        """Return an environment version, or None."""
        found = find(self._store, workspace, "environments", reference)
        return found if found is not None and "/environments/" in found.id.lower() else None

    def environment_problem(self, workspace: Resource, reference: str) -> str:
        """Say why an environment cannot be had; nothing when it can."""
        if self.environment(workspace, reference) is not None:
            return ""
        why = curated_gap(self._store, reference)
        return f"environment '{reference}' could not be resolved{f': {why}' if why else ''}"

    def environment_spec(self, workspace: Resource, reference: str) -> tuple[str, EnvironmentSpec]:
        """Return (NAME:VERSION, what to build) for an environment.

        Raises: EnvironmentUnreadable, Unreachable.
        """
        found = self.environment(workspace, reference)
        if found is None:
            raise EnvironmentUnreadable(self.environment_problem(workspace, reference))
        label = f"{found.id.split('/')[-3]}:{found.name}"
        properties = self._of_image(found.body["properties"])
        build = properties.get("build") or {}
        if not build.get("contextUri"):
            return label, read_environment(
                image=properties.get("image"),
                conda_file=properties.get("condaFile"),
                curated=properties.get("environmentType") == "Curated",
            )
        tree = self._storage.tree(self._storage.locate(workspace, build["contextUri"]))
        with tempfile.TemporaryDirectory() as folder:
            context = self._storage.fetch(tree, Path(folder) / "context", link=False)
            dockerfile = context / (build.get("dockerfilePath") or "Dockerfile")
            text = dockerfile.read_text() if dockerfile.is_file() else ""
            return label, read_environment(
                image=None, conda_file=properties.get("condaFile"), dockerfile=text, context=context
            )

    def _of_image(self, properties: dict[str, Any]) -> dict[str, Any]:
        """Return what an environment is made of; one that is a curated image and nothing else is that environment."""
        match = _CURATED_IMAGE.search(str(properties.get("image") or ""))
        public = registry_named(self._store, "azureml")
        if not match or public is None or properties.get("condaFile"):
            return properties
        versions = self._store.list(f"{public.id}/environments/{match['name']}")
        return versions[-1].body["properties"] if versions else properties

    def code(self, workspace: Resource, reference: str) -> Resource | None:
        """Return a code version, or None."""
        found = find(self._store, workspace, "codes", reference)
        return found if found is not None and "/codes/" in found.id.lower() else None

    def code_location(self, workspace: Resource, reference: str) -> Location | None:
        """Return where a code version's files lie; None for a step without code. Raises: Unreachable."""
        if not reference:
            return None
        found = self.code(workspace, reference)
        uri = found.body["properties"]["codeUri"] if found is not None else reference
        return self._storage.locate(workspace, str(uri))

    def compute(self, workspace: Resource, reference: str) -> Resource | None:
        """Return a compute target, or None."""
        text = reference.removeprefix("azureml:")
        return self._store.get(text if text.startswith("/") else f"{workspace.id}/computes/{text}")

    def node_limit(self, compute_id: str) -> int | None:
        """Return how many nodes a compute target may have; None for serverless, which is not bounded here."""
        if is_serverless(compute_id):
            return None
        found = self._store.get(compute_id)
        if found is None:
            return 0
        properties = found.body.get("properties", {})
        if properties.get("computeType") != "AmlCompute":
            return 1
        settings = (properties.get("properties") or {}).get("scaleSettings") or {}
        return int(settings.get("maxNodeCount", 1))


def is_serverless(reference: str) -> bool:
    """Say whether a job leaves the choice of machines to Azure, in whatever spelling.

    azure-ai-ml turns `azureml:serverless` into an ARM id below the workspace, which Azure takes (recorded).
    """
    return bool(_SERVERLESS.search(reference))
