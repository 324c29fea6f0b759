"""Protects work under attack: what was acknowledged is there, nothing is doubled, and the next update converges.

`make soak` runs it in full; its short form runs in the suite. A failure prints the seed that repeats it:
PLUMBLINE_SOAK_SEED=N make soak ARGS="tests/e2e/test_soak.py -s".
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project_copy import ProjectCopy
from tests.storm import Storm, small_disk

SEED = int(os.environ.get("PLUMBLINE_SOAK_SEED", "1"))
KILLS = int(os.environ.get("PLUMBLINE_SOAK_KILLS", "200"))
# A repair checks everything; between two of them, this many strikes hit what the ones before left.
BETWEEN_REPAIRS = 10
FULL_DISKS = 10


def kills(storm: Storm) -> int:
    return sum(count for what, count in storm.figures.items() if what.endswith(" killed"))


def test_some_kills_at_random_moments_lose_and_double_nothing(platform: ProjectCopy) -> None:
    storm = Storm(platform, seed=SEED)
    while kills(storm) < 2:
        storm.strike()
    storm.repair()
    print(storm.summary())


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_hundreds_of_kills_at_random_moments_lose_and_double_nothing(platform: ProjectCopy) -> None:
    storm = Storm(platform, seed=SEED)
    while kills(storm) < KILLS:
        for _ in range(BETWEEN_REPAIRS):
            storm.strike()
        storm.repair()
        print(f"seed {storm.seed}: {storm.summary()}", flush=True)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(SEED, SEED + 10))
def test_a_fifth_of_faults_on_all_routes_is_overcome(platform: ProjectCopy, seed: int) -> None:
    storm = Storm(platform, seed=seed)
    for _ in range(3):
        storm.change()
        storm.faults(storm.chance.randrange(2**16))
        update = storm.up(check=False)
        assert update.returncode == 0, storm.told(update.stdout + update.stderr)
        run = platform.plumbline(
            "job", "create", "--file", "pipelines/claims_release/pipeline.yml", "--stream", "--stack", "local",
            check=False,
        )  # fmt: skip
        assert run.returncode == 0, storm.told(run.stdout + run.stderr)
        storm.figures["updates"] += 1
        storm.figures["runs"] += 1
        storm.revive()
    storm.repair()
    print(f"seed {seed}: {storm.summary()}", flush=True)


@pytest.fixture
def on_small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    """A platform whose state and emulator lie on a disk that is soon full."""
    copy = ProjectCopy.make(tmp_path_factory.mktemp("full") / "project")
    try:
        with small_disk(copy.root / ".plumbline", mib=700):
            try:
                copy.plumbline("local", "up", "--skip-run", "--azure-noise")
                yield copy
            finally:
                copy.plumbline("local", "stop", check=False)
    except OSError as error:
        pytest.skip(f"a disk of its own needs the right to mount one: {error}")


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_full_disk_at_random_moments_loses_and_doubles_nothing(on_small_disk: ProjectCopy) -> None:
    storm = Storm(on_small_disk, seed=SEED)
    disk = on_small_disk.root / ".plumbline"
    for _ in range(FULL_DISKS):
        storm.fill(disk)
        storm.repair()
        print(f"seed {storm.seed}: {storm.summary()}", flush=True)
    assert shutil.disk_usage(Path(disk)).free > 0
