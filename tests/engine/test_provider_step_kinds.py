"""Protects inline parts and every type of step through the engine: registered, scheduled, and no drift afterwards."""

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


def test_inline_parts_and_all_types_of_steps_are_registered_once_and_stay(tmp_path: Path) -> None:
    with machine_learning_platform(azure_noise=True) as platform:
        stack = ProviderStack(tmp_path, platform)
        folder = stack.program / "ml" / "scoring"
        shutil.rmtree(folder)
        shutil.copytree(KINDS, folder)
        (folder / "schedule.yml").write_text(SCHEDULE)
        stack.up()
        listed = stack.live("components?listViewType=ActiveOnly")["value"]
        names = {item["name"] for item in listed}
        assert {"scoring_say", "scoring_batches_inline", "scoring_table_inline", "scoring_search"} <= names
        stack.forget_requests()
        stack.up("--refresh", "--expect-no-changes")
        assert [entry for entry in stack.writes() if entry.startswith("PUT")] == []
        assert stack.drift() == {}
