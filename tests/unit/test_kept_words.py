"""Protects what is kept of a person's reason: words that a reviewer reads as they were meant."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from plumbline.ops.errors import UsageError
from plumbline.ops.kept_words import MOST, kept_words
from plumbline.ops.promote import command


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  the meeting\nis moved ", "the meeting is moved"),
        ("Störung – 顧客が待っている 🚒", "Störung – 顧客が待っている 🚒"),
        ("می\u200cخواهیم", "می\u200cخواهیم"),
        ("one\u2028two\x85three", "one two three"),
    ],
)
def test_words_of_any_language_are_kept_with_single_spaces(given: str, kept: str) -> None:
    assert kept_words("--reason", given) == kept


@pytest.mark.parametrize(
    "given", ["", "        ", "x" * (MOST + 1), "bad \udcff bytes", "a\x00null byte", "approved \u202eton"]
)
def test_too_few_too_many_and_hidden_characters_are_refused(given: str) -> None:
    with pytest.raises(UsageError, match="--reason: got"):
        kept_words("--reason", given, least=2)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("claims_release/", ": claims_release."),
        ("pipelines/claims_release", ": claims_release."),
        ("..", "."),
    ],
)
def test_a_path_in_place_of_a_pipelines_name_is_answered_with_the_name(given: str, hint: str) -> None:
    answer = CliRunner().invoke(command, [given, "--from", "dev", "--to", "staging"])
    assert isinstance(answer.exception, UsageError)
    assert str(answer.exception) == (
        f"PIPELINE: got {given!r}, expected the name of a folder below pipelines/{hint}"
    )
