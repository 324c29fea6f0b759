"""What pipelines a stack carries: read from the checkout's definitions, or from its lock alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pulumi

from plumbline.assets import DefinitionErrors, MLPipeline, load_ml_pipelines
from plumbline.assets.lock import Lock, LockError, Release, lock_path, read_lock
from plumbline.azureml import check_pins
from stacks.registry import registry_of
from stacks.settings import PROJECT, Cloud, Settings, place_of


@dataclass(frozen=True, kw_only=True)
class Releases:
    """What a stack carries: definitions of the checkout, or releases of its lock.

    Attributes:
        lock_source: The lock's path, relative to the project.
    """

    defined: tuple[MLPipeline, ...] = ()
    locked: tuple[Release, ...] = ()
    lock_source: str = ""


def load_releases(stack: str, cloud: Cloud, settings: Settings) -> Releases:
    """Read what the stack carries; pins of a lock are held against the registry before anything is declared.

    Raises: pulumi.RunError: every problem at once.
    """
    if settings.releases == "source":
        return Releases(defined=load_pipelines(stack, settings))
    root = Path.cwd()
    source = lock_path(root, stack).relative_to(root).as_posix()
    try:
        lock = read_lock(root, stack)
    except LockError as error:
        raise pulumi.RunError(f"the stack's lock is refused:\n{error}") from None
    if lock is None:
        pulumi.log.info(f"{source} is not there: nothing was promoted to {stack} yet.")
        return Releases(lock_source=source)
    _require_pins(stack, cloud, settings, lock, source)
    return Releases(locked=tuple(lock.releases), lock_source=source)


def _require_pins(stack: str, cloud: Cloud, settings: Settings, lock: Lock, source: str) -> None:
    registry = registry_of(cloud, settings)
    assert registry is not None, "settings were checked"
    if lock.registry != registry.name:
        raise pulumi.RunError(
            f"{source}: registry: got {lock.registry}, expected {registry.name} as "
            f"{place_of(stack, f'{PROJECT}:mlRegistry.stack')} has it. Promote to this registry, or mend the setting."
        )
    problems = check_pins(
        registry_name=registry.name,
        pins={
            (pin.kind, pin.reference): pin.model_dump(mode="json")
            for release in lock.releases
            for pin in release.pins
        }.values(),
        code_downloaded=settings.pinned_code_downloaded,
    )
    if problems:
        raise pulumi.RunError(
            "\n".join(
                [
                    f"{source}: the registry does not hold what the lock pins:",
                    *problems,
                    f"Nothing was changed. Promote again, or go back: plumbline rollback --stack {stack}",
                ]
            )
        )


def in_order(pipelines: Iterable[MLPipeline]) -> tuple[MLPipeline, ...]:
    """Pipelines after those whose assets they refer to; those of a circle as they come."""
    left = list(pipelines)
    home = {(asset.kind, asset.name): one.name for one in left for asset in one.assets}
    needs = {
        one.name: {
            home[ref.kind, ref.name]
            for part in (*one.assets, *one.schedules)
            for ref in part.references
            if (ref.kind, ref.name) in home
        }
        - {one.name}
        for one in left
    }
    ordered: list[MLPipeline] = []
    while left:
        done = {one.name for one in ordered}
        ready = next((one for one in left if needs[one.name] <= done), left[0])
        ordered.append(ready)
        left.remove(ready)
    return tuple(ordered)


def load_pipelines(stack: str, settings: Settings) -> tuple[MLPipeline, ...]:
    """Read the stack's pipelines from `pipelines/`, each after those it refers to.

    Raises: pulumi.RunError: every problem of every file at once, each with file and line.
    """
    root = Path.cwd()
    folders = [root / "pipelines" / name for name in settings.pipelines]
    known = sorted(folder.name for folder in (root / "pipelines").iterdir() if folder.is_dir())
    missing = [
        f"{place_of(stack, f'{PROJECT}:pipelines.{at}')}: {PROJECT}:pipelines: got {name!r}, "
        f"expected a folder below pipelines/: {', '.join(known)}. Mend the list."
        for at, (name, folder) in enumerate(zip(settings.pipelines, folders, strict=True))
        if not folder.is_dir()
    ]
    if missing:
        raise pulumi.RunError("\n".join(["the stack's pipelines are refused:", *missing]))
    try:
        pipelines = load_ml_pipelines(folders, root=root)
    except DefinitionErrors as error:
        raise pulumi.RunError(f"the pipelines' definitions are refused:\n{error}") from None
    for pipeline in pipelines:
        for warning in pipeline.warnings:
            pulumi.warn(str(warning))
    return in_order(pipelines)
