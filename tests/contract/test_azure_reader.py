"""Protects the one reader of provider and command line: its pages, what a 404 means, and how refusals are told."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from plumbline.azure.api_versions import api_version
from plumbline.azure.reader import ForeignPageError, Reader, same_host
from plumbline.ops.azure_session import AzureSession, RefusedError
from plumbline.ops.errors import UserError
from plumbline.ops.target import Target
from tests.contract.machine_learning_platform import (
    GROUP,
    WORKSPACE,
    MachineLearningPlatform,
    machine_learning_platform,
)


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as built:
        yield built


def session(platform: MachineLearningPlatform, workspace: str = WORKSPACE) -> AzureSession:
    emulator = platform.emulator
    return AzureSession(
        Target(
            stack=None, endpoint=emulator.base_url, is_emulated=True, subscription_id=emulator.subscription_id,
            resource_group_name=GROUP, workspace_name=workspace,
        )
    )  # fmt: skip


def listed(asked: AzureSession, path: str) -> list[Any]:
    return list(asked.pages(f"{asked.target.workspace_id}/{path}", api_version=api_version("jobs")))


def test_an_empty_list_is_no_error(platform: MachineLearningPlatform) -> None:
    assert listed(session(platform), "jobs") == []


def test_a_list_of_a_workspace_that_is_not_there_names_the_workspace(
    platform: MachineLearningPlatform,
) -> None:
    with pytest.raises(
        UserError, match=f"workspace elsewhere: got nothing, expected it in resource group {GROUP}"
    ):
        listed(session(platform, "elsewhere"), "jobs")


def test_the_versions_of_a_model_that_is_not_there_are_none(platform: MachineLearningPlatform) -> None:
    asked = session(platform)
    path = f"{asked.target.workspace_id}/models/nobody/versions"
    assert list(asked.pages(path, api_version=api_version("models"))) == []


def test_every_page_is_read(platform: MachineLearningPlatform) -> None:
    asked = session(platform)
    path = f"{asked.target.workspace_id}/datastores"
    every = {one["name"] for one in asked.pages(path, api_version=api_version("datastores"))}
    by_one = [one["name"] for one in asked.pages(path, api_version=api_version("datastores"), count="1")]
    assert len(every) > 1
    assert sorted(by_one) == sorted(every)


def test_a_refusal_has_its_status_and_its_codes(platform: MachineLearningPlatform) -> None:
    with platform.environment("pipeline"):
        asked = session(platform)
        path = f"{asked.target.workspace_id}/data/theirs/versions/1"
        body = {"properties": {"dataType": "uri_file", "dataUri": "https://example.com/a"}}
        with pytest.raises(RefusedError) as refused:
            asked.send("PUT", path, api_version=api_version("data"), body=body)
    assert refused.value.status == 403
    assert refused.value.codes[0] == "AuthorizationFailed"
    assert "data/theirs/versions/1: PUT: got HTTP 403 (AuthorizationFailed: " in str(refused.value)
    assert str(refused.value).endswith("Ask the workspace's owner for a role that allows it.")


def test_many_threads_share_one_session(platform: MachineLearningPlatform) -> None:
    asked = session(platform)
    paths = [asked.target.workspace_id] * 40
    found = asked.side_by_side(lambda path: asked.get(path, api_version=api_version("workspaces")), paths)
    assert {one["name"] for one in found} == {WORKSPACE}


def awaited(work: Coroutine[Any, Any, Any]) -> Any:
    # Not asyncio.run: it takes the thread's event loop away, which Pulumi's runtime counts on in other tests.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


class Answering(Reader):
    """A reader whose service answers what a test says."""

    def __init__(self, answer: Any) -> None:
        super().__init__(endpoint="https://management.azure.com", credential=None, local=False, agent="test")
        self._answers = iter([answer, {"value": [2]}])

    async def get(self, path: str, **_: Any) -> Any:  # noqa: ARG002
        return next(self._answers)


@pytest.mark.parametrize(
    "link", ["https://management.azure.com/x?p=2", "https://MANAGEMENT.azure.com:443/x?p=2"]
)
def test_a_page_of_the_same_host_is_followed(link: str) -> None:
    assert awaited(Answering({"value": [1], "nextLink": link}).pages("/x")) == [1, 2]


@pytest.mark.parametrize(
    "link",
    [
        "https://management.azure.com.evil.example/x", "https://management.azure.com:8443/x", "http://management.azure.com/x",
        "https://management.azure.com@evil.example/x", "//evil.example/x", "https://user@management.azure.com/x",
    ],
)  # fmt: skip
def test_a_page_of_another_host_is_not_asked_for(link: str) -> None:
    with pytest.raises(ForeignPageError, match="Nothing was sent there"):
        awaited(Answering({"value": [1], "nextLink": link}).pages("/x"))


def test_no_list_is_not_an_empty_list() -> None:
    assert awaited(Answering(None).pages("/x")) is None
    assert awaited(Answering({"value": []}).pages("/x")) == []


def test_hosts_are_compared_with_their_port() -> None:
    assert same_host("https://127.0.0.1:8443/a", "https://127.0.0.1:8443/b")
    assert not same_host("https://127.0.0.1:8443/a", "https://127.0.0.1:8444/b")


def test_a_compute_that_is_not_there_is_nothing(platform: MachineLearningPlatform) -> None:
    """Its 404 has no body at all, which azure-core refuses to read a second time."""
    asked = session(platform)
    path = f"{asked.target.workspace_id}/computes/nobody"
    assert asked.get(path, api_version=api_version("computes")) is None
