"""The page of what is read of az ml YAML and what is not: `python -m plumbline.ops.language_reference [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from plumbline.assets.schema import table
from plumbline.assets.yaml_kind import YamlKind
from plumbline.assets.yaml_kinds import YAML_KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "definitions.md"
_JOBS = {"pipeline_job": "pipeline job", "command_job": "command job on a schedule"}
_HEAD = """# What is read of az ml YAML

Made from the tables that `plumbline validate` checks with (`schema.yml` of each kind, `plumbline/assets/schemas` of the
rest). "Refused" is an error with a reason and a way; "ignored" is a warning: the field counts for nothing. Any other key is
an error that names the nearest known one.
"""


def page() -> str:
    """The page as the tables make it."""
    lines = [_HEAD]
    for heading, rows in (
        ("Assets and schedules", [row for kind in YAML_KINDS.values() for row in _rows(kind)]),
        ("Jobs", [_row(shown, table(name)[name]) for name, shown in _JOBS.items()]),
    ):
        lines += [f"## {heading}", "", "| What | Read | Refused or ignored |", "|---|---|---|", *rows, ""]
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


def _rows(kind: YamlKind) -> Iterator[str]:
    if not kind.by_type:
        yield _row(kind.name, table(kind.name))
        return
    for name, fields in table(kind.name).items():
        if name not in ("common", "refused"):
            yield _row(f"{kind.name}, `type: {name}`", fields)


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
