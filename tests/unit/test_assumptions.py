"""Protects the register of what is relied on of Azure: whole rows, and each one asked by a check or said why not."""

from __future__ import annotations

import re

from tests.emulator_process import PROJECT
from tests.verify_azure import checks as _all_checks  # noqa: F401 - importing registers them
from tests.verify_azure.check import CHECKS, PARTS, needed
from tests.verify_azure.finding import Finding
from tests.verify_azure.page import PAGE, page
from tests.verify_azure.plan import costs, plan
from tests.verify_azure.register import CHECKED_OTHERWISE, STATUSES, rows
from tests.verify_azure.report import Result, learned

ROWS = {row["id"]: row for row in rows()}


def test_rows_are_whole_and_named_once():
    assert len(ROWS) == len(rows())
    for id, row in ROWS.items():
        assert set(row) - {"check", "how"} == {"id", "statement", "source", "status"}, id
        assert row["status"] in STATUSES, id
        assert ("check" in row) == ("how" in row), id
        assert row.get("check", "by hand") in CHECKED_OTHERWISE, id


def test_each_row_has_a_check_or_says_why_not():
    asked = {id for id, row in ROWS.items() if "check" not in row}
    assert asked == set(CHECKS), (
        "rows without a check (write one in tests/verify_azure/checks, or say `check: by hand` and `how`), or checks "
        "without a row"
    )


def test_each_part_that_a_check_needs_is_made_and_has_its_cost():
    assert set(costs()) == set(PARTS)
    assert set(needed(CHECKS.values())) == set(PARTS)
    for name, row in costs().items():
        assert row["source"], name
        assert row["usd"] >= 0, name


def test_the_plan_says_group_parts_cost_and_minutes_before_anything_is_made():
    text = plan([CHECKS["locks-refuse-deletion"]], group="rg-x", subscription="S", location="westeurope")
    assert "resource group rg-x" in text
    assert "USD" in text
    assert "minutes" in text
    assert "pipeline job" not in text


def test_what_was_learned_is_a_row_to_paste_and_what_was_contradicted_says_what_was_seen():
    import yaml

    found = [
        Result(
            id=id, finding=Finding(verdict=verdict, seen=f"Saw {id}."), versions=["Microsoft.X 2024-01-01"]
        )
        for id, verdict in (
            ("arm-patch-tags", "confirmed"),
            ("arm-put-replaces", "contradicted"),
            ("arm-etag-412", "not checked"),
        )
    ]
    pasted = yaml.safe_load(
        learned(found, ROWS, date="2026-11-27", region="westeurope", where="a subscription")
    )
    assert [row["id"] for row in pasted] == ["arm-patch-tags", "arm-put-replaces"]
    assert {row["status"] for row in pasted} == {"recorded"}
    assert pasted[0]["statement"] == ROWS["arm-patch-tags"]["statement"]
    assert pasted[1]["statement"] == "Saw arm-put-replaces."
    assert all("2026-11-27, westeurope, Microsoft.X 2024-01-01" in row["source"] for row in pasted)


def test_what_code_rests_on_is_a_row():
    named = {
        id
        for folder in ("plumbline", "stacks", "components")
        for file in (PROJECT / folder).rglob("*.py")
        for line in re.findall(
            r"# Rests on ([a-z0-9, -]+(?: and [a-z0-9-]+)?)\.", file.read_text(encoding="utf-8")
        )
        for id in re.split(r", | and ", line)
    }
    assert named
    assert named - set(ROWS) == set()


def test_the_page_counts_what_the_register_holds():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make pages"
