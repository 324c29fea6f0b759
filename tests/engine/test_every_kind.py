"""Protects what must hold for every kind at once: cut-off writes, aliases, ignored changes, targets, secrets, protection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform
from tests.engine.provider_stack import ProviderStack

# Logical name -> where it is written, by what each needs to be there first.
WAVES = (
    {"scoring_tools": "environments/scoring_tools/", "table": "data/table/", "remote_table": "data/remote_table/",
     "baseline": "models/baseline/", "endpoint": "batchEndpoints/scoring$"},
    {"report": "components/report/", "score": "components/score/"},
    {"score_and_report": "components/score_and_report/"},
    {"scoring_weekly": "schedules/scoring_weekly$", "deployment": "deployments/current$"},
)  # fmt: skip
PATHS = {name: path for wave in WAVES for name, path in wave.items()}
OBJECTS = ("scoring_weekly", "endpoint", "deployment")
ASSETS = [name for name in PATHS if name not in OBJECTS]
DECLARED = {"deployment": {"default": True}}


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform(azure_noise=True) as made:
        yield made


def stack_of(folder: Path, platform: MachineLearningPlatform) -> ProviderStack:
    made = ProviderStack(folder, platform)
    made.set(endpoint=DECLARED, side_by_side=True)
    made.environment["PULUMI_PARALLEL"] = "64"
    return made


def require_ours(stack: ProviderStack) -> None:
    """Everything is there once, and this stack's own."""
    resources = stack.resources()
    for name in ASSETS:
        outputs = resources[name]["outputs"]
        assert outputs["registeredVersions"] == [outputs["version"]], name
    for name in OBJECTS:
        assert "adopted" not in resources[name]["outputs"], name
    assert stack.drift() == {}
    stack.up("--expect-no-changes")


@pytest.mark.soak
def test_writes_that_were_done_and_never_answered_are_found_again(
    tmp_path_factory: pytest.TempPathFactory, platform: MachineLearningPlatform
) -> None:
    stack = stack_of(tmp_path_factory.mktemp("cut"), platform)
    for at, _ in enumerate(WAVES):
        paths = [path for wave in WAVES[at:] for path in wave.values()]
        stack.faults(
            *({"method": "PUT", "path": path, "count": -1, "status": "close-after"} for path in paths)
        )
        assert "got no answer" in stack.up(refused=True)
        assert not set(stack.resources()) & set(WAVES[at])
    stack.no_faults()
    stack.up()
    require_ours(stack)
    _options(stack)


def _options(stack: ProviderStack) -> None:
    """What a program may ask of the resources of every kind, on the stack that is there."""
    names = [*ASSETS, "scoring_weekly"]
    urns = {name: stack.resources()[name]["urn"] for name in names}
    stack.set(
        names={name: f"{name}-renamed" for name in names}, options={n: {"aliases": [urns[n]]} for n in names}
    )
    assert stack.planned() == {}, "a rename with an alias is none"
    stack.set(names=None, options={name: {"ignore_changes": ["description", "tags"]} for name in names})
    for name in ASSETS:
        version = stack.resources()[name]["outputs"]["version"]
        stack.change(f"{PATHS[name]}versions/{version}", description="edited", tags={"who": "alice"})
    stack.change("schedules/scoring_weekly", description="edited", tags={"who": "alice"})
    stack.up("--refresh")
    stack.forget_requests()
    stack.up()
    assert [entry for entry in stack.writes() if entry.startswith("PUT")] == [], (
        "what is ignored is left to others"
    )

    stack.set(options=None)
    urn = stack.resources()["table"]["urn"]
    stack.up("--target", urn)
    changed = {name for name in ASSETS if stack.resources()[name]["inputs"].get("description") != "edited"}
    assert changed == {"table"}, "a target is changed, and nothing beside it"

    described = [name for name in ASSETS if name not in ("remote_table", "score_and_report")]
    stack.set(secret_descriptions=described, options={name: {"protect": True} for name in names})
    stack.up()
    resources = stack.resources()
    for name in described:
        assert "ciphertext" in json.dumps(resources[name]["inputs"]["description"]), name
        assert "ciphertext" in json.dumps(resources[name]["outputs"]["description"]), name
    stack.run("destroy", "--yes", "--skip-preview", "--suppress-progress", refused=True)
    assert set(names) <= set(stack.resources())
    stack.set(secret_descriptions=None, options=None)
    stack.up("--refresh")
    assert stack.drift() == {}
