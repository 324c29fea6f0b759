"""Protects the official download: what is published is verified, and a machine without a way out learns it in 10 s."""

import hashlib
import io
import socket
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from plumbline.engine import WayClosed, ensure_engine, silent
from plumbline.engine.download import REACH_SECONDS, download_engine
from plumbline.engine.release import pinned_release

RELEASE = pinned_release()
ARCHIVE = RELEASE.archive_path()
CHECKSUMS = RELEASE.checksums_path()


def archive_of(names: tuple[str, ...] = RELEASE.required) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in (*names, "pulumi-language-go"):
            content = f"#!/bin/sh\necho v{RELEASE.version}\n".encode()
            entry = tarfile.TarInfo(f"pulumi/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def checksums_of(archive: bytes) -> bytes:
    return f"{hashlib.sha256(archive).hexdigest()}  {ARCHIVE.rsplit('/', 1)[-1]}\n".encode()


@contextmanager
def origin_with(files: dict[str, bytes], *, cut_at: int | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path.lstrip("/"))
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            cut = cut_at if self.path.endswith(".gz") else None
            self.wfile.write((content or b"")[:cut])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    (tmp_path / "staging" / "bin").mkdir(parents=True)
    return tmp_path / "staging"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_published_archive_becomes_the_engine(environ: dict[str, str]) -> None:
    archive = archive_of()
    with origin_with({ARCHIVE: archive, CHECKSUMS: checksums_of(archive)}) as origin:
        engine = ensure_engine(environ=environ, origin=origin)
    assert engine.way == "download"
    assert sorted(path.name for path in engine.path.iterdir()) == sorted(RELEASE.required)
    assert "no pulumi on PATH" in engine.reason


@pytest.mark.parametrize(
    ("files", "cut_at", "reason"),
    [
        ({ARCHIVE: archive_of(), CHECKSUMS: checksums_of(b"another")}, None, "got sha256"),
        ({ARCHIVE: archive_of(), CHECKSUMS: checksums_of(archive_of())}, 40, "cut off"),
        ({ARCHIVE: b"no tar", CHECKSUMS: checksums_of(b"no tar")}, None, "cannot be unpacked"),
        ({ARCHIVE: archive_of(("pulumi",)), CHECKSUMS: checksums_of(archive_of(("pulumi",)))}, None, "lacks"),
        ({CHECKSUMS: checksums_of(b"")}, None, "404"),
        ({CHECKSUMS: b"nothing for us\n"}, None, "publishes no checksum"),
        ({}, None, "404"),
    ],
)
def test_anything_else_than_what_is_published_is_refused(
    staging: Path, files: dict[str, bytes], cut_at: int | None, reason: str
) -> None:
    with origin_with(files, cut_at=cut_at) as origin, pytest.raises(WayClosed, match=reason):
        download_engine(RELEASE, staging, silent, origin=origin)


def test_refusing_origin_closes_the_way_at_once(staging: Path) -> None:
    with pytest.raises(WayClosed, match="cannot be reached"):
        download_engine(RELEASE, staging, silent, origin="http://127.0.0.1:9")


@pytest.mark.parametrize("seconds", [0.5, pytest.param(REACH_SECONDS, marks=pytest.mark.soak)])
def test_origin_that_never_answers_closes_the_way_within_ten_seconds(staging: Path, seconds: float) -> None:
    assert REACH_SECONDS < 10
    with socket.create_server(("127.0.0.1", 0)) as mute:
        origin = f"http://127.0.0.1:{mute.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(WayClosed, match="did not answer within"):
            download_engine(RELEASE, staging, silent, origin=origin, reach_seconds=seconds)
    assert time.monotonic() - began >= seconds
