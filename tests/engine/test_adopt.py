"""Protects adoption: a workspace that the official SDK filled becomes a project whose preview shows no change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plumbline.engine.ensure import ensure_engine
from plumbline.ops.codify.live_resource import live_resources
from plumbline.ops.codify.writing import codify
from plumbline.ops.errors import FOUND
from plumbline.ops.plugin.installed import install_plugin
from tests.contract.machine_learning_platform import (
    GROUP,
    WORKSPACE,
    MachineLearningPlatform,
    machine_learning_platform,
)
from tests.engine.provider_stack import wait_for

CONDA = {
    "name": "tools",
    "channels": ["conda-forge"],
    "dependencies": ["python=3.11", {"pip": ["numpy==2.0.0"]}],
}


class Adopter:
    """Somebody with the official SDK's workspace and an empty folder."""

    def __init__(self, folder: Path, platform: MachineLearningPlatform) -> None:
        self.platform = platform
        self.out = folder / "project"
        self.home = folder / "pulumi-home"
        install_plugin(self.home)
        self.engine = ensure_engine().pulumi
        state = folder / "state"
        state.mkdir()
        dropped = ("AZURE", "ARM_", "PULUMI_", "IDENTITY_")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(dropped)} | {
            "PATH": f"{Path(sys.executable).parent}:{self.engine.parent}:{os.environ['PATH']}",
            "VIRTUAL_ENV": str(Path(sys.executable).parents[1]),
            "PULUMI_HOME": str(self.home),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    def run(self, *words: str, cwd: Path | None = None, code: int = 0) -> str:
        answer = subprocess.run(
            list(words), cwd=cwd or self.out, env=self.platform.emulator.environment(base=self.environment),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert answer.returncode == code, answer.stdout + answer.stderr
        return answer.stdout

    def pulumi(self, *words: str) -> str:
        return self.run("pulumi", *words, "--stack", "local", "--non-interactive")

    def adopt(self, *words: str, code: int = 0) -> dict[str, Any]:
        text = self.run(
            "plumbline", "adopt", "--workspace", WORKSPACE, "--resource-group", GROUP, "--out", str(self.out),
            "--output", "json", *words, cwd=self.out.parent, code=code,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(text)
        return found


def _fill(platform: MachineLearningPlatform, folder: Path) -> None:
    """What a team leaves behind after a year with the SDK."""
    from azure.ai.ml import Input, command, dsl, load_component
    from azure.ai.ml.entities import (
        Data,
        Environment,
        JobSchedule,
        Model,
        RecurrencePattern,
        RecurrenceTrigger,
    )

    client = platform.client()
    image = "mcr.microsoft.com/azureml/openmpi5.0-ubuntu24.04:20260901.v1"
    for version in ("1", "2"):
        client.environments.create_or_update(
            Environment(
                name="tools", version=version, image=image, conda_file=CONDA, description=f"The {version}."
            )
        )
    source = folder / "source"
    (source / "inner").mkdir(parents=True)
    (source / "train.py").write_text("print('train')\n")
    (source / "inner" / "words.txt").write_text("no\n")
    for version, environment in (("7", "1"), ("8", "2"), ("9", "1")):
        made = command(
            name="train", version=version, display_name="Train", description="Trains.\nOften.", tags={"team": "a"},
            command="python train.py --rate ${{inputs.rate}} --rows ${{inputs.rows}} --model ${{outputs.model}}",
            code=str(source), environment=f"azureml:tools:{environment}",
            inputs={"rate": Input(type="number", default=0.1), "rows": Input(type="uri_folder")},
            outputs={"model": {"type": "uri_folder"}},
        )  # fmt: skip
        client.components.create_or_update(made.component, version=version)
    plain = folder / "plain.yml"
    plain.write_text(
        "name: say\nversion: 1.0\ntype: command\ncommand: echo ${{inputs.word}}\nenvironment: azureml:tools:2\n"
        "inputs:\n  word: {type: string, default: 'no'}\n"
    )
    client.components.create_or_update(load_component(plain))
    uri = "azureml://datastores/workspaceblobstore/paths/rows/"
    for name in ("rows", "azureml_job1_output_data_model"):
        client.data.create_or_update(Data(name=name, version="1", path=uri, type="uri_folder"))
    client.models.create_or_update(
        Model(
            name="baseline",
            path="azureml://datastores/workspaceblobstore/paths/models/b/",
            type="custom_model",
        )
    )
    whole = folder / "whole.yml"
    whole.write_text(
        "name: whole\nversion: '1'\ntype: pipeline\njobs:\n  say: {type: command, component: 'azureml:say:1.0'}\n"
    )
    client.components.create_or_update(load_component(whole))
    train, say = client.components.get("train", "8"), client.components.get("say", "1.0")

    @dsl.pipeline(name="nightly", description="Every night.", default_compute="cpu-cluster")
    def nightly(rows, rate=0.2):  # the decorator reads no annotation that is text
        train(rows=rows, rate=rate)
        say(word="on")

    job = nightly(rows=Input(type="uri_folder", path="azureml:rows:1"))
    job.settings.continue_on_step_failure = False
    pattern = RecurrencePattern(hours=[3], minutes=[30])
    for name in ("nightly", "Second-run"):
        trigger = RecurrenceTrigger(
            frequency="day", interval=1, schedule=pattern, start_time="2026-01-05T03:30:00"
        )
        client.schedules.begin_create_or_update(
            JobSchedule(name=name, trigger=trigger, create_job=job, description="Runs.")
        ).result()
    client.schedules.begin_disable("Second-run").result()
    # azure-ai-ml 1.35.2 sends command jobs on schedules only where its private previews are on.
    definition = {
        "jobType": "Command", "command": "python train.py", "experimentName": "tidy", "inputs": {}, "outputs": {},
        "environmentId": f"{platform.workspace_id}/environments/tools/versions/2",
        "codeId": f"{platform.workspace_id}/codes/{train.code.split('/codes/')[1]}",
    }  # fmt: skip
    trigger = {
        "triggerType": "Cron",
        "expression": "0 3 * * *",
        "startTime": "2026-01-05T03:30:00",
        "timeZone": "UTC",
    }
    action = {"actionType": "CreateJob", "jobDefinition": definition}
    answer = platform.call(
        "PUT",
        "schedules/tidy",
        json={"properties": {"trigger": trigger, "action": action, "isEnabled": True}},
    )
    assert answer.ok, answer.text


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform(azure_noise=True) as made:
        _fill(made, tmp_path_factory.mktemp("team"))
        # With noise, lists lag behind writes.
        for kind, number in (("schedules", 3), ("components", 3), ("models", 1)):
            wait_for(
                lambda kind=kind, number=number: len(made.get(kind, listViewType="All")["value"]) >= number
            )
        yield made


def test_a_workspace_of_the_official_sdk_is_adopted_without_a_change(
    tmp_path: Path, platform: MachineLearningPlatform
) -> None:
    adopter = Adopter(tmp_path, platform)
    platform.forget_requests()
    answer = adopter.adopt(code=FOUND)
    assert [entry for entry in platform.paths() if not entry.startswith("GET ")] == [], "it only reads"
    adopted = [row for row in answer["assets"] if not row["reason"]]
    assert {(row["kind"], row["name"], row["version"], row["older"]) for row in adopted} == {
        ("environment", "tools", "2", 1),
        ("component", "train", "9", 2),
        ("component", "say", "1.0", 0),
        ("data", "rows", "1", 0),
        ("model", "baseline", "1", 0),
        ("schedule", "nightly", None, 0),
        ("schedule", "Second-run", None, 0),
        ("schedule", "tidy", None, 0),
    }
    assert ("made by a run", 1) in {(row["class"], row["count"]) for row in answer["left_out"]}
    train = adopter.out / "pipelines/adopted/components/train"
    assert (train / "src/inner/words.txt").read_text() == "no\n"
    assert (adopter.out / "pipelines/tidy/src/train.py").read_text() == "print('train')\n"
    adopter.pulumi("stack", "init")
    adopter.pulumi(
        "import", "--file", "adopt.import.json", "--yes", "--generate-code=false", "--protect=false"
    )
    adopter.pulumi("preview", "--diff", "--expect-no-changes")

    body = platform.get("schedules/nightly")["properties"]
    body["trigger"]["schedule"] |= {"hours": [4]}
    assert platform.call("PUT", "schedules/nightly", json={"properties": body}).ok
    # With noise, reads lag behind writes.
    changed = wait_for(
        lambda: live_resources(json.loads(adopter.pulumi("refresh", "--preview-only", "--json")))
    )
    folders = sorted((adopter.out / "pipelines").iterdir())
    done = codify(changed, root=adopter.out, folders=folders)
    assert [(one.resource, one.field) for one in done.written] == [
        ("schedule-nightly", "trigger.schedule.hours")
    ]
    adopter.pulumi("refresh", "--yes", "--skip-preview")
    adopter.pulumi("preview", "--expect-no-changes")


def test_what_cannot_be_given_again_is_named_and_nothing_is_overwritten(
    tmp_path: Path, platform: MachineLearningPlatform
) -> None:
    adopter = Adopter(tmp_path, platform)
    answer = adopter.adopt(code=FOUND)
    (row,) = [row for row in answer["assets"] if row["reason"]]
    assert (row["name"], row["file"]) == ("whole", None)
    assert "does not show the steps" in row["reason"]
    again = subprocess.run(
        ["plumbline", "adopt", "-w", WORKSPACE, "-g", GROUP, "--out", str(adopter.out)],
        env=platform.emulator.environment(base=adopter.environment), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert again.returncode == 1
    assert "where a workspace was adopted before" in again.stderr


def test_one_resource_is_imported_by_its_short_id_below_a_parent(
    tmp_path: Path, platform: MachineLearningPlatform
) -> None:
    adopter = Adopter(tmp_path, platform)
    adopter.adopt(code=FOUND)
    adopter.pulumi("stack", "init")
    parent = "urn:pulumi:local::mlw-test::pulumi:pulumi:Stack::mlw-test-local"
    quietly = ("--yes", "--skip-preview", "--generate-code=false", "--protect=false")
    for type, name, id in (
        ("Component", "component-train", "train:9"),
        ("PipelineSchedule", "schedule-nightly", "nightly"),
    ):
        adopter.pulumi("import", f"plumbline:azureml:{type}", name, id, "--parent", f"top={parent}", *quietly)
    plan = json.loads(adopter.pulumi("preview", "--json"))
    planned = {step["urn"].rpartition("::")[2]: step["op"] for step in plan["steps"]}
    assert planned["component-say"] == "create", "what was not imported is still to be made"
    assert planned.get("component-train", "same") == "same"
    assert planned.get("schedule-nightly", "same") == "same"
