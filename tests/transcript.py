"""A transcript of commands, with what differs from run to run put in words, held against the one in tests/data."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).with_name("data") / "transcripts"
WRITE = "PLUMBLINE_WRITE_TRANSCRIPTS"
# What is numbered by its first appearance, so that two of a kind stay apart.
NUMBERED = (
    ("release", re.compile(r"\br1[0-9a-f]{16}\b")),
    ("job", re.compile(r"\bclaims-release-[0-9a-f]{10}\b")),
    ("commit", re.compile(r"\b[0-9a-f]{40}\b")),
)
BLURRED = (
    (re.compile(r"\b\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)"), "<time>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<guid>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<hash>"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "<commit>"),
    (re.compile(r"\bh1[0-9a-f]{16}\b"), "<version>"),
    (re.compile(r"mlr-plumbline-shared-[0-9a-f]{6}"), "<registry>"),
    (re.compile(r"\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day \d{4}-\d\d-\d\d \d\d:\d\d"), "<now>"),
)


@dataclass
class Transcript:
    """Commands and what came of them."""

    lines: list[str] = field(default_factory=list)
    _seen: dict[str, str] = field(default_factory=dict)

    def add(self, command: str, code: int, *outputs: str) -> None:
        """One command, its exit code, and what it printed."""
        self.lines += [f"$ {self._plain(command)}", f"exit {code}"]
        for output in outputs:
            self.lines += [
                re.sub(r"\s{2,}", "  ", self._plain(line)).rstrip()
                for line in output.splitlines()
                if line.strip() and not set(line) <= {"-", " "}
            ]
        self.lines.append("")

    def say(self, text: str) -> None:
        """A heading."""
        self.lines += [f"# {text}", ""]

    def compare(self, name: str) -> None:
        """Hold it against the committed one; PLUMBLINE_WRITE_TRANSCRIPTS=1 writes that instead."""
        path, text = FOLDER / f"{name}.txt", "\n".join(self.lines)
        if os.environ.get(WRITE):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, (
            f"{path}: got another transcript. Read it, then {WRITE}=1."
        )

    def _plain(self, text: str) -> str:
        for noun, pattern in NUMBERED:
            text = pattern.sub(lambda found, noun=noun: self._number(noun, found[0]), text)  # type: ignore[misc]
        for pattern, word in BLURRED:
            text = pattern.sub(word, text)
        return text

    def _number(self, noun: str, value: str) -> str:
        if value not in self._seen:
            count = sum(known.startswith(f"<{noun} ") for known in self._seen.values()) + 1
            self._seen[value] = f"<{noun} {count}>"
        return self._seen[value]
