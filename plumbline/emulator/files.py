"""Files that only the owner may read, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_private(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Writes a file atomically: a reader sees the old one or the new one, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    draft.replace(path)


def write_private_json(path: Path, value: Any) -> None:
    """``write_private`` of indented JSON."""
    write_private(path, json.dumps(value, indent=2).encode() + b"\n")


def read_private_json(path: Path) -> Any:
    """The JSON in a file."""
    return json.loads(path.read_text(encoding="utf-8"))
