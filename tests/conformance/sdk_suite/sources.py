"""Where the suite comes from: its tests from PyPI, its YAML from a folder that the user names, kept in the user's cache."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from plumbline.engine.cache import user_cache

DISTRIBUTION, VERSION = "azure-ai-ml", "1.35.2"
YAML_FOLDER = Path("tests/test_configs")
# What the suite imports and the project does not need.
REQUIREMENTS = ("pytest-mock", "pytest-timeout", "pydash", "mock")
REQUIREMENTS_ALONE = ("mldesigner",)  # its own requirements would bring a second azure-ai-ml


class SuiteNotFound(Exception):
    """The suite or its YAML is not where it should be; the message says what to do."""


def cache_folder() -> Path:
    """Where downloads and the environment of the suite are kept."""
    return user_cache() / "conformance"


def fetch_tests(cache: Path) -> Path:
    """The unpacked source distribution, downloaded unless the cache has it.

    Raises: SuiteNotFound: when PyPI does not give it.
    """
    unpacked = cache / f"{DISTRIBUTION.replace('-', '_')}-{VERSION}"
    if (unpacked / "tests" / "conftest.py").exists():
        return unpacked
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as staging:
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation",
            "--no-binary", DISTRIBUTION, "--dest", staging, f"{DISTRIBUTION}=={VERSION}",
        ]  # fmt: skip
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise SuiteNotFound(
                f"{DISTRIBUTION} {VERSION}: pip could not download the source distribution: {done.stderr[-500:]}"
            )
        archive = next(Path(staging).glob("*.tar.gz"))
        with tarfile.open(archive) as tar:
            tar.extractall(staging, filter="data")
        shutil.rmtree(unpacked, ignore_errors=True)
        (Path(staging) / unpacked.name).rename(unpacked)
    return unpacked


def python_of_suite(cache: Path) -> Path:
    """An interpreter with the project's packages and the few that the suite needs besides."""
    folder = cache / f"venv-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run("uv", "venv", "--quiet", "--python", sys.executable, str(folder))
        _run("uv", "pip", "install", "--quiet", "--python", str(python), *REQUIREMENTS)
        _run("uv", "pip", "install", "--quiet", "--no-deps", "--python", str(python), *REQUIREMENTS_ALONE)
        (folder / "complete").touch()
    # Written each time: the cache is the user's, the packages are this checkout's.
    _site_packages(folder).joinpath("project.pth").write_text(
        f"{_site_packages(Path(sys.prefix))}\n", encoding="utf-8"
    )
    return python


def _site_packages(environment: Path) -> Path:
    return environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def _run(*command: str) -> None:
    own = Path(sys.executable).with_name("uv")
    words = [str(own) if own.exists() else "uv", *command[1:]]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SuiteNotFound(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr[-800:]}")


def lay_out(unpacked: Path, yaml_folders: Sequence[Path], target: Path, replaced: Mapping[str, str]) -> None:
    """A working copy of the tests with the YAML in its place.

    Args:
        yaml_folders: Each is laid over the ones after it; a file of the distribution itself gives way to all.
        replaced: Regular expression to text, for YAML that is of another age than the tests.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(unpacked / "tests", target / "tests")
    for folder in reversed(yaml_folders):
        if not folder.is_dir():
            raise SuiteNotFound(
                f"CONFIGS: got {folder}, expected a folder with the files of the SDK's tests/test_configs. Check out "
                "Azure/azure-sdk-for-python and name sdk/ml/azure-ai-ml/tests/test_configs."
            )
        shutil.copytree(folder, target / YAML_FOLDER, dirs_exist_ok=True)
    for file in (target / YAML_FOLDER).rglob("*.y*ml"):
        text = file.read_text(encoding="utf-8")
        changed = text
        for pattern, new in replaced.items():
            changed = re.sub(pattern, new, changed)
        if changed != text:
            file.write_text(changed, encoding="utf-8")
