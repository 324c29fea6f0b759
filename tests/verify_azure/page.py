"""docs/reference/assumptions.md, made from assumptions.yaml: `python -m tests.verify_azure.page [--check]`."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.verify_azure.register import REGISTER, STATUSES, count, register

PAGE = REGISTER.with_suffix(".md")
HEAD = """# What is relied on of Azure

Made from [assumptions.yaml](assumptions.yaml) by `make pages`; do not edit.

`recorded`: traffic of the real Azure shows it. `documented`: Microsoft's own text says it. `seen-from-client`: an
official client sends, reads or demands it. `assumed`: nothing says it. `make verify-azure SUBSCRIPTION=...` asks a real
subscription about every row ([guide](../guides/verify-azure.md)).
"""


def page() -> str:
    """The page's text."""
    content = register()
    rows = content["assumptions"]
    header = f"| | {' | '.join(STATUSES)} | rows |\n|---|{'---:|' * (len(STATUSES) + 1)}"
    earlier = [_line(str(day["date"]), day) for day in content["counted"]]
    areas = [_line(area, count(found)) for area, found in _areas(rows).items()]
    asked = [row for row in rows if "check" not in row]
    other = [row for row in rows if "check" in row]
    parts = [
        HEAD,
        "\n".join([header, *earlier, _line("now", count(rows))]) + "\n",
        "## By area\n",
        "\n".join([header, *areas]) + "\n",
        "## How they are checked\n",
        f"{len(asked)} rows by `make verify-azure`; {len(other)} otherwise:\n",
        "\n".join(f"- `{row['id']}` ({row['check']}): {row['how']}" for row in other) + "\n",
    ]
    return "\n".join(parts)


def _line(name: str, counted: Mapping[str, Any]) -> str:
    numbers = [int(counted[status]) for status in STATUSES]
    return f"| {name} | {' | '.join(str(number) for number in [*numbers, sum(numbers)])} |"


def _areas(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Heading of the register -> its rows; headings are comments `# -- NAME`."""
    known = {row["id"]: row for row in rows}
    found: dict[str, list[Mapping[str, Any]]] = {}
    area = ""
    for line in REGISTER.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"\s*# -- (.+)", line):
            area = heading[1]
        elif entry := re.fullmatch(r"\s*- id: (\S+)", line):
            found.setdefault(area, []).append(known[entry[1]])
    return found


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is what the register makes."""
    if arguments == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            print(f"{PAGE}: got another text than assumptions.yaml makes, expected the same. Run: make pages")
            return 1
        return 0
    Path(PAGE).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
