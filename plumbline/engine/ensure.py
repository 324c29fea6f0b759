"""Which engine this machine uses: PATH, the user's cache, the official download, or a build, in this order."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plumbline.engine.build import Builder, build_engine
from plumbline.engine.cache import EngineCache, program_version, read_manifest, user_cache
from plumbline.engine.download import download_engine
from plumbline.engine.errors import EngineError, InstallFailed, WayClosed
from plumbline.engine.path import engine_on_path
from plumbline.engine.progress import Progress, silent
from plumbline.engine.release import Release, pinned_release

Way = Literal["path", "cache", "download", "built"]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine that runs.

    Attributes:
        path: the folder to put first on PATH; it holds `pulumi` and the Python language host.
        way: how it was got this time.
        reason: why this way: what was found, and why each earlier way was not taken.
    """

    path: Path
    version: str
    way: Way
    reason: str

    @property
    def pulumi(self) -> Path:
        """The CLI itself."""
        return self.path / "pulumi"


def find_engine(environ: Mapping[str, str] = os.environ, release: Release | None = None) -> Engine | None:
    """The engine that is here already, on PATH or in the cache; gets nothing. None when there is none."""
    release = release or pinned_release()
    return _found(release, EngineCache(folder=user_cache(environ) / "engine"), environ, [])


def ensure_engine(
    progress: Progress = silent,
    *,
    environ: Mapping[str, str] = os.environ,
    release: Release | None = None,
    origin: str | None = None,
    builder: Builder = build_engine,
) -> Engine:
    """Find an engine, or get one into the user's cache.

    Two runs at once get it once; a run that is cut off leaves nothing that a later run would trust.

    Args:
        progress: told, in plain lines, what is done and why.
        environ: Optional. Environment to look in. Default: this process's.
        origin: Optional. Where the official archives lie. Default: the release's own.
        builder: Optional. What makes the programs when nothing else gives them. Default: the Go build.
    Raises: InstallFailed: when no way is open; the message has each way's reason and the next step.
        EngineError: when the cache cannot be written.
    """
    release = release or pinned_release()
    cache = EngineCache(folder=user_cache(environ) / "engine")
    closed: list[str] = []
    engine = _found(release, cache, environ, closed)
    if engine is not None:
        return engine
    try:
        with cache.locked(progress):
            # Another run may have finished while this one waited for the lock.
            engine = _found(release, cache, environ, closed := [])
            if engine is not None:
                return engine
            for reason in closed:
                progress(f"engine: {reason}")
            return _get(release, cache, environ, closed, progress, origin, builder)
    except OSError as error:
        raise EngineError(
            f"engine: {cache.folder}: got {error.strerror or error}, expected a folder that can be written, with room. "
            "Next step: mend it, or point XDG_CACHE_HOME at another folder."
        ) from error


def _found(
    release: Release, cache: EngineCache, environ: Mapping[str, str], closed: list[str]
) -> Engine | None:
    try:
        path, version = engine_on_path(release, environ)
        if path != cache.bin_dir(release.version):
            return Engine(path=path, version=version, way="path", reason=f"{path / 'pulumi'} is {version}")
        closed.append("the pulumi on PATH is the cached one")
    except WayClosed as error:
        closed.append(str(error))
    fault = cache.fault(release.version)
    if fault is not None:
        closed.append(f"cache {cache.folder / release.version}: {fault}")
        return None
    manifest = read_manifest(cache.folder / release.version) or {}
    return Engine(
        path=cache.bin_dir(release.version),
        version=release.version,
        way="cache",
        reason=_because(f"got earlier ({manifest.get('way', 'unknown way')})", closed),
    )


def _get(
    release: Release,
    cache: EngineCache,
    environ: Mapping[str, str],
    closed: list[str],
    progress: Progress,
    origin: str | None,
    builder: Builder,
) -> Engine:
    with cache.staging(release.version) as staging:
        try:
            progress(f"engine: trying the official download of {release.version}")
            download_engine(release, staging, progress, origin=origin)
            if program_version(staging / "bin" / "pulumi") != release.version:
                raise WayClosed("the downloaded pulumi does not run here")
            path = cache.install(staging / "bin", release.version, "official download")
            return Engine(
                path=path,
                version=release.version,
                way="download",
                reason=_because("official archive, checksum verified", closed),
            )
        except WayClosed as error:
            closed.append(f"download: {error}")
            progress(f"engine: no download: {error}")
    with cache.staging(release.version) as staging:
        try:
            how = builder(release, staging, progress, environ)
            path = cache.install(staging / "bin", release.version, f"built with {how}")
        except WayClosed as error:
            closed.append(f"build: {error}")
            raise InstallFailed(
                f"engine: pulumi {release.version}: got no way to it ({'; '.join(closed)}), expected one of PATH, cache, "
                "download, build. Next step: install Pulumi (https://www.pulumi.com/docs/install) "
                f"{release.version} or newer, or Go, and run the command again."
            ) from error
        return Engine(path=path, version=release.version, way="built", reason=_because(f"with {how}", closed))


def _because(found: str, closed: list[str]) -> str:
    return f"{found}; ways before it: {'; '.join(closed)}" if closed else found
