"""Where data lies: from the addresses that jobs use to blobs, and between blobs and a step's folders."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from plumbline.emulator.executor.blob_writer import BlobWriter, LeftOut
from plumbline.emulator.executor.run import Runs
from plumbline.emulator.executor.run_folders import RunFolders
from plumbline.emulator.services.blob.blobs import Blob, Blobs
from plumbline.emulator.services.blob.containers import Containers
from plumbline.emulator.services.machine_learning.reference import find, registry_named
from plumbline.emulator.store import Resource, Store

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_LONG = re.compile(
    r"^azureml://subscriptions/[^/]+/resourcegroups/[^/]+/(?:providers/[^/]+/)?workspaces/[^/]+/",
    re.IGNORECASE,
)
_DATASTORE = re.compile(
    r"^(?:azureml://)?datastores/(?P<store>[^/]+)/(?:paths/)?(?P<path>.*)$", re.IGNORECASE
)
_JOB = re.compile(
    r"^(?:azureml://)?jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(?:/paths/?(?P<path>.*))?$", re.IGNORECASE
)
_REGISTRY = re.compile(r"^azureml://registries/(?P<registry>[^/]+)/", re.IGNORECASE)
_ARTIFACT_STORE = "workspaceartifactstore"
_ASSET_TYPES = ("data", "models")
_MODEL_TYPES = frozenset({"mlflow_model", "custom_model", "triton_model"})


class Unreachable(Exception):
    """An address leads nowhere; the message says what was looked for and what to do."""


@dataclass(frozen=True, kw_only=True)
class Location:
    """Blobs below a prefix, or the one blob of that name.

    Args:
        uri: In the datastore form, for people and for answers.
        asset: ARM id of the data asset or model that named it; empty for a plain path.
    """

    container: Resource
    prefix: str
    uri: str
    asset: str = ""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """What lies at a location: relative path to blob, with a digest over all of it."""

    location: Location
    files: dict[str, Blob]
    single: bool

    @property
    def digest(self) -> str:
        """64 hex over names and contents; the name of a single file does not count."""
        return tree_digest((("" if self.single else name), blob.sha256) for name, blob in self.files.items())

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(blob.size for blob in self.files.values())


def tree_digest(entries: Iterable[tuple[str, str]]) -> str:
    """Hash (relative path, sha256 of the content) pairs, whatever their order."""
    whole = hashlib.sha256()
    for name, digest in sorted(entries):
        whole.update(f"{name}\0{digest}\n".encode())
    return whole.hexdigest()


def _inside(path: Path, root: Path) -> bool:
    """Say whether a path below root is what it says, with no link on the way."""
    return Path(os.path.realpath(path)) == Path(os.path.realpath(root)) / path.relative_to(root)


class Storage:
    """The storage of one emulator, as steps see it."""

    def __init__(
        self, emulator: Emulator, blobs: Blobs, runs: Runs, remote_inputs: Callable[[str], Path | None]
    ) -> None:
        """Args: remote_inputs: the local fixture that stands for a remote address, or None."""
        self._store: Store = emulator.store
        self._base_url = emulator.settings.base_url
        self._blobs = blobs
        self._runs = runs
        self._remote = remote_inputs
        self._containers = Containers(emulator.store)
        self._writer = BlobWriter(blobs)
        self.run_folders = RunFolders(emulator.store, runs, self._artifact_container)

    def locate(self, workspace: Resource, uri: str, type_name: str = "uri_folder") -> Location:
        """Return where an address leads. Raises: Unreachable."""
        text = uri.strip()
        asset = self._asset(workspace, text, type_name)
        if asset is not None:
            properties = asset.body["properties"]
            inner = self.locate(workspace, str(properties.get("dataUri") or properties.get("modelUri") or ""))
            return Location(container=inner.container, prefix=inner.prefix, uri=inner.uri, asset=asset.id)
        short = _LONG.sub("", text)
        if match := _JOB.match(short):
            return self._of_job(workspace, match["job"], match["output"], match["path"] or "")
        if match := _DATASTORE.match(short):
            return self._of_datastore(workspace, match["store"], match["path"])
        if own := self._own_url(text):
            return own
        raise Unreachable(
            f"'{uri}' cannot be reached: got an address outside of the emulator, expected a data asset, a "
            "datastore path or a job's output. Map it to a local file in remote_inputs.yaml of the "
            "emulator's home, or copy the data into a datastore"
        )

    @staticmethod
    def below(location: Location, path: str) -> Location:
        """Return what lies below a location; the location itself for no path."""
        if not path:
            return location
        prefix = "/".join(filter(None, (location.prefix.rstrip("/"), path)))
        uri = f"{location.uri.rstrip('/')}/{path}"
        return Location(container=location.container, prefix=prefix, uri=uri, asset=location.asset)

    def tree(self, location: Location) -> Tree:
        """Return what lies there, empty when nothing does."""
        prefix = location.prefix.strip("/")
        single = self._blobs.find(location.container, prefix) if prefix else None
        if single is not None:
            return Tree(location=location, files={prefix.rsplit("/", 1)[-1]: single}, single=True)
        below = f"{prefix}/" if prefix else ""
        # azure-storage's folder markers are empty blobs with hdi_isfolder.
        found = {
            blob.name[len(below) :]: blob
            for blob in self._blobs.list(location.container, below)
            if blob.metadata.get("hdi_isfolder") != "true"
        }
        return Tree(location=location, files=found, single=False)

    def fetch(self, tree: Tree, folder: Path, *, link: bool) -> Path:
        """Put the files into a folder and return the path that a step is given.

        Args:
            link: Share the stored bytes (only where the step cannot write to them); else copy.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name, blob in tree.files.items():
            target = folder / name
            if not target.resolve().is_relative_to(folder.resolve()):
                raise Unreachable(f"'{tree.location.uri}': the file name {name!r} leads out of its folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            source = self._blobs.path(blob)
            if link:
                os.link(source, target)
            else:
                shutil.copyfile(source, target)
        return folder / next(iter(tree.files)) if tree.single else folder

    def read(self, blob: Blob) -> bytes:
        """Return a blob's bytes."""
        return self._blobs.path(blob).read_bytes()

    def upload(
        self,
        location: Location,
        source: Path,
        *,
        root: Path | None = None,
        left_out: list[LeftOut] | None = None,
    ) -> Tree:
        """Write a file or a folder to a location and return what was written; links are left out.

        Args:
            root: Where a step had its hands: what leads out of it by a link counts as nothing.
            left_out: takes the files that cannot be kept; without it the first of them is raised.
        Raises: LeftOut. OSError: the store's own disk refuses.
        """
        prefix = location.prefix.strip("/")
        if root is not None and not _inside(source, root):
            return Tree(location=location, files={}, single=False)
        if source.is_file():
            blob = self._writer.file(location.container, prefix, source)
            return Tree(location=location, files={source.name: blob}, single=True)
        missing: list[LeftOut] = []
        files = self._writer.folder(location.container, prefix, source, missing)
        if missing and left_out is None:
            raise missing[0]
        if left_out is not None:
            left_out += missing
        return Tree(location=location, files=files, single=False)

    def put(self, location: Location, name: str, data: bytes) -> None:
        """Write one file below a location."""
        self._blobs.put(location.container, f"{location.prefix.strip('/')}/{name}", data)

    def datastore(self, workspace: Resource, name: str) -> Resource:
        """Return the container behind a datastore. Raises: Unreachable."""
        store = self._store.get(f"{workspace.id}/datastores/{name}")
        if store is None:
            raise Unreachable(f"the datastore '{name}' does not exist in workspace '{workspace.name}'")
        properties = store.body.get("properties", {})
        container_name = (
            properties.get("containerName") or properties.get("filesystem") or properties.get("fileShareName")
        )
        container = self._containers.find(str(container_name or ""))
        if container is None:
            raise Unreachable(f"datastore '{name}': its container '{container_name}' does not exist")
        return container

    def default_datastore(self, workspace: Resource) -> str:
        """Return the name of the workspace's default datastore."""
        for store in self._store.list(f"{workspace.id}", type=f"{workspace.type}/datastores"):
            if store.body.get("properties", {}).get("isDefault"):
                return store.name
        return "workspaceblobstore"

    def artifacts(self, workspace: Resource, run_name: str) -> Location:
        """Return where a run's logs and artifacts lie."""
        return self._of_datastore(workspace, _ARTIFACT_STORE, f"ExperimentRun/dcid.{run_name}")

    def _artifact_container(self, workspace: Resource) -> Resource | None:
        try:
            return self.datastore(workspace, _ARTIFACT_STORE)
        except Unreachable:
            return None

    def _of_datastore(self, workspace: Resource, name: str, path: str) -> Location:
        container = self.datastore(workspace, name)
        return Location(
            container=container, prefix=path.strip("/"), uri=f"azureml://datastores/{name}/paths/{path}"
        )

    def _of_job(self, workspace: Resource, job: str, output: str, path: str) -> Location:
        run = self._runs.get(workspace.id, job)
        if run is None:
            raise Unreachable(f"the job '{job}' does not exist in workspace '{workspace.name}'")
        if output == "artifacts":
            base = self.artifacts(workspace, job)
            inner = path.removeprefix("paths/")
        elif output in run.outputs:
            base, inner = self.locate(workspace, run.outputs[output]["uri"]), path
        else:
            raise Unreachable(f"the job '{job}' has no output '{output}'")
        below = f"{base.prefix.rstrip('/')}/{inner.strip('/')}".rstrip("/")
        return Location(
            container=base.container, prefix=below, uri=f"{base.uri.rstrip('/')}/{inner}".rstrip("/")
        )

    def _own_url(self, text: str) -> Location | None:
        match = re.match(r"^https://(?:[^/@]+@)?(?P<host>[^/]+)/(?P<container>[^/?]+)/?(?P<path>[^?]*)", text)
        if not match or match["host"] != self._base_url.removeprefix("https://"):
            return None
        container = self._containers.find(match["container"])
        if container is None:
            raise Unreachable(f"'{text}': the container '{match['container']}' does not exist")
        return Location(container=container, prefix=match["path"].strip("/"), uri=text)

    def _asset(self, workspace: Resource, text: str, type_name: str) -> Resource | None:
        first = "models" if type_name in _MODEL_TYPES else "data"
        for collection in (first, *(other for other in _ASSET_TYPES if other != first)):
            if text.startswith("azureml://registries/") or not text.startswith("azureml://"):
                found = find(self._store, workspace, collection, text)
                if found is not None and f"/{collection}/" in found.id.lower():
                    return found
        if registry := _REGISTRY.match(text):
            name = registry["registry"]
            lacks = "has no such version" if registry_named(self._store, name) else "does not exist"
            raise Unreachable(f"'{text}' cannot be reached: the registry '{name}' {lacks}")
        if text.startswith(("azureml:/subscriptions", "/subscriptions")) or re.fullmatch(
            r"azureml:[\w.-]+(:[\w.-]+|@\w+)", text
        ):
            raise Unreachable(f"the asset '{text}' does not exist")
        return None

    def fixture(self, uri: str) -> Path | None:
        """Return the local file or folder that the owner of this emulator mapped a remote address to."""
        return self._remote(uri)
