"""Protects what the set-up is for: the engine that it finds runs a Python program from this environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from plumbline.engine import ensure_engine


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: smallest\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("import pulumi\npulumi.export('answer', 42)\n")
    (tmp_path / "state").mkdir()
    return tmp_path


def test_engine_of_this_machine_runs_a_program_of_this_environment(project: Path) -> None:
    engine = ensure_engine()
    environ = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), str(engine.path), os.environ["PATH"]]),
        "PULUMI_HOME": str(project / "home"),
        "PULUMI_BACKEND_URL": f"file://{project / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }

    def pulumi(*words: str) -> str:
        done = subprocess.run(
            [engine.pulumi, *words, "--non-interactive"],
            cwd=project, env=environ, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    pulumi("stack", "init", "local")
    pulumi("up", "--yes", "--skip-preview", "--stack", "local")
    assert json.loads(pulumi("stack", "output", "--json", "--stack", "local")) == {"answer": 42}
