"""Protects the command line's manners: every command says what it does, with an example, and answers quickly."""

from __future__ import annotations

import subprocess
import sys

import pytest

from plumbline.ops.cli import VERBS
from plumbline.ops.reference import PAGE, commands, page

ALL = {" ".join(path): command for path, command in commands()}


@pytest.mark.parametrize("words", ALL)
def test_every_command_says_what_it_does_and_ends_with_an_example(words: str) -> None:
    lines = [line.strip() for line in (ALL[words].help or "").strip().splitlines()]
    assert lines[0].endswith((".", ":", ","))
    assert lines[-1].startswith("Example: ")
    assert words in lines[-1], f"{words}: the help's last line is {lines[-1]!r}"


@pytest.mark.parametrize("words", ALL)
def test_every_option_has_a_meaning(words: str) -> None:
    for parameter in ALL[words].params:
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), f"{words}: {parameter.name} has no help"


def test_the_page_of_commands_is_up_to_date() -> None:
    assert PAGE.read_text() == page()


def test_help_imports_no_verb_and_no_cloud() -> None:
    script = (
        "import sys; from plumbline.ops.cli import group\n"
        "try: group(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in {'azure', 'pulumi', 'rich', 'yaml'}\n"
        "      or name.startswith('plumbline.ops.') and name.split('.')[2] not in {'cli', 'errors', 'lazy_group'}), file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert answer.stderr.strip() == "[]"
    for verb, line in VERBS.items():
        assert verb in answer.stdout, line


def test_unknown_command_is_a_usage_error() -> None:
    program = [sys.executable, "-m", "plumbline.ops.cli"]
    answer = subprocess.run([*program, "dirft"], check=False, capture_output=True, text=True)
    assert answer.returncode == 2
    assert "No such command 'dirft'" in answer.stderr
