"""Protects that what Azure has not kept is said in every run, refresh and drift check until both sides agree, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform
from tests.engine.provider_stack import ProviderStack

ALL = ("table", "remote_table", "baseline", "report", "score", "score_and_report", "scoring_weekly")


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform(azure_noise=True) as made:
        yield made


@pytest.mark.parametrize(
    ("name", "declared", "rule", "field", "message"),
    [
        pytest.param(
            "scoring_tools",
            (),
            {"path": "environments/[^/]+/versions/", "lose": ["properties.description"]},
            "description",
            'description: got nothing back, expected "Tools of the scoring pipeline." as sent',
            marks=pytest.mark.soak,
        ),
        (
            "scoring_weekly",
            ALL,
            {"path": "schedules/", "lose": ["properties.action.jobDefinition.inputs.table"]},
            "create_job.inputs",
            "scoring_weekly: spec.create_job.inputs: got nothing back, expected",
        ),
    ],
)
def test_what_was_lost_is_said_by_three_runs_and_three_drifts_until_both_sides_agree(
    tmp_path: Path,
    platform: MachineLearningPlatform,
    name: str,
    declared: tuple[str, ...],
    rule: dict[str, Any],
    field: str,
    message: str,
) -> None:
    stack = ProviderStack(tmp_path, platform)
    stack.set(leave_out=[one for one in ALL if one not in declared])
    stack.faults({"method": "PUT", "count": -1, **rule})
    for _ in range(3):
        assert message in stack.up(refused=True)
    for _ in range(2):
        assert stack.found() == {name: [field]}
    assert stack.found(beside_the_engine=True) == {name: [field]}

    # A refresh takes what is live into the state, and forgets nothing by it.
    assert "which was sent: Azure has not kept it" in stack.run("refresh", "--yes", "--skip-preview")
    assert stack.found() == {name: [field]}
    assert message in stack.up(refused=True)

    stack.no_faults()
    stack.up()
    assert stack.found() == {}
    stack.up("--expect-no-changes")
    stack.destroy()


def test_what_a_version_lost_is_said_until_the_definition_gives_way(
    tmp_path: Path, platform: MachineLearningPlatform
) -> None:
    stack = ProviderStack(tmp_path, platform)
    stack.set(leave_out=[one for one in ALL if one not in ("score", "lossy")])
    file = stack.program / "ml" / "scoring" / "components" / "score" / "component.yml"
    file.write_text(file.read_text().replace("name: score\n", "name: lossy\n", 1))
    bound = "properties.componentSpec.inputs.threshold.max"
    stack.faults({"method": "PUT", "path": "components/lossy/versions/", "count": -1, "lose": [bound]})
    message = "spec.inputs.threshold.max: got nothing back, expected 1.0 as sent"
    assert message in stack.up(refused=True)
    stack.no_faults()  # a version is for ever: what it lost it never gets
    for _ in range(2):
        assert message in stack.up(refused=True)
        assert stack.found() == {"lossy": ["inputs.threshold.max"]}
    text = stack.run("refresh", "--yes", "--skip-preview")
    assert "spec.inputs.threshold.max: got another value than 1.0, which was sent" in text
    assert stack.found() == {"lossy": ["inputs.threshold.max"]}
    assert message in stack.run("preview")
    assert message in stack.up(refused=True)
    with stack.edited("components/score/component.yml", ", max: 1.0}", "}"):
        stack.up()
        assert stack.found() == {}
        stack.up("--expect-no-changes")
    stack.destroy()


def test_all_goes_on_where_azure_keeps_none_of_our_properties(
    tmp_path: Path, platform: MachineLearningPlatform
) -> None:
    stack = ProviderStack(tmp_path, platform)
    for file in (stack.program / "ml" / "scoring").rglob("*.yml"):
        # Containers of its own: the other test's versions carry our marks.
        file.write_text(
            file.read_text()
            .replace("scoring_tools", "bare_tools")
            .replace("name: table", "name: bare_table")
            .replace("azureml:table@", "azureml:bare_table@")
            .replace("name: baseline", "name: bare_baseline")
        )
    kinds = "(environments|data|models)"
    stack.faults(
        {"method": "PUT", "path": f"{kinds}/[^/]+/versions/", "count": -1, "lose": ["properties.properties"]}
    )
    stack.set(leave_out=["report", "score", "score_and_report", "scoring_weekly", "remote_table"])
    stack.up()
    stack.up("--expect-no-changes")
    assert stack.found() == {}
    stack.up("--refresh", "--expect-no-changes")

    version = stack.resources()["bare_table"]["outputs"]["version"]
    path = f"data/bare_table/versions/{version}"
    stack.change(path, description="edited")
    assert stack.found() == {"bare_table": ["description"]}
    stack.up()
    assert stack.found() == {"bare_table": ["description"]}
    stack.up("--refresh")
    assert stack.found() == {}

    row = stack.program / "ml" / "scoring" / "data"
    file = next(one for one in row.rglob("*.csv"))
    file.write_text(file.read_text() + "9,9\n")
    stack.up()
    assert stack.resources()["bare_table"]["outputs"]["version"] != version
    assert stack.found() == {}
    stack.destroy()
    assert set(stack.versions("data/bare_table").values()) == {True}
    stack.up()
    assert stack.found() == {}
