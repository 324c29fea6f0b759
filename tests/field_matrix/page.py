"""`python -m tests.field_matrix.page [--check]`: writes docs/reference/fields.md from the table and the rules."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from plumbline.assets import field_rules
from plumbline.kinds import KINDS
from tests.field_matrix.table import document, rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "fields.md"


def main(argv: Sequence[str]) -> int:
    """Write the page, or with `--check` say whether it is up to date (exit 1 when it is not)."""
    if "--check" in argv:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
            return 0
        print(f"{PAGE.name}: got an older page. Run python -m tests.field_matrix.page.")
        return 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def page() -> str:
    """The page as Markdown."""
    lines = [
        "# Fields",
        "",
        "Made from `tests/field_matrix/fields.yaml` by `python -m tests.field_matrix.page`; do not edit.",
        "",
        "Each field below is set by one definition of a stack that the real engine brings up in the suite: a refresh and a",
        "preview then find nothing. Where Azure lets somebody else change it, it is changed behind the stack's back: the next",
        "refresh names that field and no other, and the next update puts it back.",
        "",
    ]
    for kind in document()["kinds"]:
        lines += [
            f"## {KINDS[kind].noun}", "", "| Field | A change in its YAML | Edited elsewhere, reported as |", "|---|---|---|",
        ]  # fmt: skip
        lines += [
            f"| `{row.field}` | {_change(kind, row.field)} | {', '.join(f'`{name}`' for name in row.named) or '-'} |"
            for row in rows()
            if row.kind == kind
        ]
        more = {**document()["kinds"][kind].get("untried", {}), **document()["elsewhere"].get(kind, {})}
        lines += ["", *(f"- `{name}`: {why}" for name, why in more.items()), *([""] if more else [])]
    lines += [
        "Of a version, content never changes on Azure: another content under a version that exists is refused (checked where",
        "it is registered). Batch endpoints and deployments have a test of their own, `tests/engine/test_batch_endpoint.py`.",
        "",
    ]
    return "\n".join(lines)


def _change(kind: str, name: str) -> str:
    if kind == "schedule":
        return "changes in place"
    if name == "archived":
        return "not said in YAML"
    rule = field_rules(kind)[name]["change"]
    return "changes in place" if rule == "mutable" else "a new version"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
