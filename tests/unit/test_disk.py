"""Protects that work on a full disk is refused before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.ops.disk import require_space
from plumbline.ops.errors import UserError


def test_too_little_space_is_refused_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"disk: got \d+ MiB free at .*, expected at least 1000000000000\. Nothing was begun"
    ):
        require_space(tmp_path, needed_mib=10**12)


def test_enough_space_is_no_news(tmp_path: Path) -> None:
    require_space(tmp_path, needed_mib=0)
