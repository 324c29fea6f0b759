"""What a loaded ML pipeline is: its assets, its schedule, its job, its graph."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from plumbline.assets.errors import Problem
from plumbline.assets.graph import Graph

if TYPE_CHECKING:
    from plumbline.assets.contract import ReleaseContract

AssetKind = str
"""Name of a kind of versioned assets, as `yaml_kinds.py` has it: ``environment``, ``component``, ``data``, ``model``."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A definition of the loaded set that another one points to."""

    kind: AssetKind
    name: str
    version: str

    def __str__(self) -> str:
        return f"azureml:{self.name}:{self.version}"


@dataclass(frozen=True, kw_only=True)
class AssetDefinition:
    """One versioned asset as its YAML defines it, with exact references and its content hash.

    Attributes:
        kind: ``environment``, ``component``, ``data`` or ``model``.
        name: Name of the asset's container.
        version: ``h1`` and 16 hex digits of the content hash, or the declared version; ``u1`` and those digits for data
            behind a URI. Empty for a model that declares none: its versions are counted by the service, and equal content
            is found first.
        declared_version: The version that the YAML states, None if it states none.
        spec: Canonical JSON text of the immutable fields (see ``canonical_text``).
        content_hash: 64 hex digits over kind and spec.
        code_hash: Hash of the files that go up with it, None if none do.
        code_path: Those files, relative to the project's root; a folder or a single file.
        includes: Further paths of ``additional_includes``, relative to the root, folded into ``code_hash``.
        source: The YAML file, relative to the root.
        inline: Field of that file in which it stands (``jobs.train``); empty when the file is all its own.
        lines: Dotted field path -> line in ``source``.
        references: Definitions of the loaded set that the spec points to.
        reference_hashes: Reference text in the spec -> content hash, for those referenced under a declared
            version; ``content_hash(kind, spec, reference_hashes=...)`` gives ``content_hash`` again.
    """

    kind: AssetKind
    name: str
    version: str
    spec: str
    content_hash: str
    source: str
    inline: str = ""
    declared_version: str | None = None
    code_hash: str | None = None
    code_path: str | None = None
    includes: tuple[str, ...] = ()
    display_name: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    reference_hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """``NAME:VERSION``, as an import id and as outputs show it."""
        return f"{self.name}:{self.version}"

    @property
    def fields(self) -> dict[str, Any]:
        """The spec as a mapping (a fresh copy at every call)."""
        loaded: dict[str, Any] = json.loads(self.spec)
        return loaded


@dataclass(frozen=True, kw_only=True)
class ScheduleDefinition:
    """A schedule: trigger and pipeline or command job with exact versions, and what may change in place.

    Attributes:
        spec: Canonical JSON text of ``{"trigger": ..., "create_job": ...}``.
        enabled: Always True: az ml YAML cannot say otherwise. Who pauses a schedule does it live, and drift names it.
        code_path: Files that go up with a command job, relative to the project's root; None of any other.
        references: Definitions of the loaded set that the job points to.
    """

    name: str
    spec: str
    source: str
    enabled: bool = True
    code_path: str | None = None
    display_name: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """The spec as a mapping (a fresh copy at every call)."""
        loaded: dict[str, Any] = json.loads(self.spec)
        return loaded


@dataclass(frozen=True, kw_only=True)
class PipelineJob:
    """One pipeline job of a folder: canonical, every version exact.

    Attributes:
        source: Its file, relative to the root.
        fields: The canonical job.
        references: Definitions of the loaded set that it points to.
        graph: Its steps and their data flow.
    """

    source: str
    fields: Mapping[str, Any]
    references: tuple[Reference, ...] = ()
    graph: Graph = field(default_factory=Graph)


@dataclass(frozen=True, kw_only=True)
class MLPipeline:
    """One folder of definitions, read, checked and resolved.

    Attributes:
        name: Name of the folder.
        folder: The folder, relative to the root.
        assets: Every versioned asset, each after what it points to.
        jobs: Pipeline jobs; the one that release.yml is about leads (``pipeline.yml``, else the first by path).
        schedules: Schedules; ``schedule.yml`` leads.
        release: What release.yml says, typed; None when there is none.
        warnings: Doubtful things that stop nothing.
        left_out: YAML file below the folder that defines nothing for Azure ML, relative to it -> what it is.
    """

    name: str
    folder: str
    assets: tuple[AssetDefinition, ...] = ()
    jobs: tuple[PipelineJob, ...] = ()
    schedules: tuple[ScheduleDefinition, ...] = ()
    release: Mapping[str, Any] | None = None
    warnings: tuple[Problem, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def contract(self) -> ReleaseContract | None:
        """What release.yml promises, typed; None when there is none."""
        if self.release is None:
            return None
        # Imported here: most folders promise no release.
        from plumbline.assets.contract import release_contract

        return release_contract(self.release)

    def of_kind(self, kind: AssetKind) -> tuple[AssetDefinition, ...]:
        """The assets of one kind, each after what it points to."""
        return tuple(asset for asset in self.assets if asset.kind == kind)

    @property
    def environments(self) -> tuple[AssetDefinition, ...]:
        """Environments."""
        return self.of_kind("environment")

    @property
    def data_assets(self) -> tuple[AssetDefinition, ...]:
        """Data."""
        return self.of_kind("data")

    @property
    def models(self) -> tuple[AssetDefinition, ...]:
        """Models."""
        return self.of_kind("model")

    @property
    def components(self) -> tuple[AssetDefinition, ...]:
        """Components, children before parents."""
        return self.of_kind("component")

    @property
    def job(self) -> Mapping[str, Any] | None:
        """The leading job; None when the folder has no pipeline job."""
        return dict(self.jobs[0].fields) if self.jobs else None

    @property
    def job_source(self) -> str | None:
        """File of the leading job, relative to the root."""
        return self.jobs[0].source if self.jobs else None

    @property
    def job_references(self) -> tuple[Reference, ...]:
        """Definitions of the loaded set that the leading job points to."""
        return self.jobs[0].references if self.jobs else ()

    @property
    def graph(self) -> Graph:
        """Steps and data flow of the leading job."""
        return self.jobs[0].graph if self.jobs else Graph()

    @property
    def schedule(self) -> ScheduleDefinition | None:
        """The leading schedule."""
        return self.schedules[0] if self.schedules else None

    def led_by(self, source: str) -> MLPipeline | None:
        """The same with the job of another file as the leading one; None when that file has no job here."""
        chosen = [job for job in self.jobs if job.source == source]
        others = [job for job in self.jobs if job.source != source]
        return replace(self, jobs=(*chosen, *others)) if chosen else None
