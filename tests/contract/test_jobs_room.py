"""Protects a step's room: what it cannot see, reach or become, and that a machine which refuses a part is named."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from plumbline.emulator.executor.process import Nursery
from plumbline.emulator.executor.supervisor.plan import ProcessPlan
from plumbline.emulator.executor.supervisor.room import PARTS, probe
from tests.contract.job_platform import JobPlatform, job_platform, produced

GIVEN = probe(tempfile.gettempdir()).given
needs = {
    part: pytest.mark.skipif(part not in GIVEN, reason=f"this machine gives no {part}") for part in PARTS
}


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


def log(jobs: JobPlatform, command: str, **rest: object) -> str:
    """What a command job printed; it completed."""
    name, properties = jobs.run(jobs.command(command, **rest))
    assert properties["status"] == "Completed", (jobs.error(name), jobs.log(name))
    return jobs.log(name)


@contextmanager
def listening(family: socket.AddressFamily, address: object) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen()
        yield listener


def connect(family: str, address: object) -> str:
    """A command that says whether an address can be reached."""
    return (
        "python - <<'END'\nimport socket\n"
        f"link = socket.socket(socket.{family}, socket.SOCK_STREAM)\nlink.settimeout(3)\n"
        f"try:\n    link.connect({address!r})\n    print('reached')\nexcept OSError as error:\n    print('kept out:', error)\nEND"
    )


@needs["processes"]
@needs["proc"]
def test_a_step_finds_no_other_process_and_no_header_of_a_deployer(jobs):
    other = subprocess.Popen(["sleep", "600"], env={"IDENTITY_HEADER": "a-deployers-secret"})
    try:
        found = log(
            jobs,
            f"ls /proc | grep -c '^[0-9]'; ls -d /proc/{other.pid} 2>&1; cat /proc/[0-9]*/environ 2>/dev/null | "
            f"tr '\\0' '\\n' | grep -c IDENTITY_HEADER; kill -9 {other.pid} 2>&1; true",
        )
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
    lines = found.splitlines()
    assert int(lines[0]) < 10
    assert "No such file" in lines[1] or "cannot access" in lines[1]
    assert lines[2] == "0"


def own_plan(folder: Path, command: str, *, readable: list[str]) -> ProcessPlan:
    """A process with a folder of its own and without Landlock: what keeps it out is its user."""
    for name in ("work", "inputs"):
        (folder / name).mkdir(parents=True, mode=0o700)
    return ProcessPlan(
        name=f"own-{os.getpid()}-{folder.name}", command=command, working_folder=str(folder / "work"), sandbox=False,
        environment={"PATH": "/usr/bin:/bin"}, log_path=str(folder.parent / f"{folder.name}.log"), own=str(folder),
        writable=[str(folder / "work")], readable=[str(folder / "inputs"), *readable],
    )  # fmt: skip


@needs["user"]
def test_two_steps_at_once_are_two_users_and_neither_reads_the_others_files_or_the_emulators():
    with tempfile.TemporaryDirectory() as shared:
        home = Path(shared).resolve()
        home.chmod(0o755)  # anybody may enter: its files are kept by their own rights
        (home / "key").touch(mode=0o600)
        shut = home / "shut"  # nobody else may enter: the way through it is made again, links included
        (shut / "caches" / "one").mkdir(parents=True)
        shut.chmod(0o700)
        cache = shut / "cache"
        cache.symlink_to("caches/one")
        (shut / "beside").write_text("not on the way")
        (cache / "tool").write_text("a tool that only the emulator may read\n")
        secret = home / "one" / "work" / "secret"
        nursery = Nursery()
        try:
            plans = [
                own_plan(
                    home / name,
                    f"id -u; whoami; cat {cache}/tool; ls -A {shut};  echo x > {cache}/new; cat {home}/key; cat {secret}; "
                    "kill -9 1; echo said > /dev/stdout; umask 077; echo mine > mine; chmod 000 mine",
                    readable=[str(cache)],
                )
                for name in ("one", "two")
            ]
            secret.touch(mode=0o600)
            running = [nursery.start(plan) for plan in plans]
            assert [process.wait().exit_code for process in running] == [0, 0]
        finally:
            nursery.stop()
        said = [Path(plan.log_path).read_text() for plan in plans]
        numbers = {text.split()[0] for text in said}
        assert len(numbers) == 2, "two users at once"
        assert not numbers & {"0", str(os.getuid())}
        for text in said:
            assert "plumbline-step\na tool that only the emulator may read\ncache\ncaches\n" in text
            assert f"{cache}/new: Read-only file system" in text
            assert f"cat: {home}/key: Permission denied" in text
            assert "kill: (1) - Operation not permitted" in text
            assert text.endswith("said\n")
        assert str(secret) not in said[0], "its own file"
        assert f"cat: {secret}: Permission denied" in said[1]
        for name in ("one", "two"):
            assert (home / name / "work" / "mine").stat().st_uid == os.getuid()
            assert list((home / name).glob(".*")) == []


@needs["user"]
def test_what_a_step_of_its_own_user_writes_is_kept_read_and_not_changed(jobs):
    make = jobs.step("umask 077; echo kept > ${{outputs.o}}/x; chmod 000 ${{outputs.o}}/x; pip --version", outputs={"o": {"type": "uri_folder"}})  # fmt: skip
    read = jobs.step(
        "cat ${{inputs.i}}/x; (echo more > ${{inputs.i}}/x) 2>&1; (chmod 777 ${{inputs.i}}/x) 2>&1; id -un; stat -c %U .",
        inputs={"i": {"type": "uri_folder"}}, bind={"i": produced("make", "o")},
    )  # fmt: skip
    name, properties = jobs.run(jobs.pipeline({"make": make, "read": read}))
    assert properties["status"] == "Completed", jobs.error(name)
    lines = jobs.log(jobs.steps(name)["read"]["runId"]).splitlines()
    assert lines[0] == "kept"
    assert lines[1].endswith(("Permission denied", "Read-only file system"))
    assert lines[2].endswith("Read-only file system")
    assert lines[3:] == ["plumbline-step", "plumbline-step"]


@needs["processes"]
def test_the_guard_of_a_room_can_neither_be_killed_nor_read(jobs):
    found = log(
        jobs, "kill -9 1; cat /proc/1/environ 2>&1; cat /proc/1/maps 2>&1; sleep 0.2; echo still here"
    )
    assert "still here" in found
    assert found.count("Permission denied") == 2


@needs["capabilities"]
def test_a_step_has_no_capabilities_and_gets_none(jobs):
    found = log(
        jobs,
        "grep -E '^Cap(Prm|Eff|Bnd|Amb)' /proc/self/status; grep NoNewPrivs /proc/self/status; "
        "mount -t tmpfs none /mnt 2>&1 | head -1; chroot / true 2>&1 | head -1; "
        "python -c 'import os; os.setuid(12345)' 2>&1 | tail -1",
    )
    assert found.count("0000000000000000") == 4
    assert found.split("NoNewPrivs:")[1].split()[0] == "1"
    assert "Operation not permitted" in found.split("NoNewPrivs:")[1]
    assert "PermissionError" in found


@needs["network"]
def test_a_step_reaches_the_emulator(jobs):
    assert "'status': 'ok'" in log(
        jobs,
        "python - <<'END'\nimport json, os, ssl, urllib.request\n"
        "context = ssl.create_default_context(cafile=os.environ['MLFLOW_TRACKING_SERVER_CERT_PATH'])\n"
        "root = os.environ['MLFLOW_TRACKING_URI'].split('/mlflow/')[0]\n"
        "print(json.load(urllib.request.urlopen(root + '/health', context=context)))\nEND",
    )


@needs["network"]
@pytest.mark.parametrize(
    "address", [("169.254.169.254", 80), ("1.1.1.1", 443), ("10.0.0.1", 22)], ids=["metadata", "internet", "neighbour"]
)  # fmt: skip
def test_a_step_reaches_nothing_beyond_the_machine(jobs, address):
    assert log(jobs, connect("AF_INET", address)).startswith("kept out: [Errno 101] Network is unreachable")


@needs["sockets"]
@pytest.mark.parametrize("place", ["temporary", "/run"])
def test_a_step_reaches_no_named_socket_of_the_machine(jobs, tmp_path, place):
    if place == "/run" and not os.access(place, os.W_OK):
        pytest.skip("/run is root's")
    address = f"{place}/plumbline-{os.getpid()}" if place == "/run" else str(tmp_path / "agent")
    try:
        with listening(socket.AF_UNIX, address):
            os.chmod(address, 0o777)
            assert log(jobs, connect("AF_UNIX", address)).startswith("kept out:")
    finally:
        os.unlink(address)


@needs["sockets"]
def test_a_step_may_have_named_sockets_of_its_own(jobs):
    script = (
        "python - <<'END'\nimport socket\nfrom multiprocessing import Pipe\n"
        "from multiprocessing.connection import Client, Listener\n"
        "with Listener(family='AF_UNIX') as listener:\n    print(Client(listener.address) and 'reached')\nEND"
    )
    assert log(jobs, script).startswith("reached")


@needs["network"]
def test_a_step_reaches_no_other_port_of_the_machine(jobs):
    with listening(socket.AF_INET, ("127.0.0.1", 0)) as listener:
        found = log(jobs, connect("AF_INET", listener.getsockname()))
    assert found.startswith("kept out:")


@needs["network"]
def test_a_step_reaches_no_abstract_socket_of_the_machine(jobs):
    name = f"\0plumbline-test-{os.getpid()}"
    with listening(socket.AF_UNIX, name):
        assert log(jobs, connect("AF_UNIX", name)).startswith("kept out:")


@needs["network"]
def test_ranks_of_one_step_reach_one_another_and_the_emulator(jobs):
    talk = (
        "python - <<'END'\nimport os, socket, time, urllib.request, ssl\n"
        "address = (os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT']))\n"
        "if os.environ['RANK'] == '0':\n"
        "    with socket.create_server(address) as server:\n"
        "        print(server.accept()[0].recv(100).decode())\n"
        "else:\n"
        "    for _ in range(4000):\n"
        "        try:\n"
        "            link = socket.create_connection(address)\n"
        "            break\n"
        "        except OSError:\n"
        "            time.sleep(0.05)\n"
        "    link.sendall(b'hello from rank 1')\n"
        "root = os.environ['MLFLOW_TRACKING_URI'].split('/mlflow/')[0]\n"
        "context = ssl.create_default_context(cafile=os.environ['MLFLOW_TRACKING_SERVER_CERT_PATH'])\n"
        "print(urllib.request.urlopen(root + '/health', context=context).status)\nEND"
    )
    spread = {"type": "pytorch", "process_count_per_instance": 2}
    name, properties = jobs.run(jobs.pipeline({"one": jobs.step(talk, distribution=spread)}))
    assert properties["status"] == "Completed", jobs.error(name)
    run = jobs.steps(name)["one"]["runId"]
    assert jobs.file(run, "user_logs/std_log_process_00.txt").split("\n")[:2] == ["hello from rank 1", "200"]
    assert jobs.file(run, "user_logs/std_log_process_01.txt").strip() == "200"


@needs["network"]
def test_a_step_that_fails_for_want_of_the_internet_is_told_the_setting(jobs):
    name, properties = jobs.run(
        jobs.command("python -c 'import urllib.request; urllib.request.urlopen(\"https://pypi.org\")'")
    )
    assert properties["status"] == "Failed"
    assert "PLUMBLINE_STEP_NETWORK=machine" in jobs.log(name)


def test_the_setting_opens_the_machines_network():
    with (
        patch.dict(os.environ, {"PLUMBLINE_STEP_NETWORK": "machine"}),
        job_platform() as jobs,
        listening(socket.AF_INET, ("127.0.0.1", 0)) as listener,
    ):
        assert log(jobs, connect("AF_INET", listener.getsockname())) == "reached\n"


def test_a_setting_that_means_nothing_is_refused():
    answer = subprocess.run(
        [
            sys.executable, "-m", "plumbline.emulator", "serve", "--home", "/nonexistent/home", "--stack", "local", "--cloud",
            "PlumblineLocal", "--tenant-id", "11111111-1111-4111-8111-111111111111", "--subscription-id",
            "22222222-2222-4222-8222-222222222222",
        ],
        env={**os.environ, "PLUMBLINE_STEP_NETWORK": "none"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode != 0


@needs["processes"]
def test_what_a_step_leaves_behind_ends_with_its_room(jobs, tmp_path):
    mark = tmp_path / "alive"
    name, properties = jobs.run(
        jobs.command(
            "nohup setsid bash -c 'trap \"\" TERM HUP; while true; do sleep 1; done' >/dev/null 2>&1 & echo left"
        )
    )
    assert properties["status"] == "Completed"
    assert "were still running when the command ended" in jobs.log(name)
    assert not mark.exists()


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root can give up a right to see what is refused",
)
def test_what_a_machine_refuses_is_said_in_the_log_and_the_step_runs(tmp_path):
    """A process without CAP_SYS_ADMIN stands for a machine that allows no namespaces."""
    plan = ProcessPlan(
        name=f"refused-{os.getpid()}", command="echo ran; grep CapEff /proc/self/status", working_folder=str(tmp_path),
        environment={"PATH": "/usr/bin:/bin"}, log_path=str(tmp_path / "log"), sandbox=False, network="emulator", port=4,
        own=str(tmp_path),
    )  # fmt: skip
    script = (
        "import sys; from plumbline.emulator.executor.process import Nursery; "
        "from plumbline.emulator.executor.supervisor.plan import ProcessPlan; "
        "end = Nursery().start(ProcessPlan.loads(sys.argv[1].encode())).wait(); sys.exit(end.exit_code)"
    )
    subprocess.run(
        ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", sys.executable, "-c", script,
         plan.dumps().decode()],
        check=True,
    )  # fmt: skip
    said = (tmp_path / "log").read_text()
    for part in ("user", "processes", "proc", "shared memory", "sockets", "network"):
        assert f"this machine gives a step no {part} of its own" in said
    assert "ran\nCapEff:\t0000000000000000" in said
