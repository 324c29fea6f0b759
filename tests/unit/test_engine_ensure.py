"""Protects the way to an engine: the order of the ways, the cache's wholeness, two runs at once, cut-off runs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from plumbline.engine import EngineError, InstallFailed, WayClosed, ensure_engine, find_engine
from plumbline.engine.cache import EngineCache
from plumbline.engine.progress import Progress
from plumbline.engine.release import Release, pinned_release, version_key

VERSION = pinned_release().version
REFUSING = "http://127.0.0.1:9"
SYSTEM_PATH = "/usr/bin:/bin"

SLOW_RUN = """
import sys
from pathlib import Path
from plumbline.engine import ensure_engine
from tests_programs import write_programs

def builder(release, staging, progress, environ):
    Path(sys.argv[1]).open("a").write("built\\n")
    while not Path(sys.argv[2]).exists():
        import time; time.sleep(0.02)
    write_programs(staging / "bin", release.version)
    return "a small builder"

engine = ensure_engine(lambda line: print(line, file=sys.stderr, flush=True), origin="http://127.0.0.1:9", builder=builder)
print(engine.way, engine.path)
"""


def write_programs(folder: Path, version: str, *, with_host: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = ["pulumi", "pulumi-language-python"] if with_host else ["pulumi"]
    for name in names:
        (folder / name).write_text(f"#!/bin/sh\necho v{version}\n")
        (folder / name).chmod(0o755)


def small_builder(release: Release, staging: Path, _progress: Progress, _environ: Mapping[str, str]) -> str:
    write_programs(staging / "bin", release.version)
    return "a small builder"


def closed_builder(*_: object) -> str:
    raise WayClosed("no Go here")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PATH": SYSTEM_PATH, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(folder=tmp_path / "cache" / "plumbline" / "engine")


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.02)


def test_pulumi_on_path_is_taken_when_it_is_new_enough(tmp_path: Path, environ: dict[str, str]) -> None:
    write_programs(tmp_path / "installed", "3.999.0")
    environ["PATH"] = f"{tmp_path / 'installed'}:{SYSTEM_PATH}"
    engine = ensure_engine(environ=environ, origin=REFUSING, builder=closed_builder)
    assert (engine.way, engine.version, engine.path) == ("path", "3.999.0", tmp_path / "installed")


@pytest.mark.parametrize(
    ("version", "with_host", "reason"),
    [
        ("3.200.0", True, "older than"),
        ("3.259.0-alpha.1", True, "older than"),
        ("4.0.0", True, "another major version"),
        ("gibberish", True, "does not tell its version"),
        ("3.999.0", False, "has no pulumi-language-python"),
    ],
)
def test_pulumi_on_path_that_does_not_fit_is_passed_over_with_its_reason(
    tmp_path: Path, environ: dict[str, str], version: str, *, with_host: bool, reason: str
) -> None:
    write_programs(tmp_path / "installed", version, with_host=with_host)
    environ["PATH"] = f"{tmp_path / 'installed'}:{SYSTEM_PATH}"
    engine = ensure_engine(environ=environ, origin=REFUSING, builder=small_builder)
    assert engine.way == "built"
    assert reason in engine.reason


def test_second_run_takes_the_cache_and_says_how_it_was_got(environ: dict[str, str]) -> None:
    first = ensure_engine(environ=environ, origin=REFUSING, builder=small_builder)
    second = ensure_engine(environ=environ, origin=REFUSING, builder=closed_builder)
    assert (first.way, second.way) == ("built", "cache")
    assert second.path == first.path
    assert "built with a small builder" in second.reason


def test_cached_engine_put_on_path_is_still_the_cache(environ: dict[str, str]) -> None:
    first = ensure_engine(environ=environ, origin=REFUSING, builder=small_builder)
    environ["PATH"] = f"{first.path}:{SYSTEM_PATH}"
    assert ensure_engine(environ=environ, origin=REFUSING, builder=closed_builder).way == "cache"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5])


def swap_a_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"echo", b"exit"))


def lose_execute_bit(path: Path) -> None:
    path.chmod(0o644)


@pytest.mark.parametrize("damage", [truncate, swap_a_byte, lose_execute_bit, Path.unlink])
def test_damaged_cached_engine_is_found_and_replaced(
    environ: dict[str, str], cache: EngineCache, damage: Callable[[Path], None]
) -> None:
    engine = ensure_engine(environ=environ, origin=REFUSING, builder=small_builder)
    damage(engine.pulumi)
    assert cache.fault(VERSION) is not None
    assert find_engine(environ) is None
    again = ensure_engine(environ=environ, origin=REFUSING, builder=small_builder)
    assert again.way == "built"
    assert "cache" in again.reason
    assert cache.fault(VERSION) is None
    assert sorted(path.name for path in cache.folder.iterdir()) == [".lock", VERSION]


def test_touched_but_equal_program_is_still_trusted(environ: dict[str, str], cache: EngineCache) -> None:
    engine = ensure_engine(environ=environ, origin=REFUSING, builder=small_builder)
    os.utime(engine.pulumi, (1, 1))
    assert cache.fault(VERSION) is None


def test_builder_of_another_version_is_not_installed(environ: dict[str, str], cache: EngineCache) -> None:
    def wrong(_release: Release, staging: Path, *_: object) -> str:
        write_programs(staging / "bin", "3.1.0")
        return "a wrong builder"

    with pytest.raises(EngineError, match=r"got version 3\.1\.0, expected 3\."):
        ensure_engine(environ=environ, origin=REFUSING, builder=wrong)
    assert not (cache.folder / VERSION).exists()


def test_when_no_way_is_open_every_reason_and_the_next_step_are_told(environ: dict[str, str]) -> None:
    with pytest.raises(InstallFailed) as failed:
        ensure_engine(environ=environ, origin=REFUSING, builder=closed_builder)
    message = str(failed.value)
    for part in ("no pulumi on PATH", "nothing is cached", "download:", "no Go here", "Next step:"):
        assert part in message


def test_cache_that_cannot_be_written_is_named_with_the_next_step(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(EngineError, match="Not a directory, expected a folder that can be written") as failed:
        ensure_engine(environ=environ, origin=REFUSING, builder=small_builder)
    assert "XDG_CACHE_HOME" in str(failed.value)


def start_slow_run(tmp_path: Path, environ: dict[str, str]) -> "subprocess.Popen[str]":
    (tmp_path / "tests_programs.py").write_text(
        "from pathlib import Path\n"
        "def write_programs(folder, version):\n"
        "    for name in ('pulumi', 'pulumi-language-python'):\n"
        "        (folder / name).write_text(f'#!/bin/sh\\necho v{version}\\n'); (folder / name).chmod(0o755)\n"
    )
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", SLOW_RUN, str(tmp_path / "builds"), str(tmp_path / "go-on")],
        env={**environ, "PYTHONPATH": f"{root}:{tmp_path}"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_two_runs_at_once_build_once(tmp_path: Path, environ: dict[str, str]) -> None:
    first = start_slow_run(tmp_path, environ)
    wait_for((tmp_path / "builds").exists)
    second = start_slow_run(tmp_path, environ)
    assert second.stderr is not None
    waiting = second.stderr.readline()
    assert f"another run (process {first.pid})" in waiting
    (tmp_path / "go-on").touch()
    answers = [process.communicate(timeout=120)[0] for process in (first, second)]
    assert [answer.split()[0] for answer in answers] == ["built", "cache"]
    assert (tmp_path / "builds").read_text() == "built\n"


def test_killed_build_leaves_nothing_that_a_later_run_trusts_or_keeps(
    tmp_path: Path, environ: dict[str, str], cache: EngineCache
) -> None:
    killed = start_slow_run(tmp_path, environ)
    wait_for((tmp_path / "builds").exists)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=120)
    staging = next(cache.folder.glob(".staging-*"))
    # A compiler outlives its killed parent; its command line names the staging folder it writes to.
    compiler = subprocess.Popen(["sh", "-c", f"sleep 600; : {staging}"], start_new_session=True)
    (staging / "builder.pid").write_text(str(compiler.pid))
    engine = ensure_engine(environ=environ, origin=REFUSING, builder=small_builder)
    assert engine.way == "built"
    assert compiler.wait(timeout=120) == -signal.SIGKILL
    assert sorted(path.name for path in cache.folder.iterdir()) == [".lock", VERSION]


def test_leftover_that_names_a_process_of_someone_else_kills_nobody(
    environ: dict[str, str], cache: EngineCache
) -> None:
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        staging = cache.folder / ".staging-3.1.0-old"
        staging.mkdir(parents=True)
        (staging / "builder.pid").write_text(str(stranger.pid))
        ensure_engine(environ=environ, origin=REFUSING, builder=small_builder)
        assert stranger.poll() is None
        assert not staging.exists()
    finally:
        stranger.kill()
        stranger.wait()


def test_versions_compare_as_numbers_and_pre_releases_come_first() -> None:
    ordered = ["3.9.0", "3.99.1", "3.259.0-alpha.1", "v3.259.0", "3.260.0", "4.0.0"]
    assert sorted(ordered, key=lambda text: version_key(text) or (0, 0, 0, 0)) == ordered
    assert version_key("not a version") is None
