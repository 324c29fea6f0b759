"""Protects conditional writes of blobs: of writers who overlap, one wins and the others hear that it did."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform


@pytest.fixture(scope="module")
def azure_ml() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        platform.put(
            f"{platform.account_id}/blobServices/default/containers/raw", {"properties": {}}, "2024-01-01"
        )
        yield platform


class Writer:
    """A PUT that is begun, and ended when the test says so."""

    def __init__(self, azure_ml: MachineLearningPlatform, path: str, content: bytes, **headers: str) -> None:
        emulator = azure_ml.emulator
        where = urlsplit(emulator.base_url)
        context = ssl.create_default_context(cafile=str(emulator.home / "ca.pem"))
        self._link = http.client.HTTPSConnection(
            where.hostname or "", where.port, context=context, timeout=30
        )
        self._rest = content[1:]
        self._link.putrequest("PUT", path)
        sent = {
            "Authorization": f"Bearer {emulator.token(audience='https://storage.azure.com')}",
            "User-Agent": "plumbline-tests", "x-ms-version": "2021-12-02", "x-ms-blob-type": "BlockBlob",
            "Content-Length": str(len(content)),
        } | headers  # fmt: skip
        for name, value in sent.items():
            self._link.putheader(name, value)
        self._link.endheaders()
        self._link.send(content[:1])

    def finish(self) -> tuple[int, str]:
        self._link.send(self._rest)
        answer = self._link.getresponse()
        answer.read()
        return answer.status, answer.headers.get("x-ms-error-code", "")


def read(azure_ml: MachineLearningPlatform, path: str) -> requests.Response:
    emulator = azure_ml.emulator
    token = emulator.token(audience="https://storage.azure.com")
    return emulator.request(
        "GET", path, principal=None, api_version=None, headers={"Authorization": f"Bearer {token}"}
    )


def test_of_two_overlapping_writers_of_a_new_blob_one_wins(azure_ml):
    first = Writer(azure_ml, "/raw/new.txt", b"first", **{"If-None-Match": "*"})
    second = Writer(azure_ml, "/raw/new.txt", b"second", **{"If-None-Match": "*"})
    assert second.finish() == (201, "")
    assert first.finish() == (409, "BlobAlreadyExists")
    assert read(azure_ml, "/raw/new.txt").content == b"second"


def test_of_two_overlapping_writers_over_one_etag_one_wins(azure_ml):
    Writer(azure_ml, "/raw/old.txt", b"before").finish()
    etag = read(azure_ml, "/raw/old.txt").headers["ETag"]
    first = Writer(azure_ml, "/raw/old.txt", b"first", **{"If-Match": etag})
    second = Writer(azure_ml, "/raw/old.txt", b"second", **{"If-Match": etag})
    assert second.finish() == (201, "")
    assert first.finish() == (412, "ConditionNotMet")
    assert read(azure_ml, "/raw/old.txt").content == b"second"


def test_what_a_refused_writer_sent_is_thrown_away(azure_ml):
    first = Writer(azure_ml, "/raw/once.txt", b"x" * 4096, **{"If-None-Match": "*"})
    Writer(azure_ml, "/raw/once.txt", b"there", **{"If-None-Match": "*"}).finish()
    assert first.finish()[0] == 409
    assert list((azure_ml.emulator.home / "blobs" / "incoming").iterdir()) == []
