"""Protects the emulator from bodies: too long, too deep, no JSON; each is refused by name, whoever sends it."""

from __future__ import annotations

import json
import socket
import ssl
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from tests.emulator_process import EmulatorProcess

MEBIBYTE = 1024**2


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as process:
        yield process


def group(emulator: EmulatorProcess, body: bytes) -> requests.Response:
    headers = {"Content-Type": "application/json"}
    return emulator.request("PUT", f"{emulator.scope}/resourceGroups/rg", data=body, headers=headers)


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b'{"tags":' * 3000 + b"1" + b"}" * 3000, b'{"location": NaN}', b'{"location": "\\ud800"}', b"\xff", b"[]",
     b'{"location": "westeurope", "properties": true}'],
    ids=["deep", "deep objects", "NaN", "half a pair", "no UTF-8", "no object", "properties that are no object"],
)  # fmt: skip
def test_odd_json_is_a_bad_request(emulator, body):
    answer = group(emulator, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")


def test_a_body_longer_than_resource_manager_takes_is_refused(emulator):
    body = json.dumps({"location": "westeurope", "tags": {"a": "x" * 5 * MEBIBYTE}}).encode()
    answer = group(emulator, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "RequestContentTooLarge")


def test_a_long_form_at_the_token_route_is_refused_before_it_is_read(emulator):
    where = urlsplit(emulator.base_url)
    context = ssl.create_default_context(cafile=str(emulator.home / "ca.pem"))
    with (
        socket.create_connection((where.hostname, where.port), timeout=120) as raw,
        context.wrap_socket(raw, server_hostname=where.hostname) as link,
    ):
        head = (
            f"POST /{emulator.tenant_id}/oauth2/v2.0/token HTTP/1.1\r\nHost: {where.netloc}\r\n"
            f"User-Agent: plumbline-tests\r\nContent-Length: {600 * MEBIBYTE}\r\n\r\n"
        )
        link.sendall(head.encode() + b"grant_type=")
        # The answer comes although hardly a byte was sent.
        assert link.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_form_without_an_end_at_the_token_route_is_refused(emulator):
    def chunks() -> Iterator[bytes]:
        for _ in range(80):
            yield b"x" * 1024

    answer = emulator.request(
        "POST", f"/{emulator.tenant_id}/oauth2/v2.0/token", principal=None, api_version=None, data=chunks()
    )
    assert answer.status_code == 413


def test_an_unsigned_caller_cannot_make_it_read(emulator):
    answer = emulator.request(
        "PUT", f"{emulator.scope}/resourceGroups/rg", principal=None, data=b"[" * 3 * MEBIBYTE, timeout=120
    )
    assert answer.status_code == 401


def test_a_role_definition_without_properties_is_a_bad_request(emulator):
    answer = emulator.request(
        "PUT", f"{emulator.scope}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid4()}",
        api_version="2022-05-01-preview", json={"properties": None},
    )  # fmt: skip
    assert answer.status_code == 400, answer.text


def test_a_location_that_names_what_is_not_ascii_is_percent_encoded(emulator):
    path = "resourceGroups/rg-names/providers/Microsoft.ManagedIdentity/userAssignedIdentities/%C3%9Ename"
    made = emulator.request(
        "PUT", f"{emulator.scope}/resourceGroups/rg-names", json={"location": "westeurope"}
    )
    assert made.status_code == 201, made.text
    answer = emulator.request(
        "PUT", f"{emulator.scope}/{path}", api_version="2023-01-31", json={"location": "westeurope"}
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].endswith("/%C3%9Ename")


def test_a_signature_that_is_not_ascii_is_refused(emulator):
    answer = emulator.request(
        "GET", "/container/blob?sig=%C3%9E&sr=c&sp=r&se=2099-01-01T00%3A00%3A00Z&sv=2023-11-03",
        principal=None, api_version=None, headers={"x-ms-version": "2023-11-03"},
    )  # fmt: skip
    assert answer.status_code == 403, answer.text
