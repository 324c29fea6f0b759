"""Golden transcripts: what whole commands print, kept word for word below tests/e2e/transcripts/.

A change of words shows in the pull request as a change of a transcript. Whoever changed them on purpose writes the
transcripts again, and reads the difference before it is committed:

    make transcripts                       all of them
    make transcripts ARGS=tests/e2e/test_drift.py

What differs from run to run is written as what it is: <time>, <seconds>, <job>, <version>, <digest>, <port>, <id>.
Left out are the engine's own lines and the lines of progress, which come in another order each time.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "e2e" / "transcripts"
WRITE = "PLUMBLINE_WRITE_TRANSCRIPTS"

_LEFT_OUT = (
    # Progress of a job: one line for every change that a look happened to see.
    r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  ",
    # The engine's: its resources as they come, its totals and its time.
    r"^\s*[~+\-=>]*\s*(pulumi|platform|azure-native|plumbline):[\w:/-]+ ",
    r"^(@ |Updating \(|Previewing |Refreshing \(|View |Duration: )",
    # A dot for every while that nothing happened, on a busy machine.
    r"^\.+$",
    r"^warning: ",
)
_WRITTEN_AS = (
    (r"^Engine .*", "Engine  <engine>"),
    (r"^[0-9a-f]{10}\b", "<finding>"),
    (r"\b\d+ unchanged$", "<count> unchanged"),
    (r"\ba[0-9a-f]{27}\b", "<approval>"),
    (r"-{3,}", "---"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?", "<time>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( UTC|Z)?", "<time>"),
    (r"\b\d{4}-\d\d-\d\d\b", "<date>"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<id>"),
    (r"\bclaims-release-[0-9a-f]{10}\b", "<job>"),
    (r"\bh1[0-9a-f]{16}\b", "<version>"),
    (r"\br1[0-9a-f]{16}\b", "<release>"),
    (r"\b(sha256:)?[0-9a-f]{64}\b", "<digest>"),
    (r"\b([0-9a-f]{40}|[0-9a-f]{12})\b", "<commit>"),
    (r"(127\.0\.0\.1|localhost):\d+", r"\1:<port>"),
    (r"pid \d+", "pid <pid>"),
    (r"(?<![\w.])\d+(\.\d+)? s\b", "<seconds> s"),
    (r"(?<=[ ])\d+\.\d(?=( +\d+\.\d)*$)", "<seconds>"),
    (r"[?&](sig|se|st|sv|sr|sp|skoid|sktid|token)=[^&\s]+", ""),
    # Measures differ in their last digits from processor to processor.
    (r"\b\d+\.\d{4,}\b", "<number>"),
)


def normalised(text: str) -> str:
    """A command's output without what differs from run to run."""
    kept = [
        line.rstrip()
        for line in text.splitlines()
        if not any(re.search(pattern, line) for pattern in _LEFT_OUT)
    ]
    whole = "\n".join(kept)
    for pattern, word in _WRITTEN_AS:
        whole = re.sub(pattern, word, whole, flags=re.MULTILINE)
    # Columns are as wide as what stood in them; several empty lines are what was left out between them.
    whole = re.sub(r"(?<=\S) {2,}", "  ", whole)
    return re.sub(r"\n{3,}", "\n\n", whole).strip() + "\n"


class Transcript:
    """Commands and what they printed, in the order in which they were run.

    Args:
        name: The file's name below tests/e2e/transcripts/, without its end.
    """

    def __init__(self, name: str) -> None:
        self._file = FOLDER / f"{name}.txt"
        self._parts: list[str] = []

    def say(self, what: str) -> None:
        """Begin a part of a longer story."""
        self._parts.append(f"# {what}\n")

    def add(self, command: str, answer: subprocess.CompletedProcess[str]) -> None:
        """Take down a command as a person types it, with its exit code where it is not 0."""
        said = normalised(answer.stdout + answer.stderr)
        code = f"[exit code {answer.returncode}]\n" if answer.returncode else ""
        self._parts.append(f"$ {normalised(command)}{said}{code}")

    def require_unchanged(self) -> None:
        """Compare with what is kept, or with the switch write it."""
        text = "\n".join(self._parts)
        if os.environ.get(WRITE):
            FOLDER.mkdir(exist_ok=True)
            self._file.write_text(text, encoding="utf-8")
            return
        kept = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        moved = "\n".join(
            difflib.unified_diff(kept.splitlines(), text.splitlines(), "kept", "now", lineterm="")
        )
        assert text == kept, (
            f"{self._file}: other words than are kept. Meant so? Write them again: make transcripts\n{moved}"
        )
