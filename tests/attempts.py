"""docs/reference/attempts.md, made from attempts.yaml: `python -m tests.attempts [--check]`."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[1]
FACTS = PROJECT / "docs" / "reference" / "attempts.yaml"
PAGE = FACTS.with_suffix(".md")
HEAD = """# What was tried, and what stops it

Made from [attempts.yaml](attempts.yaml) by `make pages`; do not edit. Each row's test tries it again in every run of the
suite, through the real parts.
"""


def attempts() -> Mapping[str, Sequence[Mapping[str, str]]]:
    """Heading -> its rows."""
    found: Mapping[str, Sequence[Mapping[str, str]]] = yaml.safe_load(FACTS.read_text(encoding="utf-8"))[
        "attempts"
    ]
    return found


def faults() -> list[str]:
    """Rows that are not whole, or whose test is not there."""
    found = []
    for heading, rows in attempts().items():
        for row in rows:
            where = f"{FACTS.name}: {heading}: {row.get('attempt')!r}"
            if set(row) != {"attempt", "stopped_by", "test"}:
                found.append(f"{where}: got {', '.join(row)}, expected attempt, stopped_by and test")
                continue
            file, _, name = row["test"].partition("::")
            if name not in _tests(PROJECT / file):
                found.append(f"{where}: got {row['test']}, expected a test that exists. Was it renamed?")
    return found


def _tests(file: Path) -> set[str]:
    if not file.is_file():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def page() -> str:
    """The page's text."""
    rows = sum(len(found) for found in attempts().values())
    parts = [HEAD, f"{rows} attempts.\n"]
    for heading, found in attempts().items():
        lines = ["| Attempt | What stops it | Test |", "|---|---|---|"]
        for row in found:
            file, _, name = row["test"].partition("::")
            shown = f"[{name}](../../{file})"
            lines.append(f"| {row['attempt']} | {row['stopped_by']} | {shown} |")
        parts.append(f"## {heading}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say what is wrong with it."""
    found = faults()
    if arguments == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            found.append(
                f"{PAGE}: got another text than {FACTS.name} makes, expected the same. Run: make pages"
            )
    else:
        PAGE.write_text(page(), encoding="utf-8")
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
