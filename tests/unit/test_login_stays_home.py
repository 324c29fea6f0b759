"""Protects logins: a token goes to the endpoint and to its cloud's Azure ML, wherever an answer points."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from plumbline.azure.reader import ForeignAddressError, Reader, is_own

AZURE, EMULATOR = "https://management.azure.com", "https://127.0.0.1:4443"


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        (f"{AZURE}/subscriptions", AZURE),
        ("https://MANAGEMENT.azure.com:443/x", AZURE),
        ("https://westeurope.api.azureml.ms/history/v1.0", AZURE),
        ("https://usgovvirginia.api.ml.azure.us/history", "https://management.usgovcloudapi.net"),
        (f"{EMULATOR}/history", EMULATOR),
    ],
)
def test_own_addresses(address: str, endpoint: str) -> None:
    assert is_own(address, endpoint)


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("https://evil.example/history", AZURE),
        ("https://api.azureml.ms.evil.example/history", AZURE),
        ("https://evilapi.azureml.ms/history", AZURE),
        ("https://westeurope.api.azureml.ms:8443/history", AZURE),
        ("https://someone@westeurope.api.azureml.ms/history", AZURE),
        ("http://westeurope.api.azureml.ms/history", AZURE),
        ("https://westeurope.api.azureml.ms/history", EMULATOR),
        ("https://westeurope.api.ml.azure.us/history", AZURE),
        ("https://127.0.0.1:4444/history", EMULATOR),
    ],
)
def test_foreign_addresses(address: str, endpoint: str) -> None:
    assert not is_own(address, endpoint)


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        (AZURE, "https://evil.example/discovery?token=1"),
        (AZURE, ".evil.example/discovery"),
        (AZURE, "@evil.example/discovery"),
        (AZURE, ":8443@evil.example/discovery"),
        (AZURE.replace("https", "http"), "/subscriptions"),
    ],
)
def test_a_foreign_address_is_refused_before_a_token_is_asked_for(endpoint: str, path: str) -> None:
    class Credential:
        def get_token(self, *_scopes: str, **_options: Any) -> Any:
            raise AssertionError("a token was asked for")

    async def ask() -> None:
        reader = Reader(endpoint=endpoint, credential=Credential(), local=False, agent="plumbline-tests")
        await reader.get(path)

    # asyncio.run would take the loop away that Pulumi's SDK expects in this thread.
    loop = asyncio.new_event_loop()
    with pytest.raises(ForeignAddressError, match=r"got https?://\S+, expected one of https?://management"):
        loop.run_until_complete(ask())
    loop.close()
