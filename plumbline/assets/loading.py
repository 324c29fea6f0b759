"""Loads folders of definitions: reads every file, checks all, resolves what points to what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.assets.command_job import BuiltCommandJob, build_command_job
from plumbline.assets.definition import (
    AssetDefinition,
    MLPipeline,
    PipelineJob,
    Reference,
    ScheduleDefinition,
)
from plumbline.assets.document import Document
from plumbline.assets.errors import DefinitionErrors, Problem
from plumbline.assets.graph import graph_of_jobs
from plumbline.assets.library import Library
from plumbline.assets.pins import ForeignReference
from plumbline.assets.pipeline_job import BuiltJob, build_job
from plumbline.assets.resolve import Resolver
from plumbline.assets.schedule.definition import JobsAt, build_schedule
from plumbline.assets.yaml_kinds import asset_kinds


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What folders of definitions hold, with everything that is wrong or doubtful in them.

    Attributes:
        pipelines: One a folder, in the order given; what could not be read is missing from them.
        problems: Errors and warnings of every file, sorted by file and line.
        foreign: References to what others register, with what pins.yaml has for each.
    """

    pipelines: tuple[MLPipeline, ...]
    problems: tuple[Problem, ...]
    foreign: tuple[ForeignReference, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What stops a program."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def load_ml_pipelines(folders: Sequence[Path], *, root: Path) -> tuple[MLPipeline, ...]:
    """Read, check and resolve pipeline folders, all of them before any answer.

    Definitions may point to each other across folders. Nothing is read from any cloud.

    Args:
        folders: One folder a pipeline, in any order.
        root: The project's root; paths in messages and definitions are relative to it.
    Returns: one pipeline a folder, in the order given.
    Raises: DefinitionErrors: with every error of every file, sorted by file and line.
    """
    reading = read_ml_pipelines(folders, root=root)
    if reading.errors:
        raise DefinitionErrors(reading.errors)
    return reading.pipelines


def read_ml_pipelines(folders: Sequence[Path], *, root: Path) -> Reading:
    """The same for a caller that shows what is right beside what is wrong: one bad file does not hide the rest."""
    library = Library(root)
    missing = [_missing(folder, library) for folder in folders if not folder.is_dir()]
    there = [folder for folder in folders if folder.is_dir()]
    for folder in there:
        library.read_folder(folder)
    loader = _Loader(library)
    pipelines = [loader.load(folder.resolve()) for folder in there]
    loader.check_namesakes()
    loader.check_schedules()
    loader.resolver.warn_of_unused_pins()
    return Reading(
        pipelines=tuple(pipelines),
        problems=tuple(sorted([*missing, *library.problems])),
        foreign=loader.resolver.foreign,
    )


class _Loader:
    def __init__(self, library: Library) -> None:
        self.library = library
        self.resolver = Resolver(library)
        self._jobs: dict[Path, BuiltJob | None] = {}
        self._command_jobs: dict[Path, BuiltCommandJob | None] = {}
        self._taken: set[tuple[str, str]] = set()

    def load(self, folder: Path) -> MLPipeline:
        assets = [self.resolver.definition(document) for document in self._assets_of(folder)]
        found = _in_order([asset for asset in assets if asset is not None])
        documents = _leading(self.library.of_kind(folder, "pipeline_job"), "pipeline")
        jobs = tuple(
            PipelineJob(
                source=document.source,
                fields=dict(built.job),
                references=built.links.references,
                graph=graph_of_jobs(built.job.get("jobs", {})),
            )
            for document in documents
            if (built := self._job(document)) is not None
        )
        schedules = self._schedules(folder)
        self._leave_unscheduled(folder)
        wanted = [
            *(reference for job in jobs for reference in job.references),
            *(reference for schedule in schedules for reference in schedule.references),
        ]
        found = self._with_shared(_in_order([*self.resolver.parts_in(folder), *found]), wanted)
        return MLPipeline(
            name=folder.name,
            folder=self.library.source(folder),
            assets=tuple(asset for kind in asset_kinds() for asset in found if asset.kind == kind),
            jobs=jobs,
            schedules=schedules,
            release=self._release(folder, jobs, found),
            warnings=self._warnings(folder),
            left_out=self.library.left_out_in(folder),
        )

    def check_namesakes(self) -> None:
        """Refuse two definitions of one name with other content: a workspace has one container for both."""
        first: dict[tuple[str, str], AssetDefinition] = {}
        for document, found in self.resolver.built():
            other = first.setdefault((found.kind, found.name), found)
            if found.content_hash == other.content_hash:
                continue
            where = f"{other.source} ({other.inline})" if other.inline else other.source
            document.report(
                () if found.inline else ("name",),
                f'"{found.name}" with other content than {where}',
                "one content for a name",
                "Rename the step or the definition."
                if found.inline or other.inline
                else "Rename one of the two.",
            )

    def check_schedules(self) -> None:
        """Refuse two schedules of one name in a folder: a workspace has one, and the last to write would win.

        Two folders may go to two workspaces: there it is a warning.
        """
        seen: dict[str, Document] = {}
        for folder in self.library.folders:
            for document in self.library.of_kind(folder, "schedule"):
                name = document.data.get("name") if isinstance(document.data, dict) else None
                if not isinstance(name, str):
                    continue
                first = seen.setdefault(name, document)
                if first is not document:
                    say = document.report if self.library.home(first.path) == folder else document.warn
                    say(
                        ("name",), f'"{name}", the name of {first.source} too', "one schedule for a name",
                        "Rename one of the two.",
                    )  # fmt: skip

    def _assets_of(self, folder: Path) -> list[Document]:
        return [document for kind in asset_kinds() for document in self.library.of_kind(folder, kind)]

    def _with_shared(
        self, assets: list[AssetDefinition], references: Sequence[Reference]
    ) -> list[AssetDefinition]:
        """Assets with those of files outside every pipeline's folder; who points to one first registers it."""
        shared = self._shared()
        wanted = [*references, *(reference for asset in assets for reference in asset.references)]
        taken: list[AssetDefinition] = []
        while wanted:
            reference = wanted.pop()
            definition = shared.get((reference.kind, reference.name))
            if definition is not None and (definition.source, definition.inline) not in self._taken:
                self._taken.add((definition.source, definition.inline))
                taken.append(definition)
                wanted += definition.references
        return _in_order([*sorted(taken, key=lambda asset: asset.source), *assets])

    def _shared(self) -> dict[tuple[str, str], AssetDefinition]:
        """Definitions of files outside every pipeline's folder, and of what stands inside those."""
        built = [self.resolver.definition(document) for document in self.library.documents_in(None)]
        found = [*(asset for asset in built if asset is not None), *self.resolver.parts_in(None)]
        return {(asset.kind, asset.name): asset for asset in found}

    def _job(self, document: Document) -> BuiltJob | None:
        if document.path not in self._jobs:
            home = self.library.home(document.path)
            name = home.name if home else document.path.parent.name
            self._jobs[document.path] = build_job(document, self.resolver, experiment_name=name)
        return self._jobs[document.path]

    def _command_job(self, document: Document) -> BuiltCommandJob | None:
        if document.path not in self._command_jobs:
            home = self.library.home(document.path)
            name = home.name if home else document.path.parent.name
            self._command_jobs[document.path] = build_command_job(
                document, self.resolver, experiment_name=name
            )
        return self._command_jobs[document.path]

    def _leave_unscheduled(self, folder: Path) -> None:
        """Command jobs that no schedule starts are nobody's definition: they run once, when somebody submits them."""
        unscheduled = [
            document.path
            for document in self.library.of_kind(folder, "command_job")
            if document.path not in self._command_jobs and not document.broken
        ]
        self.library.leave_out(
            folder, unscheduled,
            "a command job that no schedule starts: submit it with plumbline job create --file FILE --anonymous",
        )  # fmt: skip

    def _schedules(self, folder: Path) -> tuple[ScheduleDefinition, ...]:
        documents = _leading(self.library.of_kind(folder, "schedule"), "schedule")
        jobs = JobsAt(pipeline=self._job, command=self._command_job)
        built = [(document, build_schedule(document, self.resolver, jobs)) for document in documents]
        return tuple(schedule for _, schedule in built if schedule is not None)

    def _release(
        self, folder: Path, jobs: Sequence[PipelineJob], found: Sequence[AssetDefinition]
    ) -> dict[str, Any] | None:
        document = self._only_release(self.library.of_kind(folder, "release"))
        if document is None:
            return None
        # Imported here: most folders promise no release.
        from plumbline.assets.release import read_release

        return read_release(
            document,
            self.library,
            name=folder.name,
            job=jobs[0] if jobs else None,
            assets=found,
        )

    def _only_release(self, documents: list[Document]) -> Document | None:
        for document in documents[1:]:
            document.report(
                (),
                f"a second release beside {documents[0].path.name}",
                "one release a folder",
                "Give it a folder of its own.",
            )
        return documents[0] if documents else None

    def _warnings(self, folder: Path) -> tuple[Problem, ...]:
        documents = self.library.documents_in(folder)
        found = {problem for document in documents for problem in document.problems}
        return tuple(sorted(problem for problem in found if problem.severity == "warning"))


def _leading(documents: list[Document], stem: str) -> list[Document]:
    """Documents in the order of their paths, the one with the conventional name first."""
    return sorted(documents, key=lambda document: document.path.stem != stem)


def _in_order(assets: list[AssetDefinition]) -> list[AssetDefinition]:
    """Assets with each after what it points to; otherwise as they came."""
    by_name = {(asset.kind, asset.name): asset for asset in assets}
    ordered: dict[tuple[str, str], AssetDefinition] = {}

    def place(asset: AssetDefinition) -> None:
        if (asset.kind, asset.name) in ordered:
            return
        for reference in asset.references:
            child = by_name.get((reference.kind, reference.name))
            if child is not None:
                place(child)
        ordered[asset.kind, asset.name] = asset

    for asset in assets:
        place(asset)
    return list(ordered.values())


def _missing(folder: Path, library: Library) -> Problem:
    return Problem(
        file=library.source(folder), line=0, field="", got="no such folder", expected="a pipeline's folder",
        next_step="Create it or correct the setting.",
    )  # fmt: skip
