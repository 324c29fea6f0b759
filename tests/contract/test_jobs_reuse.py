"""Protects: equal deterministic steps are not run again, changed ones and what reads from them are, and it says which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.contract.job_platform import JobPlatform, job_platform, produced

FOLDER = {"type": "uri_folder"}


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


def _upload(jobs: JobPlatform, name: str, text: str) -> dict[str, Any]:
    """A data input of one file."""
    secrets = jobs.azure_ml.call(
        "POST",
        "datastores/workspaceblobstore/listSecrets",
        json={"expirableSecret": True, "expireAfterHours": 1},
    ).json()
    container = jobs.azure_ml.get("datastores/workspaceblobstore")["properties"]["containerName"]
    if "sasToken" in secrets:
        url, headers = f"{jobs.emulator.base_url}/{container}/{name}?{secrets['sasToken'].lstrip('?')}", {}
    else:
        url = f"{jobs.emulator.base_url}/{container}/{name}"
        headers = {"Authorization": f"Bearer {jobs.emulator.token(audience='https://storage.azure.com')}"}
    answer = requests.put(
        url,
        data=text,
        headers={**headers, "x-ms-blob-type": "BlockBlob", "x-ms-version": "2024-11-04"},
        verify=str(jobs.emulator.home / "ca.pem"),
        timeout=120,
    )
    assert answer.status_code == 201, answer.text
    return {"jobInputType": "uri_file", "uri": f"azureml://datastores/workspaceblobstore/paths/{name}"}


def _reused(jobs: JobPlatform, name: str) -> dict[str, bool]:
    return {
        place: run["properties"].get("azureml.isreused") == "true" for place, run in jobs.steps(name).items()
    }


def _chain(jobs: JobPlatform) -> dict[str, Any]:
    """apart and read are independent of one another; count reads from read."""
    file = {"rows": {"type": "uri_file"}}
    return {
        "read": jobs.step(
            "cp ${{inputs.rows}} ${{outputs.o}}/rows",
            inputs=file,
            outputs={"o": FOLDER},
            bind={"rows": {"job_input_type": "uri_file", "uri": "${{parent.inputs.rows}}"}},
        ),
        "count": jobs.step(
            "wc -l < ${{inputs.i}}/rows > ${{outputs.o}}/n",
            inputs={"i": FOLDER},
            outputs={"o": FOLDER},
            bind={"i": produced("read", "o")},
            promote={"o": "n"},
        ),
        "apart": jobs.step("echo apart"),
    }


def test_a_changed_row_reruns_what_reads_it_and_nothing_else(jobs: JobPlatform) -> None:
    nodes = _chain(jobs)
    outputs = {"n": {"jobOutputType": "uri_folder"}}
    first, _ = jobs.run(
        jobs.pipeline(nodes, inputs={"rows": _upload(jobs, "one/rows.csv", "a\nb\n")}, outputs=outputs)
    )
    assert _reused(jobs, first) == {"read": False, "count": False, "apart": False}
    again, _ = jobs.run(
        jobs.pipeline(nodes, inputs={"rows": _upload(jobs, "copy/of/rows.csv", "a\nb\n")}, outputs=outputs)
    )
    assert _reused(jobs, again) == {"read": True, "count": True, "apart": True}
    original = jobs.steps(first)["count"]
    run = jobs.steps(again)["count"]
    assert run["properties"]["azureml.reusedrunid"] == original["runId"]
    assert run["properties"]["azureml.reusedpipelinerunid"] == first
    assert run["properties"]["azureml.reusedpipeline"] == first
    assert run["properties"]["azureml.reusednodeid"] == original["properties"]["azureml.nodeid"]
    assert run["dataContainerId"] == f"dcid.{original['runId']}"
    assert original["runId"] in jobs.outputs(again)["n"]
    assert jobs.record(run["runId"])["reused_from"]["run"] == original["runId"]
    changed, _ = jobs.run(
        jobs.pipeline(nodes, inputs={"rows": _upload(jobs, "one/rows.csv", "a\nc\n")}, outputs=outputs)
    )
    assert _reused(jobs, changed) == {"read": False, "count": False, "apart": True}


def test_forced_nondeterministic_and_failed_steps_run_again(jobs: JobPlatform) -> None:
    steady = jobs.pipeline({"a": jobs.step("date +%N")})
    jobs.run(steady)
    forced, _ = jobs.run({**steady, "settings": {**steady["settings"], "force_rerun": True}})
    assert _reused(jobs, forced) == {"a": False}
    moody = jobs.pipeline({"a": jobs.step("date +%N # moody", is_deterministic=False)})
    jobs.run(moody)
    name, _ = jobs.run(moody)
    assert _reused(jobs, name) == {"a": False}
    failing = jobs.pipeline(
        {
            "ok": jobs.step("echo fine", outputs={"o": FOLDER}),
            "bad": jobs.step("exit 1 # $RANDOM", inputs={"i": FOLDER}, bind={"i": produced("ok", "o")}),
        }
    )
    jobs.run(failing)
    name, properties = jobs.run(failing)
    assert properties["status"] == "Failed"
    assert _reused(jobs, name) == {"ok": True, "bad": False}


def test_equal_content_under_another_component_name_is_reused_and_another_parameter_is_not(
    jobs: JobPlatform,
) -> None:
    def body(word: str) -> dict[str, Any]:
        return jobs.pipeline(
            {
                "a": jobs.step(
                    "echo ${{inputs.w}} > ${{outputs.o}}/w",
                    inputs={"w": {"type": "string"}},
                    outputs={"o": FOLDER},
                    bind={"w": word},
                )
            }
        )

    jobs.run(body("one"))
    same, _ = jobs.run(body("one"))
    other, _ = jobs.run(body("two"))
    assert (_reused(jobs, same), _reused(jobs, other)) == ({"a": True}, {"a": False})


def test_results_that_were_tampered_with_are_made_again(jobs: JobPlatform) -> None:
    step = jobs.step("echo right > ${{outputs.o}}/x", outputs={"o": FOLDER})
    first, _ = jobs.run(jobs.pipeline({"a": step}))
    run = jobs.steps(first)["a"]["runId"]
    _upload(jobs, f"azureml/{run}/o/x", "wrong\n")
    name, _ = jobs.run(jobs.pipeline({"a": step}))
    assert _reused(jobs, name) == {"a": False}
