"""Protects what happens when something goes wrong: nothing is orphaned, doubled or overwritten, and the way out is named."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform
from tests.engine.provider_stack import ProviderStack, plugins_of, wait_for

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform(azure_noise=True) as made:
        yield made


@pytest.fixture
def stack(tmp_path: Path, platform: MachineLearningPlatform) -> Iterator[ProviderStack]:
    """A stack that only declares what a test leaves in; each test has names of its own."""
    made = ProviderStack(tmp_path, platform)
    made.set(leave_out=["table", "remote_table", "baseline", "report", "score_and_report", "scoring_weekly"])
    yield made
    platform.emulator.control("DELETE", "faults")


def rename(stack: ProviderStack, name: str) -> str:
    """Give the component a container and code of its own, so that tests share nothing but the emulator."""
    file = stack.program / "ml" / "scoring" / "components" / "score" / "component.yml"
    file.write_text(file.read_text().replace("name: score\n", f"name: {name}\n", 1))
    (file.parent / "src" / "score.py").write_text(f"print('scores of {name}')\n")
    return f"components/{name}"


def test_a_lost_answer_leaves_no_orphan(stack: ProviderStack) -> None:
    path = rename(stack, "lost_answer")
    # Every try of the version's PUT is committed and then cut off: the client gives up with nothing in hand.
    stack.faults({"method": "PUT", "path": f"{path}/versions/", "count": -1, "status": "close-after"})
    text = stack.up(refused=True)
    assert "got no answer" in text
    assert "run the command again" in text
    assert "lost_answer" not in stack.resources()
    assert len(stack.versions(path)) == 1
    stack.no_faults()
    stack.up()
    outputs = stack.resources()["lost_answer"]["outputs"]
    assert outputs["registeredVersions"] == [outputs["version"]], (
        "our own half-done work is ours, not adopted"
    )
    assert list(stack.versions(path)) == [outputs["version"]]
    stack.destroy()
    assert stack.versions(path) == {outputs["version"]: True}


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_lost_answer_on_the_way_is_taken_up_within_the_run(stack: ProviderStack, method: str) -> None:
    path = rename(stack, f"lost_{method.lower()}")
    # Uploads (PUT of blobs) and addresses for them (POST): both were done, neither was answered.
    where = r"score\.py$" if method == "PUT" else r"startPendingUpload$"
    stack.faults({"method": method, "path": where, "count": 2, "status": "close-after"})
    text = stack.up()
    assert "409" not in text
    (met,) = stack.platform.emulator.control("GET", "faults")
    assert met["fired"] == 2
    assert len(stack.versions(path)) == 1


def test_metadata_that_is_not_answered_is_no_unknown_cloud(stack: ProviderStack) -> None:
    rename(stack, "no_metadata")
    # azure-ai-ml asks for it while it is imported; the fence's questions before it are answered.
    stack.faults({"path": "^/metadata/", "nth": 4, "count": 3, "status": "close"})
    stack.up()


def test_a_refused_archive_is_a_warning(stack: ProviderStack) -> None:
    path = rename(stack, "kept")
    stack.up()
    stack.faults({"method": "PUT", "path": f"{path}/versions/", "count": -1, "status": 403})
    text = stack.destroy()
    assert "archive: got 403" in text
    assert "It stays, and is no longer managed by this stack." in text
    assert set(stack.versions(path).values()) == {False}


def test_a_throttled_service_is_waited_for(stack: ProviderStack) -> None:
    path = rename(stack, "throttled")
    throttle = {"status": 429, "headers": {"Retry-After": "1"}, "count": 5}
    stack.faults(
        {"method": "PUT", "path": f"{path}/versions/", **throttle},
        {"method": "GET", "path": path, **throttle},
    )
    stack.up()
    assert "throttled" in stack.resources()


def test_a_killed_plugin_in_the_middle_of_a_create_converges(stack: ProviderStack) -> None:
    path = rename(stack, "killed_plugin")
    stack.faults({"method": "PUT", "path": f"{path}/versions/", "delay_seconds": 20})
    stack.forget_requests()
    engine = stack.start("up", "--yes", "--skip-preview", "--suppress-progress")
    wait_for(
        lambda: [entry for entry in stack.writes() if entry.startswith("PUT codes/")]
    )  # the version is next
    (plugin,) = plugins_of(engine)
    plugin.kill()
    text, _ = engine.communicate(timeout=180)
    assert engine.returncode != 0, text
    stack.no_faults()
    stack.up("--refresh")
    outputs = stack.resources()["killed_plugin"]["outputs"]
    assert outputs["registeredVersions"] == [outputs["version"]]
    assert list(stack.versions(path)) == [outputs["version"]]
    assert stack.drift() == {}


def test_a_store_that_dies_during_an_upload_is_told_without_waiting_for_it(
    stack: ProviderStack, platform: MachineLearningPlatform
) -> None:
    path = rename(stack, "dead_store")
    stack.faults({"method": "PUT", "path": r"score\.py$", "status": "kill"})
    engine = stack.start("up", "--yes", "--skip-preview", "--suppress-progress")
    try:
        # azure-storage-blob's own pauses add up to minutes.
        text, _ = engine.communicate(timeout=180)
    finally:
        platform.emulator.restart()
    assert engine.returncode != 0, text
    assert "got no answer" in text
    assert "plumbline local status" in text
    stack.up("--refresh")
    assert list(stack.versions(path)) == [stack.resources()["dead_store"]["outputs"]["version"]]


def test_the_plugin_ends_when_its_engine_is_killed(stack: ProviderStack) -> None:
    path = rename(stack, "killed_engine")
    stack.faults({"method": "GET", "path": path, "delay_seconds": 60})
    engine = stack.start("preview")
    (plugin,) = wait_for(lambda: plugins_of(engine))
    engine.kill()
    engine.communicate(timeout=180)
    psutil.wait_procs([plugin], timeout=180)
    assert not plugin.is_running()


def test_a_cancelled_run_begins_nothing_new(stack: ProviderStack) -> None:
    path = rename(stack, "cancelled")
    stack.faults({"method": "GET", "path": f"{path}/versions/", "delay_seconds": 4})
    engine = stack.start("up", "--yes", "--skip-preview", "--suppress-progress")
    stack.forget_requests()
    wait_for(lambda: "creating" in _state_of(stack, "cancelled"))
    engine.send_signal(2)
    text, _ = engine.communicate(timeout=180)
    assert engine.returncode != 0, text
    assert not [entry for entry in stack.writes() if path in entry], text
    stack.no_faults()
    stack.up("--refresh")
    assert "cancelled" in stack.resources()


def _state_of(stack: ProviderStack, name: str) -> str:
    pending = [file.read_text() for file in stack.state.glob(".pulumi/stacks/scoring/*.json")]
    return "creating" if any(f"::{name}" in text and '"creating"' in text for text in pending) else ""


def test_files_that_changed_since_they_were_read_are_refused(stack: ProviderStack) -> None:
    path = rename(stack, "changed_since")
    stack.set(write_after_reading={"ml/scoring/components/score/src/score.py": "print('other')\n"})
    stack.forget_requests()
    text = stack.up(refused=True)
    assert "what was planned is not what is on disk" in text
    assert "ml/scoring/components/score/component.yml: code: got files with hash" in text
    assert not [entry for entry in stack.writes() if "codes" in entry or path in entry]


def test_a_declared_version_with_other_content_is_refused_before_anything_changes(
    stack: ProviderStack, platform: MachineLearningPlatform
) -> None:
    path = rename(stack, "declared")
    file = stack.program / "ml" / "scoring" / "components" / "score" / "component.yml"
    file.write_text(file.read_text() + 'version: "7"\n')
    stack.up()
    stack.live(f"{path}/versions/7")  # the first read after a write may not say who wrote it
    with stack.edited("components/score/src/score.py", "scores", "other scores"):
        text = stack.run("preview", refused=True)
        hashes = set(re.findall(r"[0-9a-f]{64}", text))
        assert len(hashes) == 2, text
        deployer = platform.emulator.ready["principals"]["deployer"]["client_id"]
        assert f"application {deployer} registered declared:7 at 20" in text
        assert "Declare version 8" in text
    assert list(stack.versions(path)) == ["7"]


def test_equal_content_of_someone_else_is_adopted_and_left_alone(
    stack: ProviderStack, tmp_path: Path, platform: MachineLearningPlatform
) -> None:
    path = rename(stack, "adopted")
    stack.up()
    (version,) = stack.versions(path)
    folder = tmp_path / "other"
    folder.mkdir()
    other = ProviderStack(folder, platform)
    other.set(leave_out=["table", "remote_table", "baseline", "report", "score_and_report", "scoring_weekly"])
    rename(other, "adopted")
    other.set(names={"adopted": "someone-elses", "scoring_tools": "tools-too"})
    text = other.up()
    assert f"adopted:{version} exists with equal content: it was adopted, not registered" in text
    assert other.resources()["someone-elses"]["outputs"]["registeredVersions"] == []
    text = other.destroy()
    assert f"adopted:{version} is left as it is" in text
    assert stack.versions(path) == {version: False}


def test_a_schedule_that_someone_else_made_is_not_overwritten(
    stack: ProviderStack, platform: MachineLearningPlatform
) -> None:
    stack.set(leave_out=[])
    stack.up()
    before = stack.live("schedules/scoring_weekly")
    stack.change(
        "schedules/scoring_weekly", properties={}, trigger={**before["properties"]["trigger"], "interval": 3}
    )
    stack.run(
        "state",
        "delete",
        "--yes",
        "urn:pulumi:local::scoring::plumbline:azureml:PipelineSchedule::scoring_weekly",
    )
    text = stack.run("preview", refused=True)
    assert "got scoring_weekly, expected one that is free" in text
    assert "other content" in text
    assert "Import that one, or choose another name" in text


def schedule_named(stack: ProviderStack, name: str) -> str:
    """Declare the schedule, with all that it pins, under a name of its own."""
    stack.set(leave_out=[])
    file = stack.program / "ml" / "scoring" / "schedule.yml"
    file.write_text(file.read_text().replace("name: scoring_weekly", f"name: {name}", 1))
    return f"schedules/{name}"


def test_a_schedule_that_is_declared_disabled_comes_up_disabled(stack: ProviderStack) -> None:
    path = schedule_named(stack, "never_fires")
    stack.set(schedule_enabled=False)
    stack.up()
    assert str(stack.live(path)["properties"]["isEnabled"]).lower() == "false"
    stack.forget_requests()
    stack.up()
    assert stack.writes() == []
    assert stack.drift() == {}


def test_an_adopted_schedule_is_kept_as_its_maker_s_and_outlives_the_stack(
    stack: ProviderStack, tmp_path: Path, platform: MachineLearningPlatform
) -> None:
    path = schedule_named(stack, "of_another_team")
    stack.up()
    # Another team's: it has no mark of this stack.
    stack.change(path, properties={"team": "theirs"})
    folder = tmp_path / "other"
    folder.mkdir()
    other = ProviderStack(folder, platform)
    schedule_named(other, "of_another_team")
    text = other.up()
    assert "of_another_team exists with equal content: it is adopted" in text
    assert other.resources()["of_another_team"]["outputs"]["adopted"] is True
    with other.edited("schedule.yml", "Scores every Monday.", "Scores each Monday."):
        other.up()
    assert stack.live(path)["properties"]["description"] == "Scores each Monday."
    assert "plumbline.urn" not in stack.live(path)["properties"]["properties"]
    text = other.destroy()
    assert "schedule of_another_team is left as it is: this stack adopted it" in text
    assert str(stack.live(path)["properties"]["isEnabled"]).lower() == "true"


def test_a_renamed_schedule_resource_keeps_its_schedule(stack: ProviderStack) -> None:
    path = schedule_named(stack, "renamed")
    stack.up()
    stack.set(names={"renamed": "renamed-resource"})
    text = stack.up()
    assert "schedule renamed is left as it is" in text
    assert stack.live(path)["properties"]["properties"]["plumbline.urn"].endswith("::renamed-resource")
    assert "disabled and deleted" in stack.destroy()


def test_a_missing_right_names_the_action_and_the_place(stack: ProviderStack) -> None:
    rename(stack, "no_right")
    stack.principal = "pipeline"
    text = stack.up(refused=True)
    assert "got 403" in text
    assert "Microsoft.MachineLearningServices/workspaces/environments/versions/read" in text
    assert 'for instance "AzureML Data Scientist"' in text


def test_a_missing_workspace_is_named(stack: ProviderStack) -> None:
    stack.set(workspace="mlw-elsewhere")
    text = stack.up(refused=True)
    assert "got 404" in text
    assert "mlw-elsewhere" in text
    assert "Create it first" in text


def test_a_login_of_another_tenant_is_refused(stack: ProviderStack) -> None:
    file = stack.program / "Pulumi.local.yaml"
    file.write_text(file.read_text().replace("11111111-1111-4111-8111", "99999999-9999-4999-8999"))
    text = stack.run("preview", refused=True)
    assert "tenant: got 11111111" in text


def test_an_emulator_that_dies_under_an_up_is_said_once_and_not_for_each_resource(
    stack: ProviderStack, platform: MachineLearningPlatform
) -> None:
    stack.set(leave_out=["report", "score", "score_and_report", "scoring_weekly"], side_by_side=True)
    stack.faults({"method": "PUT", "path": "/(data|models)/.+/versions/", "count": -1, "delay_seconds": 60})
    engine = stack.start("up", "--yes", "--skip-preview", "--suppress-progress")
    under_way = ("table", "remote_table", "baseline")
    wait_for(lambda: platform.emulator.control("GET", "faults")[0]["fired"] == len(under_way))
    platform.emulator.kill()
    text, _ = engine.communicate(timeout=120)
    platform.emulator.start()
    assert engine.returncode != 0, text
    said = text.partition("Diagnostics:")[2]  # before it stands the same, as it happened
    assert said.count("expected Azure Resource Manager to answer") == 1, text
    # What the delay does not hold (the environment) may be under way as well at that moment.
    failed = re.findall(r"error: (\w+):\S+ .*got no answer", said)
    assert set(under_way) <= set(failed), text
    assert said.count("got no answer either") == len(failed) - 1, text
    stack.up()
    assert set(under_way) <= set(stack.resources())
    stack.destroy()


def test_without_an_emulator_every_command_fails_closed_at_once(
    stack: ProviderStack, tmp_path: Path, platform: MachineLearningPlatform
) -> None:
    rename(stack, "down")
    stack.up()
    # A port that nobody listens on, with everything else as it was.
    real = platform.emulator.base_url
    for command in (("preview",), ("up", "--yes", "--skip-preview"), ("refresh", "--yes", "--skip-preview")):
        environment = platform.emulator.environment("deployer", base=stack.environment)
        environment = {
            name: value.replace(real, "https://127.0.0.1:9") for name, value in environment.items()
        }
        done = subprocess.run(
            [str(stack.pulumi), *command, "--non-interactive"],
            cwd=stack.program,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,  # a hang, not a slow machine
            check=False,
        )
        text = done.stdout + done.stderr
        assert done.returncode != 0, text
        assert "plumbline local start" in text
