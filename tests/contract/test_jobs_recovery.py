"""Protects: kill -9 of the emulator in a run: a true end with a reason, no process left, finished steps are not run again."""

from __future__ import annotations

import hashlib
import time

import psutil

from tests.contract.job_platform import job_platform, marked, produced

FOLDER = {"type": "uri_folder"}


def _alive(mark: str) -> list[int]:
    mark = marked(mark)
    return [one.pid for one in psutil.process_iter(["cmdline"]) if mark in (one.info["cmdline"] or [])]


def test_kill_9_leaves_a_true_end_no_processes_and_reusable_steps() -> None:
    with job_platform() as jobs:
        nodes = {
            "done": jobs.step("echo kept > ${{outputs.o}}/x", outputs={"o": FOLDER}),
            "cut": jobs.step(
                "cat ${{inputs.i}}/x; chmod 4777 ${{inputs.i}}/x; sleep ${{inputs.seconds}}",
                inputs={"i": FOLDER, "seconds": {"type": "integer"}},
                bind={"i": produced("done", "o"), "seconds": int(marked("7361"))},
                outputs={"o": FOLDER},
            ),
            "later": jobs.step("ls ${{inputs.i}}", inputs={"i": FOLDER}, bind={"i": produced("cut", "o")}),
        }
        name = jobs.submit(jobs.pipeline(nodes))
        deadline = time.monotonic() + 120
        while not _alive("7361"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        jobs.emulator.kill()
        jobs.emulator.start()
        assert _alive("7361") == []
        properties = jobs.azure_ml.get(f"jobs/{name}")["properties"]
        steps = jobs.steps(name)
        assert properties["status"] == "Failed"
        assert {place: run["status"] for place, run in steps.items()} == {
            "done": "Completed",
            "cut": "Failed",
        }
        assert "The emulator was stopped while this ran" in jobs.error(name)
        digest = hashlib.sha256(b"kept\n").hexdigest()
        stored = jobs.emulator.home / "blobs" / digest[:2] / digest
        assert stored.stat().st_mode & 0o7177 == 0, "the rights that the step set on its input are gone"
        left = jobs.emulator.home / "runs" / steps["cut"]["runId"]
        assert [path.name for path in left.iterdir() if path.name in ("work", "inputs", "env")] == []
        nodes["cut"]["inputs"]["seconds"] = {"job_input_type": "literal", "value": "0"}
        again, properties = jobs.run(jobs.pipeline(nodes))
        assert properties["status"] == "Completed"
        reused = {
            place: run["properties"].get("azureml.isreused") for place, run in jobs.steps(again).items()
        }
        assert reused == {"done": "true", "cut": None, "later": None}


def test_a_clean_stop_ends_running_jobs_with_a_reason() -> None:
    with job_platform() as jobs:
        name = jobs.submit(jobs.pipeline({"a": jobs.step("sleep 7362")}))
        jobs.wait(name, until=("Running",))
        deadline = time.monotonic() + 120
        while not _alive("7362"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        jobs.emulator.restart()
        assert _alive("7362") == []
        assert jobs.azure_ml.get(f"jobs/{name}")["properties"]["status"] == "Failed"
        assert "The emulator was stopped" in jobs.error(name)
