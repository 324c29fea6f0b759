"""Protects which resources are compared without the engine: never one that the engine knows more of, and none by both."""

from __future__ import annotations

from typing import Any

import pytest

from plumbline.fence import CloudPins
from plumbline.ops.drift.own_resources import Division, divided

PINS = CloudPins(stack="dev", cloud="AzureCloud", tenant_id="t", subscription_id="s")
HEAD = "urn:pulumi:dev::p::"
PROVIDER = {
    "urn": f"{HEAD}pulumi:providers:plumbline::default", "custom": True, "id": "1", "type": "pulumi:providers:plumbline",
    "inputs": {"tenantId": "T", "subscriptionId": "s"},
}  # fmt: skip
TRAIN = {
    "urn": f"{HEAD}app$plumbline:azureml:Component::train", "custom": True, "id": "/train",
    "type": "plumbline:azureml:Component", "provider": f"{HEAD}pulumi:providers:plumbline::default::1",
    "inputs": {"name": "train"}, "outputs": {"version": "h1"}, "initErrors": ["lost"], "modified": "now",
}  # fmt: skip
SCORE = {**TRAIN, "urn": f"{HEAD}app$plumbline:azureml:Component::score", "id": "/score"}
CLUSTER = {
    "urn": f"{HEAD}app$azure-native:machinelearningservices:Compute::cpu", "custom": True, "id": "/cpu",
    "type": "azure-native:machinelearningservices:Compute", "inputs": {}, "outputs": {},
}  # fmt: skip
PARENT = {"urn": f"{HEAD}app::app", "custom": False, "type": "app"}


def _divided(*rows: dict[str, Any], environ: dict[str, str] | None = None) -> Division:
    return divided({"deployment": {"resources": list(rows)}}, PINS, environ or {})


def test_our_own_are_compared_here_and_the_engine_is_told_the_types_of_all_others() -> None:
    found = _divided(PARENT, PROVIDER, TRAIN, CLUSTER, {**CLUSTER, "urn": f"{CLUSTER['urn']}-2"})
    assert found.own == (TRAIN,)
    assert [row["urn"] for row in found.others] == [CLUSTER["urn"], f"{CLUSTER['urn']}-2"]
    assert found.targets == (f"{HEAD}app$azure-native:machinelearningservices:Compute::**",)


@pytest.mark.parametrize(
    "strange",
    [
        {"ignoreChanges": ["tags"]},
        {"external": True},
        {"pendingReplacement": True},
        {"something": "of an engine to come"},
        {"provider": f"{HEAD}pulumi:providers:plumbline::other::2"},
        {"inputs": {"name": "score", "registryName": "shared"}},
        {"inputs": {"tags": {"a": {"4dabf18193072939515e22adb298388d": "1b47", "ciphertext": "v1"}}}},
        {"outputs": {"spec": {"4dabf18193072939515e22adb298388d": "1b47", "ciphertext": "v1"}}},
        {"type": "plumbline:azureml:Unheard"},
        {"id": ""},
    ],
)
def test_what_the_engine_alone_can_judge_is_left_to_it_by_name(strange: dict[str, Any]) -> None:
    found = _divided(PROVIDER, TRAIN, {**SCORE, **strange})
    assert found.own == (TRAIN,)
    assert found.targets == (SCORE["urn"],)


def test_one_that_is_to_be_deleted_takes_its_replacement_along() -> None:
    found = _divided(PROVIDER, TRAIN, SCORE, {**SCORE, "delete": True, "id": "/old"})
    assert (found.own, [row["id"] for row in found.others]) == ((TRAIN,), ["/score", "/old"])


@pytest.mark.parametrize(
    "inputs",
    [
        {"tenantId": "other", "subscriptionId": "s"},
        {"tenantId": "t", "subscriptionId": "other"},
        {"tenantId": "t", "subscriptionId": "s", "cloud": "AzureChinaCloud"},
        {
            "tenantId": "t",
            "subscriptionId": "s",
            "clientSecret": {"4dabf18193072939515e22adb298388d": "1b47"},
        },
        {"tenantId": "t"},
    ],
)
def test_a_provider_of_another_cloud_or_of_secret_settings_is_the_engines(inputs: dict[str, Any]) -> None:
    found = _divided({**PROVIDER, "inputs": inputs}, TRAIN, CLUSTER)
    assert (found.own, found.others, found.targets) == ((), (TRAIN, CLUSTER), ())


def test_settings_that_a_provider_takes_from_the_environment_count() -> None:
    found = _divided({**PROVIDER, "inputs": {"tenantId": "t"}}, TRAIN, environ={"ARM_SUBSCRIPTION_ID": "S"})
    assert found.own == (TRAIN,)


def test_too_many_names_for_one_command_line_leave_everything_to_the_engine() -> None:
    strange = [{**SCORE, "urn": f"{SCORE['urn']}-{at}", "external": True} for at in range(1000)]
    found = _divided(PROVIDER, TRAIN, *strange)
    assert (found.own, len(found.others), found.targets) == ((), 1001, ())
