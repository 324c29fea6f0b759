"""The pipeline job behind `--file`: its folder of definitions, loaded and checked offline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plumbline.assets import AssetDefinition, DefinitionErrors, MLPipeline, load_ml_pipelines
from plumbline.ops.errors import UserError
from plumbline.ops.stack_file import project_root


@dataclass(frozen=True, kw_only=True)
class JobDefinition:
    """A pipeline job, and every definition of the project that it may point to.

    Attributes:
        root: The project's root.
        pipeline: The pipeline whose job it is.
        known: Definitions of all folders that were loaded, by kind, name and version.
    """

    root: Path
    pipeline: MLPipeline
    known: tuple[AssetDefinition, ...]


def load_job_definition(file: Path) -> JobDefinition | None:
    """The pipeline job that a file defines; None when it is a job of another kind, or of no folder of definitions.

    Raises: UserError: no such file, or problems in the definitions, all at once.
    """
    if not file.is_file():
        raise UserError(f"--file: got {file}, which is no file, expected a job's YAML. Check the path.")
    file = file.resolve()
    root = _root(file)
    try:
        pipelines = _loaded(file.parent, root)
    except DefinitionErrors as error:
        if not _is_pipeline_folder(file):
            return None
        raise UserError(str(error)) from error
    here = next((one for one in pipelines if (root / one.folder).resolve() == file.parent), None)
    led = here.led_by(file.relative_to(root).as_posix()) if here and file.is_relative_to(root) else None
    if led is None:
        return None
    known = tuple(asset for pipeline in pipelines for asset in pipeline.assets)
    return JobDefinition(root=root, pipeline=led, known=known)


def pipeline_folders(root: Path) -> list[Path]:
    """Every folder of definitions of a project."""
    return sorted(path for path in (root / "pipelines").glob("*") if path.is_dir() and _yaml_in(path))


def _loaded(folder: Path, root: Path) -> tuple[MLPipeline, ...]:
    """The folder's pipeline; together with its neighbours when it points to them."""
    try:
        return load_ml_pipelines([folder], root=root)
    except DefinitionErrors as alone:
        together = pipeline_folders(root)
        if folder not in together or len(together) == 1:
            raise
        try:
            return load_ml_pipelines(together, root=root)
        except DefinitionErrors as error:
            # A neighbour's own problems do not hold this pipeline up.
            here = f"{folder.relative_to(root).as_posix()}/"
            own = tuple(problem for problem in error.problems if problem.file.startswith(here))
            raise DefinitionErrors(own or alone.problems) from alone


def _root(file: Path) -> Path:
    """The project that the file lies in, wherever the command was started."""
    try:
        return project_root(file.parent)
    except UserError:
        return file.parent


def _is_pipeline_folder(file: Path) -> bool:
    """Whether the file says that it is a pipeline job, so that its folder's problems are the caller's."""
    return any(line.split("#")[0].strip().replace('"', "") == "type: pipeline" for line in _lines(file))


def _lines(file: Path) -> Iterator[str]:
    yield from file.read_text(encoding="utf-8", errors="replace").splitlines()


def _yaml_in(folder: Path) -> bool:
    return any(folder.rglob("*.yml")) or any(folder.rglob("*.yaml"))
