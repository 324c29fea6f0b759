"""Protects: a step's log is bounded, never loses its end, and never shows the step's token, wherever chunks are cut."""

from __future__ import annotations

import io
import random

from plumbline.emulator.executor.supervisor.output import BoundedLog

SECRET = b"eyJhbGciOi.very.secret"


def _written(chunks: list[bytes], head: int = 1 << 20) -> bytes:
    file = io.BytesIO()
    log = BoundedLog(file, head_bytes=head, tail_bytes=32 * 1024, secret=SECRET)
    for chunk in chunks:
        log.write(chunk)
    log.finish()
    return file.getvalue()


def test_the_token_is_redacted_however_the_output_is_cut() -> None:
    whole = b"before " + SECRET + b" eyJhbG " + SECRET + SECRET + b" after e"
    expected = whole.replace(SECRET, b"<redacted>")
    choice = random.Random(1)
    for _ in range(200):
        cuts = sorted(choice.randrange(len(whole)) for _ in range(4))
        chunks = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        assert _written(chunks) == expected


def test_plain_output_is_written_at_once() -> None:
    file = io.BytesIO()
    BoundedLog(file, head_bytes=100, tail_bytes=10, secret=SECRET).write(b"progress 10%")
    assert file.getvalue() == b"progress 10%"


def test_beyond_the_bound_only_the_end_is_kept() -> None:
    chunks = [b"first line\n", *[b"x" * 4096] * 100, b"\nlast line\n"]
    written = _written(chunks, head=1000)
    assert written.startswith(b"first line\n")
    assert b"from here only its end is kept" in written
    assert written.rstrip().endswith(b"last line")
    assert len(written) < 50_000


def test_a_traceback_across_chunks_is_noticed() -> None:
    log = BoundedLog(io.BytesIO(), head_bytes=1000, tail_bytes=10, secret=b"")
    log.write(b"Traceback (most rec")
    log.write(b"ent call last):\n")
    assert log.has_traceback
