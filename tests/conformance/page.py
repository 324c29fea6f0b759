"""The page of all suites' results: `python -m tests.conformance.page [--check]`.

Made from `results/<suite>.yaml` and `reasons.yaml`. Each thing that did not pass has exactly one reason, and each reason
explains something: otherwise there is no page.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.conformance.summary import FOLDER, SUITES, Summary, load

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "conformance.md"
REASONS = Path(__file__).with_name("reasons.yaml")
HEAD = """# Conformance

Made by `make conformance` and `make pages`; do not edit.

Suites and clients that nobody here wrote, run against the emulator. What is not modelled answers 501 and names the
operation; what is modelled answers as Azure does.
"""
CLASSES = {
    "a": "not modelled: answers 501",
    "b": "answers otherwise than Azure",
    "c": "the executor does not run it, and says so at submission",
    "d": "the test or its data does not fit here",
    "e": "a defect of the suite or its SDK",
    "untried": "its YAML or data was not at hand",
}
_COLUMNS = {
    "passed": "passed",
    "not_modelled": "501",
    "failed": "failed",
    "untried": "untried",
    "skipped": "skipped",
}


class PageRefused(Exception):
    """Results and reasons do not fit together; the message lists all that is wrong."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why some things of a suite did not pass.

    Args:
        names: A regular expression that a whole name matches.
        kind: One of CLASSES.
    """

    suite: str
    names: str
    kind: str
    text: str

    def explains(self, name: str) -> bool:
        """Whether it is about this name."""
        return re.fullmatch(self.names, name) is not None


def load_reasons(path: Path = REASONS) -> list[Reason]:
    """All rows of reasons.yaml, in its order. Raises: PageRefused: for a class that is not known."""
    table: dict[str, list[dict[str, Any]]] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    found = [
        Reason(suite=suite, names=row["names"], kind=str(row["class"]), text=row["reason"])
        for suite, rows in table.items()
        for row in rows or ()
    ]
    wrong = [f"{reason.names}: class: got {reason.kind}" for reason in found if reason.kind not in CLASSES]
    if wrong:
        raise PageRefused(f"{path.name}: " + "; ".join(wrong) + f", expected one of {', '.join(CLASSES)}.")
    return found


def explained(summary: Summary, reasons: Iterable[Reason]) -> dict[str, Reason]:
    """Name to its reason, the first that matches.

    Raises: PageRefused: when one has none, or a reason explains nothing.
    """
    own = [reason for reason in reasons if reason.suite == summary.suite]
    found: dict[str, Reason] = {}
    problems = []
    untried = Reason(
        suite=summary.suite, names="", kind="untried", text="The file that it reads was not given."
    )
    for name, result in summary.others.items():
        reason = untried if result == "untried" else next((one for one in own if one.explains(name)), None)
        if reason is None:
            problems.append(f"{summary.suite}: {name}: no row of reasons.yaml explains why it did not pass")
        else:
            found[name] = reason
    used = {reason.names for reason in found.values() if reason is not untried}
    problems += [
        f"{summary.suite}: reasons.yaml: {reason.names}: explains nothing any more, remove it"
        for reason in own
        if reason.names not in used
    ]
    if problems:
        raise PageRefused("\n".join(problems))
    return found


def section(title: str, text: str, summary: Summary, reasons: Iterable[Reason]) -> str:
    """One suite's part of the page."""
    columns = [result for result in _COLUMNS if summary.count(result)]
    lines = [f"## {title}", "", text, ""]
    lines.append(f"Measured {summary.measured}: {summary.count('passed')} of {summary.ran} that ran passed.")
    lines += ["", "| area | in all | " + " | ".join(_COLUMNS[column] for column in columns) + " |"]
    lines.append("|---|---|" + "---|" * len(columns))
    for area, counts in summary.areas.items():
        cells = [str(counts.get(column, 0) or "") for column in columns]
        lines.append(f"| {area} | {sum(counts.values())} | " + " | ".join(cells) + " |")
    totals = [str(summary.count(column)) for column in columns]
    lines.append(f"| **all** | {summary.count(*_COLUMNS)} | " + " | ".join(totals) + " |")
    by_reason: dict[Reason, list[str]] = {}
    for name, reason in explained(summary, reasons).items():
        by_reason.setdefault(reason, []).append(name)
    if by_reason:
        lines += ["", "| class | why | tests |", "|---|---|---|"]
        order = list(CLASSES)
        for reason, names in sorted(by_reason.items(), key=lambda item: order.index(item[0].kind)):
            shown = "<br>".join(f"`{name}`" for name in names)
            lines.append(f"| {reason.kind} | {reason.text} | {len(names)}: {shown} |")
    return "\n".join(lines) + "\n"


def page(folder: Path = FOLDER, reasons_file: Path = REASONS) -> str:
    """The page's text. Raises: PageRefused."""
    titles: dict[str, dict[str, str]] = yaml.safe_load(
        Path(__file__).with_name("suites.yaml").read_text(encoding="utf-8")
    )
    reasons = load_reasons(reasons_file)
    parts = [HEAD]
    parts.append(
        "Classes of what did not pass:\n\n"
        + "\n".join(f"- **{kind}**: {text}" for kind, text in CLASSES.items())
        + "\n"
    )
    for suite in SUITES:
        summary = load(suite, folder)
        if summary is not None:
            parts.append(section(titles[suite]["title"], titles[suite]["text"].strip(), summary, reasons))
    return "\n".join(parts)


def main(words: Sequence[str]) -> int:
    """The command line."""
    try:
        text = page()
    except PageRefused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if "--check" not in words:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{PAGE.name}: does not match tests/conformance/results. Run: make pages\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
