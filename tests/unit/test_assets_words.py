"""Protects: what az ml writes in two ways is one thing for us: serverless computes, managed identities."""

from __future__ import annotations

import pytest

from plumbline.assets.job import normal_identity, normal_job
from plumbline.assets.references import normal_compute

_WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    "spelling",
    ["serverless", "Serverless", "azureml:serverless", f"{_WORKSPACE}/computes/serverless",
     f"azureml:{_WORKSPACE}/computes/serverless"],
)  # fmt: skip
def test_serverless_is_one_word_in_every_spelling(spelling: str) -> None:
    assert normal_compute(spelling) == "serverless"
    job = normal_job({"settings": {"default_compute": spelling}, "jobs": {}})
    assert job["settings"]["default_compute"] == "serverless"


def test_a_compute_is_named_with_its_prefix() -> None:
    for spelling in ("cpu", "azureml:cpu", f"{_WORKSPACE}/computes/cpu"):
        assert normal_compute(spelling) == "azureml:cpu"
    assert normal_compute("${{parent.inputs.where}}") == "${{parent.inputs.where}}"


@pytest.mark.parametrize(
    "given", [{"type": "managed"}, {"type": "managed_identity"}, {"identityType": "Managed"}]
)
def test_a_managed_identity_is_one_thing_under_both_words(given: dict[str, str]) -> None:
    assert normal_identity(given) == {"type": "managed_identity"}
    assert normal_identity({**given, "client_id": "1"}) == {"client_id": "1", "type": "managed_identity"}
