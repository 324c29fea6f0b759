"""Protects that no route is forgotten: every one asks for a valid token of its audience, whatever it does.

The list is the emulator's own, so a new route is covered, or named here with why it needs no token.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator

import pytest
import requests

from plumbline.emulator.app import SERVICES
from plumbline.emulator.routing import Route
from tests.contract.machine_learning_platform import machine_learning_platform
from tests.emulator_process import ARM_VERSION, SUBSCRIPTION, EmulatorProcess

# Path -> why it takes no token.
OPEN = {
    r"/health": "says that the process lives",
    r"/metadata/endpoints": "asked before there is a token",
    r"/discovery": "a registry's whereabouts, asked before there is a token",
    r"/msi/token|/msi/azureml/token|/\{tenant\}/.*": "gives the tokens, for a secret of its own",
    r"/_control/.*": "asks for the control secret",
    r"/studio/.*": "a page for a browser: the address is signed",
    r"/artifacts/.*/contents/.*": "the address is signed",
    r"/(genericasset|rp|data|dataset|metric|modelregistry|assetstore|endpoints)/\{rest:path\}": "not modelled: 501",
}
WRONG_AUDIENCE = {
    "arm": ("https://storage.azure.com", "https://ml.azure.local", "run", "https://x.test"),
    "machine_learning": ("https://storage.azure.com", "https://ml.azure.local", "run", "https://x.test"),
    "storage": (None, "https://ml.azure.local", "https://x.test"),
    "registry": ("https://storage.azure.com", "run", "https://x.test"),
    "run": ("https://storage.azure.com", "https://x.test"),
}


def _routes() -> Iterator[Route]:
    for name in SERVICES:
        yield from importlib.import_module(f"plumbline.emulator.services.{name}.routes").ROUTES


GUARDED = [route for route in _routes() if route.audience != "none"]


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as process:
        yield process


@pytest.fixture(scope="module")
def session(emulator: EmulatorProcess) -> Iterator[requests.Session]:
    with requests.Session() as kept:
        kept.verify = str(emulator.home / "ca.pem")
        kept.trust_env = False
        yield kept


def _path(route: Route) -> str:
    path = route.path.replace("{subscription}", SUBSCRIPTION)
    return re.sub(r"\{\w+(:path)?\}", "x", path)


def _answers(
    emulator: EmulatorProcess, session: requests.Session, route: Route, tokens: dict[str, str | None]
) -> dict[str, int]:
    """What the route answers to each of the tokens, `None` being no header at all."""
    found = {}
    for name, token in tokens.items():
        answer = session.request(
            route.method,
            f"{emulator.base_url}{_path(route)}",
            params={"api-version": ARM_VERSION},
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
            timeout=120,
        )
        found[name] = answer.status_code
        if answer.status_code == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    return found


def test_routes_without_a_token_are_few_and_known() -> None:
    unknown = [
        route.path
        for route in _routes()
        if route.audience == "none" and not any(re.fullmatch(pattern, route.path) for pattern in OPEN)
    ]
    assert unknown == []


@pytest.mark.parametrize("audience", sorted(WRONG_AUDIENCE))
def test_every_route_refuses_no_token_an_expired_one_and_one_for_another_audience(
    emulator: EmulatorProcess, session: requests.Session, audience: str
) -> None:
    right = {"storage": "https://storage.azure.com"}.get(audience)
    tokens: dict[str, str | None] = {
        "none": None,
        "expired": emulator.token("deployer", audience=right, lifetime_seconds=-1),
    }
    tokens |= {
        f"for {wrong}": emulator.token("deployer", audience=wrong) for wrong in WRONG_AUDIENCE[audience]
    }
    routes = [route for route in GUARDED if route.audience == audience]
    assert routes
    let_in = {
        f"{route.method} {route.path}": wrong
        for route in routes
        if (
            wrong := {
                name: status
                for name, status in _answers(emulator, session, route, tokens).items()
                if status != 401
            }
        )
    }
    assert let_in == {}


def test_second_token_of_azure_ml_is_checked_as_well(
    emulator: EmulatorProcess, session: requests.Session
) -> None:
    first = emulator.token("deployer")
    wrong = {
        "expired": emulator.token("deployer", audience="https://ml.azure.local", lifetime_seconds=-1),
        "of another audience": first,
        "garbage": "garbage",
    }
    routes = [route for route in GUARDED if route.audience == "machine_learning"]
    assert routes
    for route in routes:
        for name, second in wrong.items():
            answer = session.request(
                route.method,
                f"{emulator.base_url}{_path(route)}",
                params={"api-version": ARM_VERSION},
                headers={"Authorization": f"Bearer {first}", "x-azureml-token": second},
                timeout=120,
            )
            assert answer.status_code == 401, f"{route.method} {route.path}: {name}"


def test_pages_and_contents_of_a_run_need_the_signature_of_their_address() -> None:
    with machine_learning_platform() as platform:
        run = f"{platform.workspace_id}/runs/some-run"
        guess = {"sv": "2024-11-04", "sr": "b", "sp": "r", "se": "2999-01-01T00:00:00Z", "sig": "Z3Vlc3M="}
        for path in (f"/artifacts{run}/contents/system_logs/run_record.json", f"/studio{run}"):
            for query in ({}, guess):
                answer = platform.emulator.request("GET", path, principal=None, params=query)
                assert answer.status_code in {401, 403}, f"{path}: {answer.text}"
