"""Protects the fence: a stack's pins against where this process would really go."""

from __future__ import annotations

import base64
import json

import pytest

from plumbline.fence import CloudPins, FenceError, is_loopback, require_pinned_cloud, require_pinned_tenant

TENANT = "33333333-3333-4333-8333-333333333333"
DEV = CloudPins(stack="dev", cloud="AzureCloud", tenant_id=TENANT, subscription_id=TENANT)
LOCAL = CloudPins(stack="local", cloud="PlumblineLocal", tenant_id=TENANT, subscription_id=TENANT)


def test_real_stack_passes_in_a_plain_shell_without_a_request() -> None:
    live = require_pinned_cloud(DEV, {})
    assert (live.name, live.is_emulated) == ("AzureCloud", False)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"AZUREML_CURRENT_CLOUD": "AzureCloud"},
        {"AZUREML_CURRENT_CLOUD": "PlumblineLocal"},
        {"ARM_ENVIRONMENT": "PlumblineLocal"},
        {
            "AZUREML_CURRENT_CLOUD": "PlumblineLocal",
            "ARM_CLOUD_METADATA_URL": "https://management.azure.com/m",
        },
    ],
)
def test_local_stack_is_refused_without_an_emulator_behind_its_name(environ: dict[str, str]) -> None:
    with pytest.raises(FenceError, match="plumbline local env"):
        require_pinned_cloud(LOCAL, environ)


def test_another_public_cloud_is_refused() -> None:
    with pytest.raises(FenceError, match=r"got AzureUSGovernment .* expected AzureCloud"):
        require_pinned_cloud(DEV, {"ARM_ENVIRONMENT": "usgovernment"})


def test_a_public_cloud_s_name_does_not_lead_to_another_host() -> None:
    for url in (
        "https://other.example/metadata/endpoints",
        "https://management.azure.com:8443/metadata/endpoints",
    ):
        with pytest.raises(
            FenceError, match=r"under the name AzureCloud, expected https://management\.azure\.com\."
        ):
            require_pinned_cloud(DEV, {"AZUREML_CURRENT_CLOUD": "AzureCloud", "ARM_CLOUD_METADATA_URL": url})
    own = {
        "AZUREML_CURRENT_CLOUD": "AzureCloud",
        "ARM_CLOUD_METADATA_URL": "https://management.azure.com/metadata/endpoints?api-version=2019-05-01",
    }
    assert require_pinned_cloud(DEV, own).resource_manager == "https://management.azure.com"


def test_emulator_that_is_down_is_named_and_nothing_else_is_tried() -> None:
    environ = {"AZUREML_CURRENT_CLOUD": "PlumblineLocal", "ARM_CLOUD_METADATA_URL": "https://127.0.0.1:9/m"}
    for pins in (LOCAL, DEV):
        with pytest.raises(FenceError, match=r"plumbline local start.* Nothing was sent anywhere else"):
            require_pinned_cloud(pins, environ)


def _token(**claims: str) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


def test_login_of_the_pinned_tenant_passes() -> None:
    require_pinned_tenant(DEV, _token(tid=TENANT.upper()))


@pytest.mark.parametrize("token", [_token(tid="other"), _token(), "no token at all", "a.b!.c"])
def test_login_of_another_tenant_is_refused(token: str) -> None:
    with pytest.raises(FenceError, match=f"az login --tenant {TENANT}"):
        require_pinned_tenant(DEV, token)


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("10.0.0.1", False),
     ("localhost.example.com", False), ("management.azure.com", False), ("", False)],
)  # fmt: skip
def test_loopback_is_told_without_a_resolver(host: str, *, answer: bool) -> None:
    assert is_loopback(host) is answer
