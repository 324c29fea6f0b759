"""Protects readers from commands that do not exist: whatever docs, runbooks, definitions and messages name can be run."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from plumbline.ops.cli import group

ROOT = Path(__file__).parents[2]
# Not what people run: `from plumbline import azureml` and the like.
PYTHON = re.compile(r"\b(?:from|import) plumbline\b")
NAMED = re.compile(r"(?<![\w./:-])plumbline ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)")
MADE = re.compile(
    r"(?<![\w/-])make ((?:up|down|test|soak|bench|check|pages|conformance|help|[a-z]+-[a-z]+))\b"
)
FILES = sorted(
    path
    for pattern in (
        "README.md", "docs/**/*.md", "docs/**/*.yaml", "pipelines/**/*.md", "pipelines/**/*.yml", "changes/*.md",
        "plumbline/**/*.py", "plumbline/**/*.yaml", "plumbline/**/*.j2", "stacks/*.py", "components/*.py", "Makefile",
        "Pulumi*.yaml", "benchmarks/**/*.py", "benchmarks/*.md",
    )
    for path in ROOT.glob(pattern)
)  # fmt: skip
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def unknown_words(words: list[str]) -> str | None:
    """The words up to the first that is no command, None when all are; what follows a command are arguments."""
    command: click.Command = group
    context = click.Context(group)
    for at, word in enumerate(words):
        if not isinstance(command, click.Group):
            return None
        found = command.get_command(context, word)
        if found is None:
            # A sentence may go on behind a group's name: "plumbline job and plumbline model".
            return (
                None
                if at and word in {"and", "or", "of", "in", "is", "does", "says", "for"}
                else " ".join(words[: at + 1])
            )
        command = found
    return None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_that_is_named_exists(path: Path) -> None:
    wrong = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if PYTHON.search(line):
            continue
        for match in NAMED.finditer(line):
            unknown = unknown_words(match[1].split())
            if unknown:
                wrong.append(f"{path.relative_to(ROOT)}:{number}: plumbline {unknown}")
        wrong += [
            f"{path.relative_to(ROOT)}:{number}: make {match[1]}"
            for match in MADE.finditer(line)
            if "`" in line and match[1] not in TARGETS
        ]
    assert wrong == []


def test_a_command_that_does_not_exist_is_found() -> None:
    assert unknown_words(["drift"]) is None
    assert unknown_words(["rehearse", "dev"]) is None
    assert unknown_words(["dirft"]) == "dirft"
    assert unknown_words(["job", "crate"]) == "job crate"
