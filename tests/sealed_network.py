"""A network namespace with no way out, and a watcher in it that names every attempt to leave.

Every address is made local to the namespace, so an attempt fails at once; a packet socket that the kernel
filters sees each packet whose destination is not loopback, and each question to a name server wherever it is.
Run as a program it is that watcher: a line on stdin asks for what has been seen, end of file ends it.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from tests.project_copy import COMMAND_SECONDS, ProjectCopy

TOOLS = ("unshare", "nsenter", "ip")
LOOPBACK = "lo"
# Source: linux/filter.h, linux/if_packet.h, asm-generic/socket.h.
SO_ATTACH_FILTER, SOL_PACKET, PACKET_STATISTICS, ETH_P_ALL, OUTGOING = 26, 263, 6, 3, 4
LD_PROTOCOL, LD_HALF, LD_BYTE, JUMP_EQUAL, RETURN = 0x28, 0x28, 0x30, 0x15, 0x06
# Keep IPv6, IPv4 that is not for 127/8, and UDP to port 53 of anything (no IP options on loopback).
FILTER = (
    (LD_PROTOCOL, 0, 0, 0xFFFFF000),
    (JUMP_EQUAL, 7, 0, 0x86DD),
    (JUMP_EQUAL, 0, 7, 0x0800),
    (LD_BYTE, 0, 0, 16),
    (JUMP_EQUAL, 0, 4, 127),
    (LD_BYTE, 0, 0, 9),
    (JUMP_EQUAL, 0, 3, socket.IPPROTO_UDP),
    (LD_HALF, 0, 0, 22),
    (JUMP_EQUAL, 0, 1, 53),
    (RETURN, 0, 0, 0xFFFF),
    (RETURN, 0, 0, 0),
)


class NoNamespace(Exception):
    """This machine allows no network namespace; the message says why."""


class SealedNetwork:
    """Start it, run commands in it, ask what they tried."""

    def __init__(self) -> None:
        missing = [tool for tool in TOOLS if shutil.which(tool) is None]
        if missing:
            raise NoNamespace(f"no {', no '.join(missing)} on this machine")
        self._watcher = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-m", "tests.sealed_network"],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._watcher.stdout is not None
        assert self._watcher.stderr is not None
        if self._watcher.stdout.readline() != "ready\n":
            self._watcher.wait(10)
            raise NoNamespace(self._watcher.stderr.read().strip().splitlines()[-1])

    def command(self, words: list[str]) -> list[str]:
        """The same command, run inside."""
        return [
            "nsenter",
            "--user",
            "--net",
            "--preserve-credentials",
            "--target",
            str(self._watcher.pid),
            "--",
            *words,
        ]

    def attempts(self) -> list[str]:
        """Whatever tried to leave since the last question: `udp 192.0.2.1:53 management.azure.com`."""
        assert self._watcher.stdin is not None
        assert self._watcher.stdout is not None
        self._watcher.stdin.write("\n")
        self._watcher.stdin.flush()
        return list(json.loads(self._watcher.stdout.readline()))

    def close(self) -> None:
        """End the watcher; the namespace ends with the last process in it."""
        self._watcher.communicate(timeout=120)


@dataclass(frozen=True, kw_only=True)
class SealedProject(ProjectCopy):
    """A project whose every command runs in a sealed network."""

    network: SealedNetwork

    def run(
        self, command: list[str], *, check: bool, environ: dict[str, str], seconds: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        # nsenter is looked up on the caller's PATH, the command on its own.
        program = shutil.which(command[0], path=environ.get("PATH")) or command[0]
        sealed = self.network.command([program, *command[1:]])
        sealed[0] = shutil.which("nsenter") or "nsenter"
        return super().run(sealed, check=check, environ=environ, seconds=seconds)


def watch() -> None:
    """Seal the namespace that this process is in, then see and tell."""
    subprocess.run(["ip", "link", "set", LOOPBACK, "up"], check=True)
    subprocess.run(["ip", "route", "add", "local", "0.0.0.0/0", "dev", LOOPBACK], check=True)
    if Path("/proc/net/if_inet6").exists():
        subprocess.run(["ip", "-6", "route", "add", "local", "::/0", "dev", LOOPBACK], check=True)
    packets = _packets()
    seen: list[str] = []
    print("ready", flush=True)
    while True:
        asked = select.select([packets, sys.stdin], [], [])[0]
        while True:
            try:
                packet, place = packets.recvfrom(2048, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            if place[2] == OUTGOING and (told := _tell(packet)) and told not in seen:
                seen.append(told)
        if sys.stdin in asked:
            if not os.read(sys.stdin.fileno(), 1):
                return
            lost = struct.unpack("II", packets.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
            print(json.dumps(seen + [f"{lost} packets that nobody saw"] * bool(lost)), flush=True)
            seen.clear()


def _packets() -> socket.socket:
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in FILTER))
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    packets.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(FILTER), ctypes.addressof(program))
    )
    packets.bind((LOOPBACK, ETH_P_ALL))
    return packets


def _tell(packet: bytes) -> str | None:
    if packet[0] >> 4 == 4:
        protocol, host, rest = packet[9], ip_address(packet[16:20]), packet[(packet[0] & 15) * 4 :]
    else:
        protocol, host, rest = packet[6], ip_address(packet[24:40]), packet[40:]
    if protocol in {socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6}:
        return None  # the kernel's own answers and neighbour talk
    port = struct.unpack_from(">H", rest, 2)[0]
    is_question = protocol == socket.IPPROTO_UDP and port == 53
    if host.is_loopback and not is_question:
        return None
    if protocol == socket.IPPROTO_TCP:
        is_call = rest[13] & 0x12 == 0x02  # SYN without ACK: the one who calls, not the one who answers
        return f"tcp {host}:{port}" if is_call else None
    return f"udp {host}:{port} {_question(rest[20:]) if is_question else ''}".strip()


def _question(rest: bytes) -> str:
    labels = []
    while rest and rest[0]:
        labels.append(rest[1 : 1 + rest[0]].decode("ascii", "replace"))
        rest = rest[1 + rest[0] :]
    return ".".join(labels)


if __name__ == "__main__":
    watch()
