"""Protects: bindings, literals and values between steps mean what Azure takes them for, and never end in a 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.job_platform import JobPlatform, job_platform

FOLDER = {"type": "uri_folder"}
FILE = {"type": "uri_file"}
TEXT = {"type": "string"}
STORE = "azureml://datastores/workspaceblobstore/paths"


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


@pytest.fixture(scope="module")
def folder(jobs: JobPlatform) -> str:
    """A folder of the default datastore with one.csv and deep/two.csv."""
    step = jobs.step(
        "mkdir ${{outputs.o}}/deep; echo 1 > ${{outputs.o}}/one.csv; echo 2 > ${{outputs.o}}/deep/two.csv",
        outputs={"o": FOLDER},
        promote={"o": "kept"},
    )
    outputs = {"kept": {"jobOutputType": "uri_folder", "uri": f"{STORE}/tables/"}}
    _, properties = jobs.run(jobs.pipeline({"write": step}, outputs=outputs))
    assert properties["status"] == "Completed"
    return f"{STORE}/tables/"


def _log(jobs: JobPlatform, body: dict[str, Any], step: str = "step") -> str:
    name, properties = jobs.run(body)
    run = jobs.steps(name)[step]["runId"]
    assert properties["status"] == "Completed", jobs.error(run)
    return jobs.log(run).strip()


def _refusal(jobs: JobPlatform, body: dict[str, Any]) -> str:
    answer = jobs.send(body)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"]["message"])


def test_the_name_of_the_job_is_a_text_that_steps_can_take(jobs: JobPlatform) -> None:
    for bound in ("${{parent.name}}", "run-${{ parent.name }}-end"):
        step = jobs.step("echo ${{inputs.word}}", inputs={"word": TEXT}, bind={"word": bound})
        name, properties = jobs.run(jobs.pipeline({"step": step}))
        assert properties["status"] == "Completed"
        said = jobs.log(jobs.steps(name)["step"]["runId"]).strip()
        assert said == bound.replace("${{ parent.name }}", name).replace("${{parent.name}}", name)


def test_the_jobs_name_stands_in_its_own_literals(jobs: JobPlatform) -> None:
    """Source: recorded jobs of schedules, whose azureml.parameters have the name filled in."""
    inputs = {"who": {"jobInputType": "literal", "value": "run ${{name}}"}}
    step = jobs.step("echo ${{inputs.word}}", inputs={"word": TEXT}, bind={"word": "${{parent.inputs.who}}"})
    name, properties = jobs.run(jobs.pipeline({"step": step}, inputs=inputs))
    assert properties["status"] == "Completed"
    assert jobs.log(jobs.steps(name)["step"]["runId"]).strip() == f"run {name}"


def test_addresses_of_inputs_say_the_default_datastore_and_their_own_runs_name(jobs: JobPlatform) -> None:
    make = jobs.step("echo 4 > ${{outputs.o}}/four.csv", outputs={"o": FOLDER}, promote={"o": "kept"})
    kept = {
        "kept": {
            "jobOutputType": "uri_folder",
            "uri": "azureml://datastores/workspaceblobstore/paths/macros/",
        }
    }
    name, _ = jobs.run(jobs.pipeline({"make": make}, outputs=kept))
    address = "azureml://datastores/${{default_datastore}}/paths/macros/four.csv"
    given = {"four": {"jobInputType": "uri_file", "uri": address}}
    step = jobs.step("cat ${{inputs.t}}", inputs={"t": FILE}, bind={"t": "${{parent.inputs.four}}"})
    assert _log(jobs, jobs.pipeline({"step": step}, inputs=given)) == "4"
    command, properties = jobs.run(jobs.command("cat ${{inputs.four}}", inputs=given))
    assert properties["status"] == "Completed", jobs.error(command)
    own = {"jobInputType": "uri_folder", "uri": "azureml://datastores/workspaceblobstore/paths/in/${{name}}/"}
    name, properties = jobs.run(jobs.command("true", inputs={"mine": own}))
    assert f"/paths/in/{name}/" in jobs.error(name), "the address that was looked at"
    direct = jobs.command("echo ${{inputs.mine}}", inputs={"mine": {**own, "mode": "Direct"}})
    name, _ = jobs.run(direct)
    assert jobs.log(name).strip().endswith(f"/paths/in/{name}/")


def test_a_program_of_the_image_that_is_not_here_is_told(jobs: JobPlatform) -> None:
    name, properties = jobs.run(jobs.command("Rscript-of-the-image train.R"))
    assert properties["status"] == "Failed"
    assert "No container is run here: a program that the image of environment bare:1 brings" in jobs.error(
        name
    )


def test_a_binding_may_begin_a_path(jobs: JobPlatform, folder: str) -> None:
    inputs = {
        "folder": {"jobInputType": "uri_folder", "uri": folder},
        "file": {"jobInputType": "literal", "value": "two.csv"},
    }
    for bound, content in (
        ("${{parent.inputs.folder}}/one.csv", "1"),
        ("${{parent.inputs.folder}}/deep/${{parent.inputs.file}}", "2"),
    ):
        step = jobs.step("cat ${{inputs.table}}", inputs={"table": FILE}, bind={"table": bound})
        assert _log(jobs, jobs.pipeline({"step": step}, inputs=inputs)) == content
    missing = jobs.step("true", inputs={"t": FILE}, bind={"t": "${{parent.inputs.folder}}/three.csv"})
    name, properties = jobs.run(jobs.pipeline({"step": missing}, inputs=inputs))
    assert properties["status"] == "Failed"
    assert "nothing lies at" in jobs.error(jobs.steps(name)["step"]["runId"])


def test_a_path_below_an_earlier_steps_output_is_read_from_it(jobs: JobPlatform) -> None:
    make = jobs.step("echo 3 > ${{outputs.o}}/three.csv", outputs={"o": FOLDER})
    bound = "${{parent.jobs.make.outputs.o}}/three.csv"
    step = jobs.step("cat ${{inputs.table}}", inputs={"table": FILE}, bind={"table": bound})
    assert _log(jobs, jobs.pipeline({"make": make, "step": step})) == "3"


def test_counts_and_limits_may_be_bound(jobs: JobPlatform) -> None:
    inputs = {
        "count": {"jobInputType": "literal", "value": "2"},
        "word": {"jobInputType": "literal", "value": "many"},
    }
    step = jobs.step(
        "echo rank $RANK of $WORLD_SIZE",
        distribution={"type": "mpi", "process_count_per_instance": "1"},
        resources={"instance_count": "${{parent.inputs.count}}"},
        limits={"timeout": "${{parent.inputs.count}}0"},
    )
    step["distribution"] = {
        "distribution_type": "Mpi",
        "process_count_per_instance": "${{parent.inputs.count}}",
    }
    name, properties = jobs.run(jobs.pipeline({"step": step}, inputs=inputs))
    assert properties["status"] == "Completed"
    run = jobs.steps(name)["step"]["runId"]
    said = sorted(jobs.file(run, f"user_logs/std_log_process_{rank:02d}.txt").strip() for rank in range(4))
    assert said == [f"rank {rank} of 4" for rank in range(4)]
    for field, value in (
        (
            "distribution",
            {"distribution_type": "Mpi", "process_count_per_instance": "${{parent.inputs.word}}"},
        ),
        ("limits", {"timeout": "${{parent.inputs.word}}"}),
        ("resources", {"instance_count": "${{parent.inputs.word}}"}),
        ("distribution", {"distribution_type": "Mpi", "process_count_per_instance": "${{parent.inputs.no}}"}),
    ):
        message = _refusal(jobs, jobs.pipeline({"step": {**step, field: value}}, inputs=inputs))
        assert f"jobs.step.{field}" in message


def test_an_integer_input_takes_any_number_and_nothing_else(jobs: JobPlatform) -> None:
    declared = {"n": {"type": "integer", "min": "0", "max": "20"}}
    step = jobs.step("echo ${{inputs.n}}", inputs=declared, bind={"n": "10.01"})
    assert _log(jobs, jobs.pipeline({"step": step})) == "10.01"
    for value, why in (
        ("ten", "expected a value of type integer"),
        ("20.5", "expected a value from 0 to 20"),
    ):
        wrong = jobs.step("echo ${{inputs.n}}", inputs=declared, bind={"n": value})
        assert why in _refusal(jobs, jobs.pipeline({"step": wrong}))


def test_values_that_a_step_writes_feed_literal_inputs(jobs: JobPlatform) -> None:
    kinds = {"word": "string", "n": "integer", "x": "number", "yes": "boolean"}
    values = {"word": "hello there", "n": "7", "x": "2.5", "yes": "True"}
    make = jobs.step(
        "; ".join(f"echo '{value}' > ${{{{outputs.{name}}}}}" for name, value in values.items()),
        outputs={name: {"type": kind, "is_control": True} for name, kind in kinds.items()},
    )
    step = jobs.step(
        "; ".join(f"echo {name}=${{{{inputs.{name}}}}}" for name in kinds),
        inputs={name: {"type": kind} for name, kind in kinds.items()},
        bind={name: f"${{{{parent.jobs.make.outputs.{name}}}}}" for name in kinds},
    )
    said = _log(jobs, jobs.pipeline({"make": make, "step": step}))
    assert said.splitlines() == [f"{name}={value}" for name, value in values.items()]


def test_a_value_that_was_never_written_or_does_not_fit_fails_the_reader_by_name(jobs: JobPlatform) -> None:
    make = jobs.step(
        "echo many > ${{outputs.n}}", outputs={"word": TEXT, "n": {"type": "integer"}}, is_deterministic=False
    )
    for output, kind, why in (
        ("word", "string", "got no value from the output word of step make"),
        ("n", "integer", "got 'many', expected a value of type integer"),
    ):
        step = jobs.step(
            "echo ${{inputs.i}}",
            inputs={"i": {"type": kind}},
            bind={"i": f"${{{{parent.jobs.make.outputs.{output}}}}}"},
        )
        name, properties = jobs.run(jobs.pipeline({"make": make, "step": step}))
        assert properties["status"] == "Failed"
        assert why in jobs.error(jobs.steps(name)["step"]["runId"])


def test_what_cannot_stand_within_a_text_is_refused(jobs: JobPlatform) -> None:
    make = jobs.step("echo x > ${{outputs.o}}/x", outputs={"o": FOLDER})
    step = jobs.step(
        "echo ${{inputs.word}}",
        inputs={"word": TEXT},
        bind={"word": "it is ${{parent.jobs.make.outputs.o}}"},
    )
    assert "cannot stand within the text" in _refusal(jobs, jobs.pipeline({"make": make, "step": step}))
