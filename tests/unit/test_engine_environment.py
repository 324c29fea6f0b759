"""Protects the set-up of .venv: done once, skipped for free, refused politely, and outside the checkout nothing moves."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plumbline.engine.errors import WayClosed
from plumbline.engine.installer import bring_uv, find_installer, locked_block, uv_version
from plumbline.engine.progress import Lines, elapsed, heartbeat, silent
from plumbline.engine.venv import STAMP, environment_fault, stamp_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / "plumbline" / "engine").mkdir(parents=True)
    shutil.copy(ROOT / "plumbline" / "engine" / "bootstrap.sh", root / "plumbline" / "engine")
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    return root


def finish(root: Path) -> None:
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (root / ".venv" / STAMP).write_text(stamp_of(root) + "\n")


def bootstrap(root: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    script = root / "plumbline" / "engine" / "bootstrap.sh"
    return subprocess.run(
        ["sh", script], capture_output=True, text=True, check=False, env={**os.environ, **environ}
    )


def test_finished_environment_is_left_alone_without_a_python(checkout: Path) -> None:
    finish(checkout)
    done = bootstrap(checkout, PLUMBLINE_PYTHON="/nonexistent")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_changed_lock_or_project_file_asks_for_a_new_set_up(checkout: Path, name: str) -> None:
    finish(checkout)
    assert environment_fault(checkout) is None
    with (checkout / name).open("a") as file:
        file.write("# changed\n")
    assert "changed since" in str(environment_fault(checkout))
    # The shell's own comparison comes to the same answer: it goes on to look for a Python.
    assert bootstrap(checkout, PLUMBLINE_PYTHON="/nonexistent").returncode == 1


def test_environment_whose_set_up_was_cut_off_is_not_trusted(checkout: Path) -> None:
    finish(checkout)
    (checkout / ".venv" / STAMP).unlink()
    assert "never finished" in str(environment_fault(checkout))


def test_environment_whose_python_is_gone_is_not_trusted(checkout: Path) -> None:
    finish(checkout)
    (checkout / ".venv" / "bin" / "python").unlink()
    (checkout / ".venv" / "bin" / "python").symlink_to("/nonexistent/python")
    assert "its Python is gone" in str(environment_fault(checkout))


def test_python_that_is_too_old_is_refused_with_its_version_and_the_next_step(
    checkout: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\necho 3.9.2 False\n")
    old.chmod(0o755)
    done = bootstrap(checkout, PLUMBLINE_PYTHON=str(old))
    assert done.returncode == 1
    assert "3.9.2" in done.stderr
    assert "expected Python 3.11 or newer" in done.stderr
    assert "Next step:" in done.stderr


def test_machine_without_python_is_refused_with_the_next_step(checkout: Path) -> None:
    done = bootstrap(checkout, PLUMBLINE_PYTHON="/nonexistent/python")
    assert done.returncode == 1
    assert "none that runs" in done.stderr


def test_uv_comes_with_the_version_and_the_hashes_of_the_lock() -> None:
    block = locked_block(ROOT / "requirements.lock", "uv")
    assert block.startswith("uv==")
    assert block.count("--hash=sha256:") > 5
    assert "\nuv" not in block


def test_package_that_the_lock_does_not_name_is_refused() -> None:
    with pytest.raises(WayClosed, match="does not name"):
        locked_block(ROOT / "requirements.lock", "no-such-package")


def test_uv_on_path_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    broken = tmp_path / "bin" / "uv"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    found = find_installer(
        silent, {"PATH": str(broken.parent), "HOME": str(tmp_path)}, ROOT / "requirements.lock"
    )
    assert found.uv != broken
    assert found.source == "the running environment"


def test_long_work_says_that_it_is_alive_in_plain_lines() -> None:
    said: list[str] = []
    with heartbeat(said.append, "compiling", lambda: "7 of 9 packages", seconds=0.01):
        while not said:
            time.sleep(0.005)
    assert said[0] == "  compiling: 0 s, 7 of 9 packages"
    assert elapsed(125) == "2 min 05 s"


def test_without_a_terminal_no_line_is_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines("first")
    lines("second")
    assert capsys.readouterr().err == "first\nsecond\n"


def without_modules(folder: Path, *names: str) -> dict[str, str]:
    """An environment in which `python -m NAME` fails, as on a Debian whose packages are split."""
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
        (folder / name / "__main__.py").write_text(f"raise SystemExit('No module named {name}')\n")
    return {**os.environ, "PYTHONPATH": str(folder)}


def test_machine_with_neither_venv_nor_pip_is_told_what_to_install(tmp_path: Path) -> None:
    environ = without_modules(tmp_path / "absent", "venv", "pip")
    with pytest.raises(WayClosed, match="Next step: install uv") as closed:
        bring_uv(tmp_path / "uv", ROOT / "requirements.lock", environ)
    assert "No module named pip" in str(closed.value)
    assert not (tmp_path / "uv").exists()


@pytest.mark.soak
def test_uv_comes_by_the_interpreters_own_pip_where_venv_does_not_work(tmp_path: Path) -> None:
    environ = without_modules(tmp_path / "absent", "venv")
    bring_uv(tmp_path / "uv", ROOT / "requirements.lock", environ)
    assert uv_version(tmp_path / "uv" / "bin" / "uv") is not None
