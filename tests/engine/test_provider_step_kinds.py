"""Protects inline parts, every type of step and command jobs through the engine: registered, scheduled, no drift after."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.contract.machine_learning_platform import machine_learning_platform
from tests.engine.provider_stack import ProviderStack

KINDS = Path(__file__).parents[1] / "data" / "assets" / "kinds"
SCHEDULE = (
    "name: kinds_weekly\ntrigger: {type: cron, expression: '0 6 * * 1', time_zone: UTC}\n"
    "create_job: ./pipeline.yml\n"
)
# Beside the pipeline's: a schedule that starts a command job with code of its own.
COMMAND_JOB = {
    "tidy.yml": (
        "command: python say.py ${{inputs.days}} > ${{outputs.kept}}/a.txt\ncode: ./src\n"
        "environment: {image: 'mcr.example/tidy:1'}\ncompute: azureml:cpu-cluster\ninputs: {days: 30}\n"
        "outputs: {kept: }\nlimits: {timeout: 600}\nenvironment_variables: {LEVEL: debug}\n"
    ),
    "tidy-nightly.yml": (
        "name: tidy_nightly\ntrigger: {type: cron, expression: '0 3 * * *', time_zone: UTC}\ncreate_job: ./tidy.yml\n"
    ),
}


def test_inline_parts_and_all_types_of_steps_are_registered_once_and_stay(tmp_path: Path) -> None:
    with machine_learning_platform(azure_noise=True) as platform:
        stack = ProviderStack(tmp_path, platform)
        folder = stack.program / "ml" / "scoring"
        shutil.rmtree(folder)
        shutil.copytree(KINDS, folder)
        (folder / "schedule.yml").write_text(SCHEDULE)
        for name, text in COMMAND_JOB.items():
            (folder / name).write_text(text)
        stack.up()
        listed = stack.live("components?listViewType=ActiveOnly")["value"]
        names = {item["name"] for item in listed}
        assert {"scoring_say", "scoring_batches_inline", "scoring_table_inline", "scoring_search"} <= names
        stack.forget_requests()
        stack.up("--refresh", "--expect-no-changes")
        assert [entry for entry in stack.writes() if entry.startswith("PUT")] == []
        assert stack.drift() == {}

        schedule = stack.live("schedules/tidy_nightly")
        job = schedule["properties"]["action"]["jobDefinition"]
        assert (job["jobType"], job["inputs"]["days"]["value"]) == ("Command", "30")
        job["command"] = "echo edited"
        job["resources"] = {"instanceCount": 3}
        stack.call("PUT", "schedules/tidy_nightly", body={"properties": schedule["properties"]})
        assert stack.found() == {"tidy_nightly": ["create_job.command", "create_job.resources"]}
        (folder / "src" / "say.py").write_text("print('other')\n")
        assert stack.planned()["tidy_nightly"] == ["update", "spec"]
        stack.up("--refresh")
        live = stack.live("schedules/tidy_nightly")["properties"]["action"]["jobDefinition"]
        assert live["command"].startswith("python say.py")
        assert live["codeId"] != job["codeId"]
        stack.up("--refresh", "--expect-no-changes")
