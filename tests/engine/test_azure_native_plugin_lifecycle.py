"""Protects the whole way: the real engine runs a real azure-native program through the stand-in on the emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator_process import EmulatorProcess
from tests.engine.azure_native_stack import CLUSTER, WORKSPACE, Stack

SECRET = "bm90LWEta2V5LW9mLWFueW9uZQ=="


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(home=tmp_path_factory.mktemp("emulator") / "home", azure_noise=True) as one:
        yield one


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, emulator: EmulatorProcess) -> Stack:
    """The stack with everything in it. Tests below run in order, and each leaves it clean."""
    one = Stack(tmp_path_factory.mktemp("stack"), emulator)
    one.configure("azure-native-program:secret", "true")
    one.configure("azure-native-program:governance", "true")
    one.configure("azure-native-program:private", "true")
    return one


def test_preview_of_nothing_shows_unknowns_and_sends_no_write(stack: Stack) -> None:
    plan = stack.json("preview")
    assert plan["changeSummary"] == {"create": len(plan["steps"])}
    assert stack.writes() == []


def test_up_creates_every_type_and_a_second_up_writes_nothing(stack: Stack) -> None:
    stack.up()
    live = stack.resources()
    assert live["cluster"]["id"].lower() == CLUSTER.lower()
    assert live["workspace"]["outputs"]["discoveryUrl"].startswith("https://127.0.0.1")
    assert live["assignment"]["inputs"]["principalId"] == live["identity"]["outputs"]["principalId"]
    stack.forget_writes()
    stack.up("--expect-no-changes")
    assert stack.writes() == []


def test_secret_stays_secret_in_the_state(stack: Stack) -> None:
    assert SECRET not in stack.run("stack", "export")


def test_refresh_of_what_nobody_touched_finds_nothing(stack: Stack) -> None:
    assert stack.drift() == {}


def test_maximum_raised_behind_the_program_is_named_to_the_field_and_repaired(stack: Stack) -> None:
    body = stack.live(CLUSTER)
    body["properties"]["properties"]["scaleSettings"]["maxNodeCount"] = 9
    stack.change(
        "PUT", CLUSTER, {"location": body["location"], **{k: body[k] for k in ("identity", "properties")}}
    )
    assert stack.drift() == {"cluster": ["update", "properties.properties.scaleSettings.maxNodeCount"]}
    stack.up("--refresh")
    live = stack.live(CLUSTER)
    assert int(live["properties"]["properties"]["scaleSettings"]["maxNodeCount"]) == 4
    assert stack.drift() == {}


def test_deleted_behind_the_program_is_created_again(stack: Stack) -> None:
    stack.change("DELETE", f"{WORKSPACE}/datastores/claims")
    assert stack.drift() == {"datastore": ["delete"]}
    stack.up("--refresh")
    assert stack.live(f"{WORKSPACE}/datastores/claims")["name"] == "claims"
    assert stack.drift() == {}


def test_changed_setting_is_one_field_in_the_preview_and_one_put(stack: Stack) -> None:
    stack.configure("azure-native-program:maximum", "6")
    found = stack.steps("preview")
    assert list(found) == ["cluster"]
    assert found["cluster"]["op"] == "update"
    assert list(found["cluster"]["detailedDiff"]) == ["properties.properties.scaleSettings.maxNodeCount"]
    stack.forget_writes()
    stack.up()
    assert [path.lower() for path in stack.writes()] == [f"PUT {CLUSTER}".lower()]


def test_vm_size_replaces_because_the_program_says_so(stack: Stack) -> None:
    stack.configure("azure-native-program:vm", "STANDARD_DS12_V2")
    assert {name: step["op"] for name, step in stack.steps("preview").items()} == {"cluster": "replace"}
    stack.up()
    assert stack.live(CLUSTER)["properties"]["properties"]["vmSize"].upper() == "STANDARD_DS12_V2"


def test_service_says_no_in_one_line_with_its_own_code(stack: Stack) -> None:
    stack.configure("azure-native-program:maximum", "-3")
    text = stack.up(code=1)
    lines = [line for line in text.splitlines() if f"PUT {CLUSTER}" in line]
    assert lines, text
    assert all(": 400 " in line or ": 409 " in line for line in lines)
    assert "Traceback" not in text
    stack.configure("azure-native-program:maximum", "6")
    stack.up("--refresh")


def test_imported_resource_is_read_with_its_names(stack: Stack) -> None:
    stack.run("state", "delete", "--yes", stack.resources()["cluster"]["urn"])
    token = "azure-native:machinelearningservices:Compute"
    stack.run("import", token, "cluster", CLUSTER, "--yes", "--generate-code=false", "--protect=false")
    inputs = stack.resources()["cluster"]["inputs"]
    assert (inputs["computeName"], inputs["workspaceName"]) == ("cpu-cluster", "mlw-plumbline")
    found = stack.steps("preview")
    assert {step["op"] for step in found.values()} <= {"update"}
    stack.up()


def test_missing_resource_is_not_imported(stack: Stack) -> None:
    text = stack.run(
        "import", "azure-native:machinelearningservices:Compute", "ghost", f"{WORKSPACE}/computes/ghost",
        "--yes", "--generate-code=false", code=None,
    )  # fmt: skip
    assert "does not exist" in text
    assert "ghost" not in stack.resources()


def test_existing_resource_is_not_taken_over_by_a_create(stack: Stack) -> None:
    stack.run("state", "delete", "--yes", stack.resources()["datastore"]["urn"])
    for file in (stack.home / "azure-native-stand-in-creations").glob("*"):
        file.unlink()
    text = stack.up(code=1)
    assert "cannot create already existing resource" in text
    assert "pulumi import azure-native:machinelearningservices:Datastore" in text
    stack.change("DELETE", f"{WORKSPACE}/datastores/claims")
    stack.up()


def test_destroy_leaves_nothing(stack: Stack) -> None:
    stack.run("destroy", "--yes", "--skip-preview", "--suppress-progress")
    assert {name for name in stack.resources() if not name.startswith("azure-native-program")} == set()
