"""Protects that JSON which nothing later could store, walk or answer is refused where it is read."""

from __future__ import annotations

import pytest

from plumbline.emulator.json_text import DEEPEST, loads


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b"[" * 5000 + b"]" * 5000,
        b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'"\xff"',
        b"",
        b"{",
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda text: text[:12].decode("latin-1"),
)
def test_what_is_no_json_that_can_be_kept_is_refused(text):
    with pytest.raises(ValueError):
        loads(text)


def test_what_clients_send_is_taken():
    assert loads(b'{"a": ["\\ud83d\\ude00", 1.5, null, true, "[[[[{{{{"]}') == {
        "a": ["😀", 1.5, None, True, "[[[[{{{{"]
    }
    deep = b"[" * DEEPEST + b"]" * DEEPEST
    assert loads(deep)
    assert loads(b"[" + b",".join([b"{}"] * 1000) + b"]") == [{}] * 1000
