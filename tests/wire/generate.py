"""Writes published/*.yaml, the operations that Azure's own packages know: `python -m tests.wire.generate [TABLE ...]`.

`azure_mgmt` is read in an environment that has its packages (sources.yaml) and this project's:
    uv run --with azure-mgmt-storage==25.3.0 --with ... python -m tests.wire.generate azure_mgmt
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.wire.client_code import fields_of, operations_of
from tests.wire.versions import arm_type, azure_ai_ml_pins, native_version

HERE = Path(__file__).parent
PUBLISHED = HERE / "published"
DEPTH = 4  # the request log keeps that many levels of a body's keys
_HEADER = "# Written by `python -m tests.wire.generate {table}`; a test compares it where its packages are installed.\n"


def sources() -> dict[str, Any]:
    """sources.yaml."""
    document: dict[str, Any] = yaml.safe_load((HERE / "sources.yaml").read_text(encoding="utf-8"))
    return document


def tables() -> list[str]:
    """Names of the generated tables."""
    return list(dict.fromkeys(row["file"] for row in sources()["sources"]))


def missing_packages(table: str) -> list[str]:
    """Packages of a table that are not installed in the version that was read."""
    missing = []
    for row in sources()["sources"]:
        name, version = row["package"].split("==")
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = None
        if row["file"] == table and installed != version:
            missing.append(row["package"])
    return missing


def table_text(table: str) -> str:
    """The YAML of one table as its packages have it now."""
    document = sources()
    native = {kind.lower(): native_version(token) for token, kind in document["native"].items()}
    pins = azure_ai_ml_pins() if table == "azure_ai_ml" else {}
    lines = [_HEADER.format(table=table), "sources:\n"]
    for source in (row for row in document["sources"] if row["file"] == table):
        for module in source["modules"]:
            rows = [row for row in operations_of(module) if _kept(row, source.get("keep"))]
            for row in rows:
                row["versions"] = _versions(row, native=native, pins=pins)
                if row["method"] in ("GET", "HEAD", "DELETE") or source.get("bodies") == "none":
                    row.pop("body", None)
            bodies = {row["body"] for row in rows if "body" in row}
            models = fields_of(module, bodies, depth=DEPTH)
            lines.append(f"- source: {source['package'].replace('==', ' ')}, {module}\n  operations:\n")
            lines += [f"  - {json.dumps(row)}\n" for row in sorted(rows, key=lambda row: str(row["is"]))]
            lines.append("  models:\n" if models else "  models: {}\n")
            lines += [f"    {name}: {json.dumps(fields)}\n" for name, fields in sorted(models.items())]
    return "".join(lines)


def _kept(row: dict[str, Any], patterns: list[str] | None) -> bool:
    # `/{resourceId}` would let anything pass.
    if "path" not in row or "method" not in row or re.fullmatch(r"/\{\w+Id\}", row["path"]):
        return False
    return patterns is None or any(re.search(pattern, row["path"]) for pattern in patterns)


def _versions(row: dict[str, Any], *, native: dict[str, str], pins: dict[str, list[str]]) -> list[str]:
    known = set(row.get("versions", []))
    if version := native.get(arm_type(row["path"]).lower()):
        known.add(version)
    groups = [group for group in pins if row["is"].startswith(f"{group}_")]
    if groups:
        known.update(pins[max(groups, key=len)])
    return sorted(known)


def main() -> None:
    """Writes the named tables, or all whose packages are here."""
    for table in sys.argv[1:] or [name for name in tables() if not missing_packages(name)]:
        if missing := missing_packages(table):
            sys.exit(
                f"{table}: got an environment without {', '.join(missing)}, expected them. See generate.py."
            )
        (PUBLISHED / f"{table}.yaml").write_text(table_text(table), encoding="utf-8")


if __name__ == "__main__":
    main()
