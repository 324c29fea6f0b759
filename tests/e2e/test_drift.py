"""Protects drift: an edit behind the code's back is named to the field, with who and when, and `up` repairs it."""

from __future__ import annotations

import json
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from plumbline.ops.errors import FOUND
from tests.drift_kinds import Changes, facts, kinds_on, wrong
from tests.project_copy import REPOSITORY, ProjectCopy, plain_environment
from tests.transcript import Transcript

pytestmark = pytest.mark.long

SCHEMA = json.loads((REPOSITORY / "docs" / "reference" / "drift.schema.json").read_text())
SCRIPT = Path(__file__).parent.parent / "official_client.py"
LIVE_PLAN = Path(__file__).parent.parent / "live_plan.py"
_OF_THE_ENGINE = ("plumbline-provider", "plumbline-azure-native")


def _as(platform: ProjectCopy, principal: str, *words: str) -> str:
    """Run the official client's script in the shell of one of the seeded principals."""
    environ = platform.client_environment(principal)
    return platform.run([sys.executable, str(SCRIPT), *words], check=True, environ=environ).stdout


def _drift(platform: ProjectCopy, *, exit_code: int) -> list[dict[str, Any]]:
    answer = platform.plumbline("drift", "--stack", "local", "--output", "json", check=False)
    assert answer.returncode == exit_code, answer.stderr
    report = json.loads(answer.stdout)
    jsonschema.validate(report, SCHEMA)
    findings: list[dict[str, Any]] = report["findings"]
    return findings


def test_official_client_lists_what_the_program_declared(platform: ProjectCopy) -> None:
    found = json.loads(_as(platform, "alice", "list"))
    assert found["components"] == [
        f"claims_{step}" for step in ("evaluate", "features", "gate", "train", "validate")
    ]
    assert found["schedules"] == {"claims_release_weekly": True}
    assert found["computes"] == {"cpu-cluster": 4, "gpu-cluster": 1}


def test_edits_are_named_with_who_and_when_and_up_repairs_them(platform: ProjectCopy) -> None:
    _as(platform, "alice", "raise", "9")
    _as(platform, "bob", "disable")
    found = {finding["resource"]: finding for finding in _drift(platform, exit_code=FOUND)}
    cluster, schedule = found.pop("cpu-cluster"), found.pop("claims-release-schedule")
    assert found == {}
    assert (cluster["field"], cluster["desired"], cluster["live"], cluster["who"]) == (
        "properties.properties.scaleSettings.maxNodeCount", 4, 9, "alice@plumbline.example",
    )  # fmt: skip
    assert (schedule["field"], schedule["desired"], schedule["live"], schedule["who"]) == (
        "enabled", True, False, "bob@plumbline.example",
    )  # fmt: skip
    assert (cluster["source"], schedule["source"]) == ("activity log", "systemData")
    for finding in (cluster, schedule):
        age = datetime.now(UTC) - datetime.fromisoformat(finding["when"])
        assert timedelta(0) <= age < timedelta(minutes=5)

    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    words = ("--accept", "--until", tomorrow, "--owner", "ml-platform", "--reason", "load test of this week")
    platform.plumbline("drift", "fix", cluster["id"], *words, "--stack", "local")
    told = platform.plumbline("drift", "--stack", "local", check=False)
    assert told.returncode == FOUND, "the schedule is not accepted"
    assert "alice@plumbline.example" in told.stdout
    assert f"accepted by ml-platform until {tomorrow}" in told.stdout
    assert "1 finding on 1 resource, 1 accepted." in told.stderr
    (platform.root / "stacks" / "accepted" / "local.yaml").unlink()
    kept = Transcript("drift_and_repair")
    kept.add("plumbline drift --stack local", told)

    # As the README says: Alice repairs in her own shell, and who she is moves nothing.
    words = ("up", "-s", "local", "--yes", "--skip-preview", "--suppress-outputs")
    repaired = platform.pulumi(*words, principal="alice")
    assert "~ 2 updated" in repaired.stdout
    assert _drift(platform, exit_code=0) == []
    assert json.loads(_as(platform, "alice", "list"))["computes"]["cpu-cluster"] == 4
    kept.add("pulumi up -s local", repaired)
    kept.add("plumbline drift --stack local", platform.plumbline("drift", "--stack", "local"))
    kept.require_unchanged()


STORAGE = """
import os
import requests
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.target import enter_target

session = AzureSession(enter_target("local"))
group = session.target.workspace_id.split("/providers/")[0]
accounts = session.pages(f"{group}/providers/Microsoft.Storage/storageAccounts", api_version="2024-01-01")
account = next(one for one in accounts if "tags" in one)


def ask(method, tail="", body=None):
    answer = requests.request(
        method, f"{session.target.endpoint}{account['id']}{tail}?api-version=2024-01-01", json=body,
        headers={"Authorization": f"Bearer {session.token()}", "User-Agent": "plumbline-tests"},
        verify=os.environ["REQUESTS_CA_BUNDLE"], timeout=120,
    )
    assert answer.status_code == 200, answer.text
"""
TOUCH = 'ask("PATCH", body={"tags": {**account["tags"], "by": BY}})'
KEYS = 'ask("POST", "/listKeys")'


def _in_python(platform: ProjectCopy, principal: str, program: str) -> None:
    environ = platform.client_environment(principal)
    platform.run(
        [sys.executable, "-c", f"{STORAGE}\nBY = {principal!r}\n{program}"], check=True, environ=environ
    )


def test_who_only_read_keys_changed_nothing_and_a_second_witness_speaks_where_the_log_lags(
    platform: ProjectCopy,
) -> None:
    _in_python(platform, "bob", TOUCH)
    _in_python(platform, "alice", KEYS)
    (found,) = _drift(platform, exit_code=FOUND)
    assert (found["field"], found["live"]) == ("tags.by", "bob")
    assert (found["who"], found["source"], found["note"]) == ("bob@plumbline.example", "activity log", None)

    platform.control("PUT", "activity", {"lag_seconds": 600})
    try:
        _in_python(platform, "alice", TOUCH)
        (found,) = _until_noted(platform)
        assert (found["live"], found["who"], found["source"]) == (
            "alice", "bob@plumbline.example", "activity log",
        )  # fmt: skip
        assert re.fullmatch(
            r"the records disagree: activity log: bob@plumbline.example, \S+; change record: alice@plumbline.example, \S+",
            found["note"],
        )

        platform.control("PUT", "activity", {"lag_seconds": 0})
        platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")
        assert _drift(platform, exit_code=0) == []
        platform.control("PUT", "activity", {"lag_seconds": 600})
        _in_python(platform, "bob", TOUCH)
        (found,) = _until_noted(platform)
        assert (found["who"], found["source"], found["by"]) == (
            "bob@plumbline.example", "change record", "a person",
        )  # fmt: skip
        assert found["note"] == "the activity log does not have it"

        refusal = {"error": {"code": "Forbidden", "message": "No."}}
        rule = {"method": "POST", "path": "/providers/Microsoft.ResourceGraph/resources", "status": 403, "count": 9, "body": refusal}  # fmt: skip
        platform.control("PUT", "faults", [rule])
        refused = platform.plumbline("drift", "--stack", "local", "--output", "json", check=False)
        report = json.loads(refused.stdout)
        jsonschema.validate(report, SCHEMA)
        (found,), (remark,) = report["findings"], report["remarks"]
        assert refused.returncode == FOUND, "no gap: findings decide"
        assert report["notes"] == []
        assert "HTTP 403" in remark
        assert f"note: {remark}" in refused.stderr
        assert (found["who"], found["when"]) == ("unknown", "unknown")
        assert found["unknownBecause"].startswith("not in the log yet: its newest write there is of ")
    finally:
        platform.control("DELETE", "faults")
        platform.control("PUT", "activity", {"lag_seconds": 0})
    platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    assert _drift(platform, exit_code=0) == []


def _until_noted(platform: ProjectCopy) -> list[dict[str, Any]]:
    """Findings once a change record has come that the log says otherwise, or nothing, of."""
    until = time.monotonic() + 180
    while True:
        found = _drift(platform, exit_code=FOUND)
        if all(one["note"] is not None and not one["note"].startswith("not in the log") for one in found):
            return found
        assert time.monotonic() < until, found


def test_edit_of_an_asset_is_told_with_who_changed_that_version(platform: ProjectCopy) -> None:
    _as(platform, "alice", "tag", "claims_train")
    (found,) = _drift(platform, exit_code=FOUND)
    assert (found["field"], found["live"], found["who"]) == (
        "tags.seen_by", "alice", "Alice Author",
    )  # fmt: skip
    assert found["source"] == "systemData"
    platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    assert _drift(platform, exit_code=0) == []


def test_edit_that_was_put_back_by_hand_is_no_drift(platform: ProjectCopy) -> None:
    _as(platform, "alice", "raise", "9")
    _as(platform, "alice", "disable")
    _as(platform, "bob", "raise", "4")
    _as(platform, "bob", "enable")
    assert _drift(platform, exit_code=0) == []


def test_where_nothing_changed_since_a_clean_check_the_engine_is_not_asked_again(
    platform: ProjectCopy,
) -> None:
    assert _drift(platform, exit_code=0) == []
    platform.control("DELETE", "requests")
    assert _drift(platform, exit_code=0) == []
    asked = platform.control("GET", "requests")
    agents = {entry["user_agent"] for entry in (asked["value"] if isinstance(asked, dict) else asked)}
    assert any(agent.startswith("plumbline-cli") for agent in agents), agents
    assert not any(agent.startswith(_OF_THE_ENGINE) for agent in agents), agents


def test_after_a_repair_it_is_known_that_this_was_compared_before(platform: ProjectCopy) -> None:
    assert _drift(platform, exit_code=0) == []
    _as(platform, "alice", "raise", "9")
    assert len(_drift(platform, exit_code=FOUND)) == 1
    platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    platform.control("DELETE", "requests")
    assert _drift(platform, exit_code=0) == []
    asked = platform.control("GET", "requests")
    agents = {entry["user_agent"] for entry in (asked["value"] if isinstance(asked, dict) else asked)}
    assert not any(agent.startswith(_OF_THE_ENGINE) for agent in agents), agents


def test_an_edit_that_shall_stay_is_codified_and_then_nothing_drifts(platform: ProjectCopy) -> None:
    _as(platform, "alice", "tag", "claims_train")
    (found,) = _drift(platform, exit_code=FOUND)
    file = platform.root / "pipelines/claims_release/components/train/component.yml"
    before = file.read_text()
    answer = platform.plumbline("codify", "--stack", "local", found["resource"], "--output", "json")
    (written,) = json.loads(answer.stdout)["written"]
    assert (written["file"], written["field"], written["now"]) == (
        "pipelines/claims_release/components/train/component.yml", "tags.seen_by", "alice",
    )  # fmt: skip
    lines = file.read_text().splitlines()
    assert lines.pop(written["line"] - 1) == "  seen_by: alice"
    assert lines == before.splitlines(), "nothing else of the file is touched"
    platform.pulumi("preview", "-s", "local", "--expect-no-changes")
    file.write_text(before)
    platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")


def test_every_kind_of_change_is_found_with_who_and_by_what_and_settled(platform: ProjectCopy) -> None:
    table, changes = facts(), Changes(platform=platform)
    assert len(table["kinds"]) >= 30
    assert len({row["origin"] for row in table["kinds"]}) == 7
    kinds = kinds_on(None)
    for row in kinds:
        changes.make(row)
    assert wrong(changes, kinds, _drift(platform, exit_code=FOUND)) == []
    beside = [sys.executable, str(LIVE_PLAN), "local", "--engine"]
    platform.run(beside, check=True, environ=platform.client_environment())

    for row in kinds:
        for request in row.get("by_hand", ()):
            changes.send(request, table["origins"][row["origin"]])
    platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    left = {one["id"]: "/models/" in one["resourceId"] for one in _drift(platform, exit_code=FOUND)}
    assert len(left) == sum(row["settled"] == "fix" for row in kinds)
    # Deployers may not archive models; an owner may, as a release identity.
    for who, models in (("owner", True), ("deployer", False)):
        ids = [one for one, is_model in left.items() if is_model is models]
        platform.plumbline(
            "drift", "fix", *ids, "--revert", "--yes", "--stack", "local",
            environ=plain_environment() | {"PLUMBLINE_PRINCIPAL": who},
        )  # fmt: skip
    assert _drift(platform, exit_code=0) == []


OVERWRITE = """
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.release.stored_files import StoredFiles
from plumbline.ops.target import enter_target

session = AzureSession(enter_target("local"))
files = StoredFiles(session)
spec = session.get(f"{session.target.workspace_id}/components/claims_train/versions/VERSION", api_version="2024-04-01")
code = session.get(spec["properties"]["componentSpec"]["code"].removeprefix("azureml:"), api_version="2024-04-01")
container, folder = files._place(code["properties"]["codeUri"])
container.upload_blob(f"{folder}/train.py", b"print('anything')", overwrite=True)
"""


def test_what_a_refresh_took_over_and_bytes_under_an_old_name_are_found_and_repaired(
    platform: ProjectCopy,
) -> None:
    changes = Changes(platform=platform)
    version = changes.names["version:claims-release-component-claims_train"]
    environ = platform.client_environment("deployer")
    platform.run([sys.executable, "-c", OVERWRITE.replace("VERSION", version)], check=True, environ=environ)
    by_resource = {row["finding"]["resource"]: row for row in facts()["kinds"]}
    for name in ("cpu-cluster", "gpu-cluster"):
        changes.make(by_resource[name])
    platform.pulumi("refresh", "-s", "local", "--yes", "--skip-preview")

    answer = platform.plumbline("drift", "--stack", "local", "--deep", "--output", "json", check=False)
    found = {one["resource"]: one for one in json.loads(answer.stdout)["findings"]}
    raised, deleted = found.pop("cpu-cluster"), found.pop("gpu-cluster")
    code = found.pop("claims-release-component-claims_train")
    assert found == {}
    assert (raised["desired"], raised["lastKnown"], raised["live"]) == (4, 9, 9)
    assert raised["who"] == "alice@plumbline.example"
    assert (deleted["change"], deleted["live"]) == ("not created", "not there")
    assert (code["change"], code["severity"], code["field"]) == ("overwritten", "critical", "code")
    assert "expected " in code["live"]
    assert "Upload it again under a new code asset" in code["live"]

    # As the finding says.
    script = platform.root / "pipelines/claims_release/components/train/src/train.py"
    script.write_text(f"{script.read_text()}# uploaded again\n")
    platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    platform.plumbline("drift", "--stack", "local", "--deep")

    # The version before is the stack's still: a rollback goes back to it.
    (row,) = kinds_on("later version")
    changes.make(row)
    findings = _drift(platform, exit_code=FOUND)
    assert wrong(changes, [row], findings) == []
    platform.plumbline("drift", "fix", findings[0]["id"], "--revert", "--yes", "--stack", "local")
    assert _drift(platform, exit_code=0) == []


SCORING = {
    "pipeline.yml": """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json
type: pipeline
name: score_all
jobs:
  score:
    type: command
    component: ./score.yml
""",
    "score.yml": """
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: score_one
command: echo scored
environment: azureml:scoring_tools@latest
""",
    "environment.yml": """
$schema: https://azuremlschemas.azureedge.net/latest/environment.schema.json
name: scoring_tools
image: python:3.11
""",
}
ENDPOINT = """
from pathlib import Path

from plumbline import azureml
from plumbline.assets import load_ml_pipelines

if isinstance(served, Platform):
    there = {name: served.outputs[name] for name in ("resource_group_name", "workspace_name")}
    after = pulumi.ResourceOptions(depends_on=[served])
    (scoring,) = load_ml_pipelines([Path("beside/scoring")], root=Path.cwd())
    made = []
    for one in scoring.assets:
        after = pulumi.ResourceOptions(depends_on=[served, *made])
        made.append(azureml.ASSETS[one.kind](one.name, definition=one, **there, opts=after))
    endpoint = azureml.BatchEndpoint("endpoint", name="scoring", description="Scores.", **there, opts=after)
    azureml.PipelineDeployment(
        "deployment", name="current", endpoint_name=endpoint.name, component=made[-1].reference,
        settings={"default_compute": "azureml:cpu-cluster"}, default=True, **there,
        opts=pulumi.ResourceOptions(depends_on=[endpoint, *made]),
    )
"""


@pytest.mark.soak
def test_every_kind_of_change_of_a_batch_endpoint_is_found_and_settled(platform: ProjectCopy) -> None:
    changes, kinds = Changes(platform=platform), kinds_on("endpoint")
    folder = platform.root / "beside" / "scoring"
    folder.mkdir(parents=True)
    for name, text in SCORING.items():
        (folder / name).write_text(text)
    with (platform.root / "__main__.py").open("a") as program:
        program.write(ENDPOINT)
    platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    assert _drift(platform, exit_code=0) == []

    for row in kinds:
        changes.make(row)
    findings = _drift(platform, exit_code=FOUND)
    assert wrong(changes, kinds, findings) == []
    ids = [one["id"] for one in findings]
    platform.plumbline("drift", "fix", *ids, "--revert", "--yes", "--stack", "local")
    assert _drift(platform, exit_code=0) == []
