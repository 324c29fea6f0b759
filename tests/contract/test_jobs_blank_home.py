"""Protects: an emulator whose home has blanks in its path runs commands that quote nothing, and leaves no link behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.contract.job_platform import JobPlatform, produced
from tests.contract.machine_learning_platform import MachineLearningPlatform
from tests.emulator_process import EmulatorProcess

FOLDER = {"type": "uri_folder"}


def _links(home: Path) -> list[Path]:
    found = Path(tempfile.gettempdir()).glob("plumbline-*/runs")
    return [link for link in found if link.is_symlink() and link.readlink() == (home / "runs").resolve()]


def test_steps_run_in_a_home_with_blanks_and_stay_shut_in(tmp_path: Path) -> None:
    home = tmp_path / "my home (1)"
    home.mkdir()
    with EmulatorProcess(home=home) as emulator:
        platform = MachineLearningPlatform(emulator=emulator)
        platform.build()
        with platform.environment():
            jobs = JobPlatform(azure_ml=platform)
            jobs.prepare()
            make = jobs.step(
                "pip --version >/dev/null && cd $(pwd) && echo $TMPDIR > $TMPDIR/t && echo made > ${{outputs.o}}/x",
                outputs={"o": FOLDER},
            )
            read = jobs.step(
                f"cat ${{{{inputs.i}}}}/x && echo own > outputs/own.txt; cat '{home}/emulator.db' 2>&1; true",
                inputs={"i": FOLDER},
                bind={"i": produced("make", "o")},
            )
            name, properties = jobs.run(jobs.pipeline({"make": make, "read": read}))
            assert properties["status"] == "Completed", jobs.error(name)
            log = jobs.log(jobs.steps(name)["read"]["runId"])
            assert log.startswith("made")
            assert "SQLite" not in log
            (link,) = _links(home)
            assert link.parent.stat().st_mode & 0o777 == 0o700
    assert _links(home) == []
    assert not link.parent.exists()
