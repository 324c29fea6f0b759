"""Protects what was acknowledged: kill -9, restarts, ports and locks; nothing lost, nothing half done, nothing doubled."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import threading
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.emulator_process import EmulatorDidNotStart, EmulatorProcess

IDENTITY = "2023-01-31"


@pytest.fixture
def emulator(tmp_path):
    with EmulatorProcess(home=tmp_path / "home") as process:
        yield process


def make_group(emulator: EmulatorProcess, name: str = "rg1") -> str:
    path = f"{emulator.scope}/resourceGroups/{name}"
    assert emulator.request("PUT", path, json={"location": "westeurope"}).status_code in (200, 201)
    return path


def identity_path(group: str, name: str) -> str:
    return f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"


def put_identity(emulator: EmulatorProcess, group: str, name: str, **options):
    return emulator.request(
        "PUT", identity_path(group, name), api_version=IDENTITY, json={"location": "westeurope"}, **options
    )


def identities(emulator: EmulatorProcess, group: str) -> dict[str, dict]:
    path = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    listed = emulator.request("GET", path, api_version=IDENTITY).json()["value"]
    assert len({item["id"].lower() for item in listed}) == len(listed)
    return {item["name"]: item for item in listed}


def events(emulator: EmulatorProcess, resource_id: str) -> list[dict]:
    path = f"{emulator.scope}/providers/Microsoft.Insights/eventtypes/management/values"
    day = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    condition = f"eventTimestamp ge '{day}' and resourceUri eq '{resource_id}'"
    answer = emulator.request("GET", path, api_version="2015-04-01", params={"$filter": condition})
    return answer.json()["value"]


def test_kill_in_the_middle_of_writes_loses_nothing_acknowledged(emulator):
    group, token = make_group(emulator), emulator.token()
    acknowledged: dict[str, dict] = {}
    enough, base = threading.Event(), emulator.base_url

    def write(worker: int) -> None:
        session = requests.Session()
        session.verify, session.trust_env = str(emulator.home / "ca.pem"), False
        session.headers["Authorization"] = f"Bearer {token}"
        for number in range(10_000):
            name = f"id-{worker}-{number}"
            url = f"{base}{identity_path(group, name)}?api-version={IDENTITY}"
            try:
                answer = session.put(url, json={"location": "westeurope"}, timeout=5)
            except requests.RequestException:
                return
            assert answer.status_code == 201
            acknowledged[name] = answer.json()
            if len(acknowledged) >= 150:
                enough.set()

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(6)]
    for writer in writers:
        writer.start()
    assert enough.wait(60)
    emulator.kill()
    for writer in writers:
        writer.join(30)
    emulator.start()
    kept = identities(emulator, group)
    assert {name: kept.get(name) for name in acknowledged} == acknowledged
    unanswered = set(kept) - set(acknowledged)
    assert len(unanswered) <= len(writers), "at most one write per connection may be kept without an answer"


@pytest.mark.parametrize(
    ("word", "kept"), [("kill", False), ("kill-before-commit", False), ("kill-after", True)]
)
def test_a_write_and_its_activity_log_entry_are_kept_together_or_not_at_all(emulator, word, kept):
    group = make_group(emulator)
    emulator.control("PUT", "faults", [{"method": "PUT", "path": "userAssignedIdentities", "status": word}])
    with pytest.raises(requests.ConnectionError):
        put_identity(emulator, group, "id1")
    assert emulator.wait() == -9
    emulator.start()
    assert ("id1" in identities(emulator, group)) is kept
    assert len(events(emulator, identity_path(group, "id1"))) == (2 if kept else 0)
    assert put_identity(emulator, group, "id1").status_code == (200 if kept else 201)
    assert list(identities(emulator, group)) == ["id1"]


def test_a_restart_keeps_port_ids_principals_tokens_and_certificate(emulator):
    group, token = make_group(emulator), emulator.token("alice")
    identity = put_identity(emulator, group, "id1").json()
    before, ca = emulator.ready, (emulator.home / "ca.pem").read_bytes()
    assert emulator.stop() == 0
    assert not (emulator.home / "ready.json").exists()
    emulator.start()
    assert {key: value for key, value in emulator.ready.items() if key not in ("pid", "started_at")} == {
        key: value for key, value in before.items() if key not in ("pid", "started_at")
    }
    assert (emulator.home / "ca.pem").read_bytes() == ca
    headers = {"Authorization": f"Bearer {token}"}
    assert emulator.request("GET", group, principal=None, headers=headers).status_code == 200
    assert identities(emulator, group)["id1"] == identity
    assert emulator.token(identity["properties"]["principalId"])


def test_a_second_emulator_on_one_home_is_refused_and_named(emulator):
    with pytest.raises(EmulatorDidNotStart) as raised:
        EmulatorProcess(home=emulator.home).start()
    assert f"the home is in use: got process {emulator.ready['pid']}" in str(raised.value)
    assert "Traceback" not in str(raised.value)
    assert emulator.request("GET", "/health", principal=None).status_code == 200


def test_a_lock_of_a_killed_emulator_does_not_hold(emulator):
    emulator.kill()
    assert (emulator.home / "ready.json").exists()
    emulator.start()
    assert emulator.request("GET", "/health", principal=None).json()["pid"] == emulator.ready["pid"]


def test_a_taken_port_is_said_and_the_last_one_is_left_for_another_when_taken(emulator, tmp_path):
    emulator.stop()
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", emulator.ready["port"]))
        holder.listen()
        with pytest.raises(EmulatorDidNotStart, match="the port cannot be had"):
            EmulatorProcess(home=tmp_path / "other", port=emulator.ready["port"]).start()
        taken = emulator.ready["port"]
        emulator.start()
        assert emulator.ready["port"] != taken


def test_secrets_are_for_the_owner_only_and_it_listens_on_loopback_only(emulator):
    assert stat.S_IMODE(emulator.home.stat().st_mode) == 0o700
    for name in (
        "ca.key",
        "server.key",
        "signing.key",
        "sas.key",
        "principals.json",
        "control.key",
        "ready.json",
    ):
        assert stat.S_IMODE((emulator.home / name).stat().st_mode) == 0o600, name
    import psutil

    listening = [
        connection.laddr.ip
        for connection in psutil.Process(emulator.ready["pid"]).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_plain_http_is_not_served(emulator):
    with pytest.raises(requests.ConnectionError):
        requests.get(
            emulator.base_url.replace("https", "http") + "/health", timeout=120, proxies={"http": ""}
        )


def test_a_bad_command_line_is_a_usage_error(emulator):
    command = [part if part != emulator.tenant_id else "not-a-guid" for part in emulator.command()]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env=dict(os.environ), timeout=120
    )
    assert ended.returncode == 2
    assert "expected a GUID" in ended.stderr
