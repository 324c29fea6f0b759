"""Protects the main promise: one program, the real engine, and a cloud that matches it."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.project_copy import ProjectCopy

TRAIN = "pipelines/claims_release/components/train"


def _preview(platform: ProjectCopy) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(platform.pulumi("preview", "-s", "local", "--json").stdout)
    return plan


def _changed(plan: dict[str, Any]) -> dict[str, str]:
    """Logical name -> operation of every step that is not `same`."""
    return {
        step["urn"].rpartition("::")[2]: step["op"]
        for step in plan["steps"]
        if step["op"] not in {"same", "read", "refresh"}
    }


def _versions(platform: ProjectCopy) -> dict[str, str]:
    outputs = json.loads(platform.pulumi("stack", "output", "--json", "-s", "local").stdout)
    return dict(outputs["pipelines"]["claims_release"])


def _uploads(platform: ProjectCopy) -> list[str]:
    return [write for write in platform.writes() if "/codes/" in write or "azureml-" in write]


def _up(platform: ProjectCopy) -> list[str]:
    """Run `up` and answer what it wrote."""
    platform.control("DELETE", "requests")
    platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    return platform.writes()


def test_second_up_changes_nothing_and_sends_no_write(platform: ProjectCopy) -> None:
    assert _up(platform) == []
    assert _changed(_preview(platform)) == {}


def test_refresh_of_an_untouched_platform_finds_nothing(platform: ProjectCopy) -> None:
    answer = platform.plumbline("drift", "--stack", "local", "--output", "json")
    assert json.loads(answer.stdout)["findings"] == []


def test_one_changed_line_moves_one_component_and_the_schedules_pin(platform: ProjectCopy) -> None:
    before = _versions(platform)
    script = platform.root / TRAIN / "src" / "train.py"
    original = script.read_text()
    script.write_text(original + "# one more line\n")
    try:
        plan = _preview(platform)
        assert _changed(plan) == {
            "claims-release-component-claims_train": "update",
            "claims-release-schedule": "update",
        }
        states = {step["urn"].rpartition("::")[2]: step["newState"] for step in plan["steps"]}
        version = states["claims-release-component-claims_train"]["inputs"]["version"]
        pin = f"azureml:claims_train:{version}"
        assert pin in states["claims-release-schedule"]["inputs"]["spec"]
        assert before["component/claims_train"] != f"claims_train:{version}"
        shown = platform.pulumi("preview", "-s", "local", "--diff").stdout
        assert re.search(r"code\s*:.*sha256:\w+.*=>.*sha256:\w+", shown)
        assert pin in shown

        writes = _up(platform)
        assert sum("/codes/" in write for write in writes) == 1
        assert _versions(platform) == before | {"component/claims_train": f"claims_train:{version}"}
        assert _up(platform) == []
    finally:
        script.write_text(original)
    # The old content is an old version, which is still there: it becomes current, nothing goes up again.
    writes = _up(platform)
    assert _versions(platform) == before
    assert not [write for write in writes if "/codes/" in write]
    assert _up(platform) == []


def test_order_of_keys_and_comments_are_no_change(platform: ProjectCopy) -> None:
    file = platform.root / TRAIN / "component.yml"
    original = file.read_text()
    blocks = re.split(r"\n(?=[a-z$])", original.strip())
    file.write_text("# a comment\n" + "\n".join(reversed(blocks)) + "\n")
    try:
        assert _changed(_preview(platform)) == {}
    finally:
        file.write_text(original)
