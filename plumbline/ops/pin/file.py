"""`pins.yaml`, written: rows in order, reasons that people gave kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from plumbline.assets.pins import FILE

HEADER = (
    "# Exact versions behind the labels and other people's assets that definitions here name.\n"
    "# Written by `plumbline pin`; commit it. `plumbline pin --check` says where newer exists.\n"
)


def write_pins(folder: Path, pins: Mapping[str, str]) -> str | None:
    """Write a folder's pins; says in a line what changed, None when nothing did.

    Args:
        pins: Reference as definitions write it -> exact reference. What is missing from it is removed.
    """
    place = next((folder / name for name in (FILE, "pins.yml") if (folder / name).is_file()), folder / FILE)
    before = _rows(place)
    rows = {text: _row(before.get(text), exact) for text, exact in sorted(pins.items())}
    if rows == before:
        return None
    if not rows:
        place.unlink()
        return f"{place.name}: removed: nothing here needs a pin."
    body = yaml.safe_dump({"pins": rows}, sort_keys=False, allow_unicode=True, width=1000)
    place.write_text(HEADER + body, encoding="utf-8")
    moved = [text for text in rows if rows[text] != before.get(text)]
    gone = [text for text in before if text not in rows]
    said = [f"{text} -> {pins[text]}" for text in moved] + [f"{text}: removed" for text in gone]
    return f"{place}: " + "; ".join(said)


def _rows(place: Path) -> dict[str, Any]:
    if not place.is_file():
        return {}
    try:
        data = yaml.safe_load(place.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        return {}
    rows = data.get("pins") if isinstance(data, dict) else None
    return dict(rows) if isinstance(rows, dict) else {}


def _row(before: Any, exact: str) -> Any:
    """A row in the form that it had."""
    return {**before, "reference": exact} if isinstance(before, dict) else exact
