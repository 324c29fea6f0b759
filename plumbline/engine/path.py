"""The first way: an engine that the user has installed already, found on PATH."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from plumbline.engine.cache import program_version
from plumbline.engine.errors import WayClosed
from plumbline.engine.release import Release, version_key


def engine_on_path(release: Release, environ: Mapping[str, str] = os.environ) -> tuple[Path, str]:
    """The folder and version of the `pulumi` on PATH.

    Raises: WayClosed: when there is none, or it cannot run this project's programs.
    """
    found = shutil.which("pulumi", path=_without_launchers(environ.get("PATH", "")))
    if found is None:
        raise WayClosed("no pulumi on PATH")
    pulumi = Path(found)
    version = program_version(pulumi)
    key, pinned = version_key(version or ""), version_key(release.version)
    if version is None or key is None or pinned is None:
        raise WayClosed(f"{pulumi} does not tell its version")
    if key < pinned:
        raise WayClosed(f"{pulumi} is {version}, older than {release.version}")
    if key[0] != pinned[0]:
        raise WayClosed(f"{pulumi} is {version}, another major version than {release.version}")
    if (
        shutil.which("pulumi-language-python", path=f"{pulumi.parent}{os.pathsep}{environ.get('PATH', '')}")
        is None
    ):
        raise WayClosed(f"{pulumi} has no pulumi-language-python beside it or on PATH")
    return pulumi.parent, version


def _without_launchers(path: str) -> str:
    """PATH without what an emulated stack's shell puts before the engine (plumbline/ops/engine_launcher.py)."""
    return os.pathsep.join(
        folder for folder in path.split(os.pathsep) if ".plumbline" not in Path(folder).parts
    )
