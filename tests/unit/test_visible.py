"""Protects who reads what somebody else wrote: it shows as it is, and neither a terminal nor a CI service obeys it."""

from __future__ import annotations

import pytest

from plumbline.ops.visible import uncommanded, visible


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\tmetrics = 0.9  # ä, 目", "\tmetrics = 0.9  # ä, 目"),
        ("+metrics = 0.9\x1b[2K\r+# tidy", r"+metrics = 0.9\x1b[2K\r+# tidy"),
        ("+if x:  # \u202e} fi", r"+if x:  # \u202e} fi"),
        ("+meas\u200bured", r"+meas\u200bured"),
        ("+one\u2028two\x0bthree", r"+one\u2028two\x0bthree"),
    ],
)
def test_a_character_that_hides_or_turns_what_stands_there_is_shown(line: str, shown: str) -> None:
    assert visible(line) == shown


COMMANDS = [
    "::stop-commands::x",
    "  ::add-mask::a",
    "fine\r::error::nothing is",
    "fine\n\t::error::nothing is",
    "train: ##vso[task.setvariable variable=TOKEN]x",
    "##[error]nothing is",
    "##VSO[task.complete result=Succeeded;]",
]


@pytest.mark.parametrize("text", COMMANDS)
@pytest.mark.parametrize("service", ["GITHUB_ACTIONS", "TF_BUILD"])
def test_a_line_that_a_step_printed_is_no_command_of_the_ci_service(text: str, service: str) -> None:
    said = uncommanded(text, {service: "true"})
    for line in said.replace("\r", "\n").split("\n"):
        assert not line.lstrip().startswith("::")
        assert "##" not in line
    assert said.replace(" ", "") == text.replace(" ", "")


def test_a_character_without_width_makes_no_other_word_of_a_command() -> None:
    assert uncommanded("#\u200d#vso[task.complete]ä", {"TF_BUILD": "True"}) == "# #vso[task.complete]ä"


@pytest.mark.parametrize("text", [*COMMANDS, "std::vector", "a ## heading"])
def test_elsewhere_and_where_it_commands_nothing_it_stays_as_it_is(text: str) -> None:
    assert uncommanded(text, {}) == text
    if text not in COMMANDS:
        assert uncommanded(text, {"TF_BUILD": "True"}) == text
