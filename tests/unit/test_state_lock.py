"""Protects the state's locks: only a dead local process's lock is cleared, any other one names its holder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from plumbline.ops.errors import UserError
from plumbline.ops.state_lock import (
    clear_dead_locks,
    clear_half_written_attributes,
    read_checkpoint,
    restore_half_written_state,
)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """In a home of its own: an engine that works for a neighbour's holds nothing here."""
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def _lock(state: Path, **holder: object) -> Path:
    folder = state / ".pulumi" / "locks" / "organization" / "azure-ml-platform" / "local"
    folder.mkdir(parents=True)
    lock = folder / "1b2c.json"
    told = {
        "pid": 1,
        "username": "ana",
        "hostname": socket.gethostname(),
        "timestamp": "2026-11-23T10:00:00Z",
    }
    lock.write_text(json.dumps(told | holder))
    return lock


def test_lock_of_a_dead_process_is_cleared_and_said(state: Path) -> None:
    said: list[str] = []
    lock = _lock(state, pid=2**22 + 1)
    clear_dead_locks(state, "local", said.append)
    assert not lock.exists()
    assert "ana@" in said[0]


def test_pid_that_another_program_has_got_since_is_no_holder(state: Path) -> None:
    lock = _lock(state, pid=os.getpid())
    clear_dead_locks(state, "local", lambda _line: None)
    assert not lock.exists()


def test_lock_of_another_machine_stays_and_names_its_holder(state: Path) -> None:
    lock = _lock(state, hostname="build-agent-7")
    with pytest.raises(UserError, match=r"ana@build-agent-7 \(pid 1\).*pulumi cancel -s local"):
        clear_dead_locks(state, "local", lambda _line: None)
    assert lock.exists()


def test_lock_of_another_stack_is_left_alone(state: Path) -> None:
    lock = _lock(state, hostname="build-agent-7")
    clear_dead_locks(state, "dev", lambda _line: None)
    assert lock.exists()


def test_a_half_written_lock_is_cleared_and_said_when_no_engine_runs(state: Path) -> None:
    said: list[str] = []
    whole = _lock(state)
    whole.unlink()
    for content in ("", '{"pid": 12, "user'):
        for lock in (whole, whole.with_name(f"{whole.name}.18ebfd0aacfd85ad.tmp")):
            lock.write_text(content)
            clear_dead_locks(state, "local", said.append)
            assert not lock.exists()
    assert (
        said
        == ["Stack local had a lock that was never written to its end (a full disk, a kill); it was cleared."]
        * 4
    )


def test_a_half_written_lock_stays_while_an_engine_of_this_home_runs(tmp_path: Path) -> None:
    state = tmp_path / "state"
    lock = _lock(state)
    lock.write_text("{")
    program = tmp_path / "pulumi"
    program.symlink_to("/bin/sleep")
    engine = subprocess.Popen(
        ["pulumi", "60"], executable=program, env={"PULUMI_HOME": str(tmp_path / "pulumi-home")}
    )
    try:
        with pytest.raises(UserError, match=rf"half written while pulumi runs \(pid {engine.pid}\)"):
            clear_dead_locks(state, "local", lambda _line: None)
        assert lock.exists()
    finally:
        engine.kill()
        engine.wait()


def test_a_half_written_state_names_the_one_before_it(state: Path) -> None:
    file = state / "local.json"
    file.write_text('{"checkpoint": {"latest"')
    file.with_name("local.json.bak").write_text("{}")
    with pytest.raises(UserError, match=r"no whole JSON .*cp .*local\.json\.bak .*local\.json"):
        read_checkpoint(file)


def test_a_half_written_note_beside_the_state_is_cleared_and_said_and_a_whole_one_stays(
    state: Path,
) -> None:
    folder = state / ".pulumi" / "stacks" / "azure-ml-platform"
    folder.mkdir(parents=True)
    whole, half = folder / "dev.json.attrs", folder / "local.json.attrs"
    whole.write_text('{"user.content_type": "text/plain"}')
    half.touch()
    said: list[str] = []
    clear_half_written_attributes(state, said.append)
    assert whole.exists()
    assert not half.exists()
    assert said == ["local.json.attrs was never written to its end (a full disk, a kill); it was cleared."]


@pytest.mark.parametrize("bak", ['{"checkpoint": 2}', ""])
def test_a_state_that_a_full_disk_left_empty_is_put_back_and_said(state: Path, bak: str) -> None:
    folder = state / ".pulumi" / "stacks" / "azure-ml-platform"
    backups = state / ".pulumi" / "backups" / "azure-ml-platform" / "local"
    folder.mkdir(parents=True)
    backups.mkdir(parents=True)
    file, other = folder / "local.json", folder / "dev.json"
    file.touch()
    other.write_text('{"checkpoint": 7}')
    (folder / "local.json.bak").write_text(bak)
    (backups / "local.100.json").write_text('{"checkpoint": 0}')
    (backups / "local.200.json").write_text('{"checkpoint": 1}')
    (backups / "local.300.json").touch()
    said: list[str] = []
    restore_half_written_state(state, said.append)
    assert json.loads(file.read_text())["checkpoint"] == (2 if bak else 1)
    assert json.loads(other.read_text())["checkpoint"] == 7
    assert [line.rpartition(": ")[2] for line in said] == ["local.json.bak." if bak else "local.200.json."]
