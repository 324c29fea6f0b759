"""README's table of what a step is kept from: `python -m plumbline.ops.room_reference [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

README = Path(__file__).resolve().parents[2] / "README.md"
FACTS = Path(__file__).with_name("prerequisites.yaml")
BEGIN, END = "<!-- steps: made by `make pages` -->", "<!-- steps end -->"


def page() -> str:
    """README with the table of today's facts in it."""
    rows = yaml.safe_load(FACTS.read_text(encoding="utf-8"))["room"]
    lines = [
        "| Of its own | What a step is kept to | Where a machine refuses it | Needs |",
        "|---|---|---|---|",
    ]
    lines += [f"| {row['part']} | {row['keeps']} | {row['without']} | {row['needs']} |" for row in rows]
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    return before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after


def main(arguments: list[str]) -> int:
    """Write it, or with --check say whether it is there as the facts make it."""
    if arguments == ["--check"]:
        if README.read_text(encoding="utf-8") != page():
            print(
                f"{README}: got another table of steps than {FACTS.name} makes, expected the same. Run: make pages"
            )
            return 1
        return 0
    README.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
