"""How fast the emulator answers reads, beside moto, which emulates another cloud, in the same run."""

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import requests

from benchmarks.bench import Bench
from benchmarks.pair import Pair, Pairs
from tests.contract.machine_learning_platform import (
    ML_VERSION,
    MachineLearningPlatform,
    machine_learning_platform,
)

READS, AT_ONCE = 1000, 32
_PEER = "moto[server,s3]==5.2.5"
_INSTALL_SECONDS, _START_SECONDS = 300, 60


def read_pairs(bench: Bench) -> Pairs:
    """The same client, the same width; the emulator over TLS and with a token to check, moto with neither."""
    try:
        _moto("--help", seconds=_INSTALL_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stderr", None) or error
        bench.left_out.append(
            f"reads beside moto's server, which could not be had: {str(said).strip()[-200:]}"
        )
        return
    with machine_learning_platform() as platform, _moto_server(bench.folder) as moto:
        yield Pair(
            name=f"emulator: {READS} reads of a component, {AT_ONCE} at a time, over TLS with a token",
            subject=_component_reads(platform),
            baseline=_object_reads(moto),
            baseline_name=f"{_PEER.split('==', maxsplit=1)[0]}: as many reads of an object of that size, plain HTTP, nothing to check",
            ratio_at_most=1.0,
        )


def _component_reads(platform: MachineLearningPlatform) -> Callable[[], None]:
    spec = {
        "name": "wide", "version": "1", "type": "command", "command": "true", "environment": "azureml:none:1",
        "description": "x" * 3000, "inputs": {}, "outputs": {},
    }  # fmt: skip
    made = platform.call("PUT", "environments/none/versions/1", json={"properties": {"image": "python:3.11"}})
    made.raise_for_status()
    path = "components/wide/versions/1"
    platform.call("PUT", path, json={"properties": {"componentSpec": spec}}).raise_for_status()
    url = f"{platform.emulator.base_url}{platform.workspace_id}/{path}?api-version={ML_VERSION}"
    headers = {"Authorization": f"Bearer {platform.emulator.token()}"}
    context = ssl.create_default_context(cafile=str(platform.emulator.home / "ca.pem"))
    return lambda: asyncio.run(_read(url, headers, context))


def _object_reads(address: str) -> Callable[[], None]:
    # Moto asks for a signature's form and does not check it.
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/s3/aws4_request"}
    requests.put(f"{address}/bench", headers=signed, timeout=30).raise_for_status()
    requests.put(f"{address}/bench/object", data=b"x" * 4000, headers=signed, timeout=30).raise_for_status()
    return lambda: asyncio.run(_read(f"{address}/bench/object", signed, None))


async def _read(url: str, headers: Mapping[str, str], context: ssl.SSLContext | None) -> None:
    left = iter(range(READS))

    async def reader(session: aiohttp.ClientSession) -> None:
        for _ in left:
            async with session.get(url, headers=headers, ssl=context or True) as answer:
                answer.raise_for_status()
                await answer.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        await asyncio.gather(*(reader(session) for _ in range(AT_ONCE)))


@contextmanager
def _moto_server(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with (folder / "moto.log").open("w") as log:
        process = subprocess.Popen(
            _moto_command("--host", "127.0.0.1", "--port", str(port)),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait(address)
            yield address
        finally:
            os.killpg(process.pid, 15)
            process.wait(10)


def _wait(address: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            requests.get(address, timeout=5)
            return
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _moto(*words: str, seconds: float) -> None:
    subprocess.run(_moto_command(*words), check=True, capture_output=True, text=True, timeout=seconds)


def _moto_command(*words: str) -> list[str]:
    """In a cached environment of uv's own: nothing of the project depends on it."""
    uv = str(Path(sys.executable).parent / "uv")
    return [uv, "tool", "run", "--python", sys.executable, "--from", _PEER, "moto_server", *words]
