"""Protects that no variable lifts the fence: which ones it reads at all, and what each may say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from plumbline.fence import CloudPins, FenceError, require_pinned_cloud
from tests.emulator_process import EmulatorProcess

READ = {
    "ARM_CLOUD_METADATA_URL", "AZUREML_CURRENT_CLOUD", "ARM_ENVIRONMENT", "ARM_METADATA_HOSTNAME",
    "IDENTITY_ENDPOINT", "REGISTRY_DISCOVERY_ENDPOINT_URL", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE",
    "PULUMI_BACKEND_URL",
}  # fmt: skip

ELSEWHERE = "55555555-5555-4555-8555-555555555555"


class Recorder(dict[str, str]):
    """An environment that remembers what it was asked for."""

    asked: set[str]

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.asked = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


@pytest.fixture(scope="module")
def local() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as process:
        yield process


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[EmulatorProcess]:
    others = ("--also-stack", "prod", "--other-subscription", f"prod={ELSEWHERE}")
    with EmulatorProcess(stack="dev", cloud="PlumblineRehearsal", extra=others) as process:
        yield process


def _pins(of: EmulatorProcess, **changed: str) -> CloudPins:
    pins = {
        "stack": of.stack, "cloud": of.cloud, "tenant_id": of.tenant_id, "subscription_id": of.subscription_id,
    }  # fmt: skip
    return CloudPins(**pins | changed)


def _dev(of: EmulatorProcess, **changed: str) -> CloudPins:
    return _pins(of, cloud="AzureCloud", **changed)


def _backend(folder: Path, stack: str = "dev") -> dict[str, str]:
    return {"PULUMI_BACKEND_URL": (folder / ".plumbline/rehearsals" / stack / "state").as_uri()}


def test_emulator_of_the_stack_passes_and_only_known_variables_are_read(local: EmulatorProcess) -> None:
    environ = Recorder(local.environment())
    assert require_pinned_cloud(_pins(local), environ).resource_manager == local.base_url
    assert environ.asked <= READ
    plain = Recorder({})
    require_pinned_cloud(_dev(local), plain)
    assert plain.asked <= READ


def test_rehearsal_passes_for_its_stack_and_backend(rehearsal: EmulatorProcess, tmp_path: Path) -> None:
    environ = Recorder(rehearsal.environment() | _backend(tmp_path))
    assert require_pinned_cloud(_dev(rehearsal), environ).emulates_stack == "dev"
    assert environ.asked <= READ


def test_each_stack_of_a_rehearsal_passes_for_its_own_subscription_alone(
    rehearsal: EmulatorProcess, tmp_path: Path
) -> None:
    environ = rehearsal.environment() | _backend(tmp_path)
    prod = _dev(rehearsal, stack="prod", subscription_id=ELSEWHERE)
    assert require_pinned_cloud(prod, environ).emulates("prod")
    for swapped in (_dev(rehearsal, stack="prod"), _dev(rehearsal, subscription_id=ELSEWHERE)):
        with pytest.raises(FenceError, match="subscription: got"):
            require_pinned_cloud(swapped, environ)


@pytest.mark.parametrize("changed", [{"stack": "prod"}, {"tenant_id": "other"}, {"subscription_id": "other"}])
def test_rehearsal_is_refused_for_anything_else(
    rehearsal: EmulatorProcess, tmp_path: Path, changed: dict[str, str]
) -> None:
    stack = changed.get("stack", "dev")
    with pytest.raises(FenceError, match=f"plumbline rehearse {stack} -- "):
        require_pinned_cloud(_dev(rehearsal, **changed), rehearsal.environment() | _backend(tmp_path, stack))


@pytest.mark.parametrize(
    "backend",
    [
        "", "file:///home/me/.pulumi", "https://api.pulumi.com", "azblob://state", "s3://b/.plumbline/rehearsals/dev",
        "file:///p/.plumbline/local/state", "file:///p/.plumbline/rehearsals/prod/state",
        "file:///p/.plumbline/rehearsals/dev/../prod/state", "file:///p/.plumbline/rehearsals/development/state",
        "file:///p/.plumbline/rehearsals/dev/../../../real", "https://h/.plumbline/rehearsals/dev/state",
    ],
)  # fmt: skip
def test_rehearsal_is_refused_where_the_state_lies_elsewhere(
    rehearsal: EmulatorProcess, backend: str
) -> None:
    with pytest.raises(FenceError, match="got the emulator of stack dev"):
        require_pinned_cloud(_dev(rehearsal), rehearsal.environment() | {"PULUMI_BACKEND_URL": backend})


def test_local_emulator_is_no_rehearsal_and_a_rehearsal_is_not_local(
    local: EmulatorProcess, rehearsal: EmulatorProcess, tmp_path: Path
) -> None:
    with pytest.raises(FenceError, match="got the emulator of stack local"):
        require_pinned_cloud(_dev(local), local.environment() | _backend(tmp_path, "local"))
    with pytest.raises(FenceError, match="expected PlumblineLocal"):
        require_pinned_cloud(_pins(local), rehearsal.environment() | _backend(tmp_path))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AZUREML_CURRENT_CLOUD", ""), ("AZUREML_CURRENT_CLOUD", "AzureCloud"),
        ("IDENTITY_ENDPOINT", ""), ("IDENTITY_ENDPOINT", "http://169.254.169.254/metadata/identity"),
        ("REGISTRY_DISCOVERY_ENDPOINT_URL", ""), ("REGISTRY_DISCOVERY_ENDPOINT_URL", "https://eastus.api.azureml.ms/"),
        ("ARM_METADATA_HOSTNAME", "management.azure.com"), ("ARM_METADATA_HOSTNAME", ""),
        ("ARM_CLOUD_METADATA_URL", "https://management.azure.com/metadata/endpoints"),
        ("REQUESTS_CA_BUNDLE", "/etc/hostname"),
    ],
)  # fmt: skip
def test_shell_that_leads_to_the_emulator_in_part_is_refused(
    local: EmulatorProcess, name: str, value: str
) -> None:
    with pytest.raises(FenceError):
        require_pinned_cloud(_pins(local), local.environment() | {name: value})


def test_switches_that_somebody_might_try_change_nothing(local: EmulatorProcess) -> None:
    tried = {
        f"PLUMBLINE_{word}": "1"
        for word in (
            "FENCE",
            "NO_FENCE",
            "SKIP_FENCE",
            "FENCE_OFF",
            "FORCE",
            "REHEARSE",
            "STACK",
            "LOCAL",
            "ALLOW",
        )
    } | {"PULUMI_CONFIG": '{"plumbline:cloud": "PlumblineLocal"}', "PULUMI_OPTION_YES": "true", "CI": "true"}
    with pytest.raises(FenceError):
        require_pinned_cloud(_dev(local), local.environment() | tried)
    with pytest.raises(FenceError):
        require_pinned_cloud(_pins(local), tried)
