"""Protects people from the stand-in: it starts only on a Plumbline emulator on loopback that is the stack's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plumbline.azure_native_plugin import endpoint
from plumbline.azure_native_plugin.creations import Creations
from plumbline.azure_native_plugin.errors import ConfigurationError
from plumbline.azure_native_plugin.http import Http
from plumbline.azure_native_plugin.install import install

TENANT = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
BASE = "https://127.0.0.1:1"
CONFIG = {"tenantId": TENANT, "subscriptionId": SUBSCRIPTION, "location": "westeurope"}
ENVIRONMENT = {
    "ARM_CLOUD_METADATA_URL": f"{BASE}/metadata/endpoints?api-version=2019-05-01",
    "IDENTITY_ENDPOINT": f"{BASE}/msi/token",
}


class Answers(Http):
    """Answers one metadata document, and counts how often it is asked."""

    def __init__(self, metadata: dict[str, Any]) -> None:
        super().__init__()
        self.metadata = metadata
        self.asked: list[str] = []

    def get_json(self, url: str) -> dict[str, Any]:
        self.asked.append(url)
        return self.metadata


def metadata(**changed: Any) -> dict[str, Any]:
    marks = {"stack": "local", "tenantId": TENANT, "subscriptionId": SUBSCRIPTION}
    return {
        "resourceManager": f"{BASE}/",
        "authentication": {"audiences": [BASE]},
        "plumbline": marks,
        **changed,
    }


def test_the_stacks_own_emulator_is_taken() -> None:
    found = endpoint.find(CONFIG, Answers(metadata()), ENVIRONMENT)
    assert (found.base_url, found.subscription_id, found.location) == (BASE, SUBSCRIPTION, "westeurope")


@pytest.mark.parametrize("variable", ["ARM_CLOUD_METADATA_URL", "IDENTITY_ENDPOINT"])
@pytest.mark.parametrize(
    "url", ["", "https://management.azure.com/metadata", "https://127.0.0.1.example.com/x", "nonsense"]
)
def test_an_endpoint_that_is_not_loopback_is_refused_before_any_request(variable: str, url: str) -> None:
    answers = Answers(metadata())
    with pytest.raises(ConfigurationError, match=variable):
        endpoint.find(CONFIG, answers, {**ENVIRONMENT, variable: url})
    assert answers.asked == []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"plumbline": None}, "without the member `plumbline`"),
        ({"resourceManager": "https://management.azure.com/"}, "resourceManager"),
        ({"resourceManager": "https://127.0.0.1:2/"}, "resourceManager"),
    ],
)
def test_metadata_that_is_not_the_emulators_own_is_refused(changed: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        endpoint.find(CONFIG, Answers(metadata(**changed)), ENVIRONMENT)


@pytest.mark.parametrize("key", ["tenantId", "subscriptionId"])
@pytest.mark.parametrize("value", ["", "33333333-3333-4333-8333-333333333333"])
def test_another_tenant_or_subscription_is_refused(key: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"azure-native:{key}"):
        endpoint.find({**CONFIG, key: value}, Answers(metadata()), ENVIRONMENT)


def test_the_stand_in_is_never_installed_where_real_stacks_look() -> None:
    with pytest.raises(ConfigurationError, match="an emulated stack's own folder"):
        install(pulumi=Path("pulumi"), pulumi_home=Path.home() / ".pulumi")


def test_a_creation_is_taken_up_again_by_its_own_resource_only(tmp_path: Path) -> None:
    creations = Creations(tmp_path)
    creations.begin("urn:a", "/subscriptions/S/x")
    assert creations.began("urn:a", "/SUBSCRIPTIONS/s/X/")
    assert not creations.began("urn:b", "/subscriptions/S/x")
    creations.settle("/subscriptions/s/x")
    assert not creations.began("urn:a", "/subscriptions/S/x")
