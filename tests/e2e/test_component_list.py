"""Protects `plumbline component`: what is registered, field by field as the official client says it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.project_copy import ProjectCopy

NAMES = {"claims_evaluate", "claims_features", "claims_gate", "claims_train", "claims_validate"}
PLACE = ("--stack", "local")


def asked(platform: ProjectCopy, *words: str) -> Any:
    return json.loads(platform.plumbline("component", *words, *PLACE, "--output", "json").stdout)


def answered_by_client(platform: ProjectCopy, expression: str) -> Any:
    program = (
        "import json, os, logging; logging.disable(logging.CRITICAL)\n"
        "from azure.ai.ml import MLClient; from azure.identity import DefaultAzureCredential\n"
        "client = MLClient(DefaultAzureCredential(), os.environ['AZURE_SUBSCRIPTION_ID'],"
        " os.environ['AZURE_RESOURCE_GROUP'], os.environ['AZUREML_WORKSPACE_NAME'])\n"
        f"print(json.dumps({expression}, default=str))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], env=platform.client_environment(), capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def without_types(context: dict[str, Any]) -> dict[str, Any]:
    """The client prints enumerations as Python spells them."""
    return {name: value for name, value in context.items() if not name.endswith("_type")}


def test_containers_agree_with_the_official_client(platform: ProjectCopy) -> None:
    ours = {row["name"]: row for row in asked(platform, "list")}
    theirs = {
        row["name"]: row
        for row in answered_by_client(platform, "[one._to_dict() for one in client.components.list()]")
    }
    assert set(ours) == set(theirs)
    assert set(ours) >= NAMES
    for name, row in theirs.items():
        assert ours[name]["id"] == row["id"]
        # Azure was recorded to leave it out of a component's container.
        assert ours[name].get("latest_version") == row.get("latest_version")
        assert without_types(ours[name]["creation_context"]) == without_types(row["creation_context"])


def test_a_version_agrees_with_the_official_client(platform: ProjectCopy) -> None:
    for name in sorted(NAMES):
        ours = asked(platform, "show", name)
        theirs = answered_by_client(
            platform, f"client.components.get({name!r}, version={ours['version']!r})._to_dict()"
        )
        assert without_types(ours.pop("creation_context")) == without_types(theirs.pop("creation_context"))
        assert ours == theirs


def test_a_version_is_named_in_any_of_the_ways_of_az(platform: ProjectCopy) -> None:
    latest = asked(platform, "show", "claims_train")
    version = latest["version"]
    assert asked(platform, "show", "--name", "claims_train", "--version", version) == latest
    assert asked(platform, "show", "-n", "claims_train", "--label", "latest") == latest
    assert asked(platform, "show", f"claims_train:{version}") == latest
    listed = asked(platform, "list", "--name", "claims_train")
    assert [row["version"] for row in listed] == [version]
    tsv = platform.plumbline(
        "component", "show", "claims_train", *PLACE, "-o", "tsv", "--query", "version"
    ).stdout
    assert tsv.strip() == version


def test_what_is_not_registered_is_named(platform: ProjectCopy) -> None:
    answer = platform.plumbline("component", "show", "claims_train:7", *PLACE, check=False)
    assert answer.returncode == 1
    assert "component claims_train:7: got nothing in workspace mlw-plumbline-local" in answer.stderr


def test_words_that_contradict_each_other_are_a_usage_error(platform: ProjectCopy) -> None:
    twice = platform.plumbline("component", "show", "a", "--name", "b", *PLACE, check=False)
    both = platform.plumbline(
        "component", "show", "a", "--version", "1", "--label", "latest", *PLACE, check=False
    )
    assert twice.returncode == both.returncode == 2
