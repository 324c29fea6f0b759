"""Protects the plugin's archive: the engine installs it from its file, and it runs without an environment of ours."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from distribution.plugin_archive.build import archive_name, build_archive, systems
from plumbline import __version__
from plumbline.engine.ensure import ensure_engine
from tests.built_wheel import build_wheel
from tests.project_copy import plain_environment

MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def test_names_are_those_that_the_engine_asks_for() -> None:
    names = {archive_name(system) for system in systems()["systems"]}
    assert f"pulumi-resource-plumbline-v{__version__}-linux-amd64.tar.gz" in names
    assert len(names) == 4


@pytest.mark.soak
def test_the_engine_installs_the_archive_and_starts_what_is_in_it(tmp_path: Path) -> None:
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    system = f"{sys.platform}-{MACHINES[platform.machine()]}"
    archive = build_archive(system, tmp_path / "dist", wheel=build_wheel(tmp_path / "wheel"), python=minor)
    engine = ensure_engine().pulumi
    (tmp_path / "empty").mkdir()
    environ = {name: value for name, value in plain_environment().items() if name != "VIRTUAL_ENV"} | {
        "PATH": f"{engine.parent}:/usr/bin:/bin",
        "PLUMBLINE_PYTHON": sys.base_prefix + f"/bin/python{minor}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }

    def pulumi(*words: str) -> str:
        answer = subprocess.run(
            [str(engine), *words], cwd=tmp_path / "empty", env=environ, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    pulumi("plugin", "install", "resource", "plumbline", __version__, "--file", str(archive))
    schema = json.loads(pulumi("package", "get-schema", "plumbline"))
    assert schema["version"] == __version__
    assert "plumbline:azureml:loadPipelines" in schema["functions"]
