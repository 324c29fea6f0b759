"""Protects evidence from carrying secrets into tickets: what looks like one stops the writing, and is not repeated."""

import pytest

from plumbline.ops.errors import UserError
from plumbline.ops.evidence.secret_scan import require_no_secret, secrets_in

SECRETS = [
    "https://a.blob.core.windows.net/c/p?sv=2024-11-04&sig=3RINR3LI1A3sT7558mcDmTBVs9WUEATPPfXQuxWwSfE%3D",
    "https://a.blob.core.windows.net/c/p?sv=1&amp;sig=3RINR3LI1A3sT7558mcDmTBVs9WUEATP",
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq",
    "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL21sIn0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----",
    "--index-url https://robot:hunter22@packages.example/simple",
    'password: "correct horse"',
    "client_secret=abcdefgh12345678",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
]
HARMLESS = [
    "sha256:ad02894b740781b5cc83761df7155be8efdb9234761ea89e035b472b3f842b97",
    "https://127.0.0.1:43469/mlflow/v1.0/subscriptions/22222222-2222-4222-8222-222222222222",
    "azureml://datastores/workspaceblobstore/paths/azureml/13174174-bf92-4339-84e0-fa7d4aa8404f/model/",
    "--hash=sha256:0a30ef8f5322a4173720ae6712dc9a5e58f5a19868f3f167b4b5778db066c2b5",
    "the password is not in here",
    "claims-ml-support@plumbline.example",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_secret_stops_the_writing_and_is_not_repeated(text: str) -> None:
    with pytest.raises(UserError) as caught:
        require_no_secret({"evidence.json": f"first line\n{text}\n".encode()})
    assert str(caught.value).startswith("evidence.json:2: got what looks like ")
    assert text not in str(caught.value)


@pytest.mark.parametrize("text", HARMLESS)
def test_digests_addresses_and_names_are_no_secrets(text: str) -> None:
    assert secrets_in(text) == []
