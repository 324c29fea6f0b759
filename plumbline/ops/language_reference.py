"""The page of what is read of az ml YAML and what is not: `python -m plumbline.ops.language_reference [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from plumbline.assets.schema import table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "definitions.md"
# File of tables -> heading, and the names of its tables with what each is called.
_PAGES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("environment", "Environments", {"environment": "environment"}),
    ("data", "Data and models", {"data": "data", "model": "model"}),
    (
        "component",
        "Components",
        {name: f"`type: {name}`" for name in ("command", "pipeline", "parallel", "spark")},
    ),
    ("pipeline_job", "Pipeline jobs", {"pipeline_job": "job"}),
    ("command_job", "Command jobs on schedules", {"command_job": "job"}),
    ("schedule", "Schedules", {"schedule": "schedule"}),
)
_HEAD = """# What is read of az ml YAML

Made from the tables that `plumbline validate` checks with (`plumbline/assets/schemas`). "Refused" is an error with a
reason and a way; "ignored" is a warning: the field counts for nothing. Any other key is an error that names the
nearest known one.
"""


def page() -> str:
    """The page as the tables make it."""
    lines = [_HEAD]
    for file, heading, names in _PAGES:
        lines += [f"## {heading}", "", "| What | Read | Refused or ignored |", "|---|---|---|"]
        lines += [_row(shown, table(file)[name]) for name, shown in names.items()]
        lines.append("")
    jobs = table("pipeline_job")
    lines += ["## Steps", "", "| Type | Form | Read | Refused or ignored |", "|---|---|---|---|"]
    for form, what in (("step", "points to a component"), ("inline", "defines what it runs")):
        lines += [
            f"| `{kind}` | {what} |{_row('', fields)[4:]}"
            for kind, fields in jobs[form].items()
            if isinstance(fields, Mapping)
        ]
    lines += ["", "## Types that are not carried", "", "| Type | Because |", "|---|---|"]
    lines += [f"| `{kind}` | {reason} |" for kind, reason in table("component")["refused"].items()]
    return "\n".join(lines) + "\n"


def _row(shown: str, fields: Mapping[str, Any]) -> str:
    read = [
        f"`{name}`"
        for name, row in fields.items()
        if name != "$schema" and not {"refused", "ignored"} & set(row)
    ]
    return f"| {shown} | {', '.join(read)} | {'; '.join(_left_out(fields)) or '-'} |"


def _left_out(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, row in fields.items():
        for word in ("refused", "ignored"):
            if word in row:
                yield f"`{name}` ({word}: {row[word]})"


def main(arguments: list[str]) -> int:
    """Write it, or with --check say whether it is there as the tables make it."""
    if arguments == ["--check"]:
        if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page():
            print(f"{PAGE}: got another text than the tables make, expected the same. Run: make pages")
            return 1
        return 0
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
