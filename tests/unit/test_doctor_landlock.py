"""Protects: `plumbline doctor` says what this kernel's Landlock leaves open, version by version."""

from __future__ import annotations

import pytest

from plumbline.ops import prerequisites


@pytest.mark.parametrize(
    ("version", "status", "told", "not_told"),
    [
        (0, "limited", ("not enforced",), ()),
        (1, "limited", ("version 1", "cannot move a file", "empty any file", "copied", "signal"), ()),
        (2, "limited", ("version 2", "empty any file", "Linux 6.2", "signal"), ("cannot move",)),
        (3, "ok", ("version 3", "signal your other processes", "Linux 6.12"), ("empty",)),
        (6, "ok", ("version 6: a step is kept to its own folders",), ("signal", "Linux")),
    ],
)
def test_landlock_is_told_with_what_its_version_leaves_open(
    monkeypatch: pytest.MonkeyPatch,
    version: int,
    status: str,
    told: tuple[str, ...],
    not_told: tuple[str, ...],
) -> None:
    monkeypatch.setattr(prerequisites, "_landlock_version", lambda: version)
    found = prerequisites._landlock()
    assert found.status == status
    assert [text for text in told if text not in found.found] == []
    assert [text for text in not_told if text in found.found] == []
    assert (found.next_step != "") == (status == "limited")
