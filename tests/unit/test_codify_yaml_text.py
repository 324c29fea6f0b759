"""Protects edits of YAML text: one value changes, and every other character of the file stays."""

from __future__ import annotations

import pytest
import yaml

from plumbline.ops.codify.yaml_text import NoPlace, line_of, value_at, with_value, without

TEXT = """\
# Who: the claims team.
$schema: https://example.test/schema.json
name: weekly   # the container
description: 'Every Monday.'  # shown in the studio
tags: {team: claims, "cost centre": CC-1}

# When it runs.
trigger:
  type: recurrence
  schedule:
    hours: 6      # before the meeting
    week_days:
    - monday   # not Sunday
    - friday
  # The zone of the office.
  time_zone: UTC

create_job: ./pipeline.yml  # beside this file
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("description",), "Every day.", "'Every Monday.'", "'Every day.'"),
        (("description",), "It's on: daily", "'Every Monday.'", "'It''s on: daily'"),
        (("name",), "no", "name: weekly ", "name: 'no' "),
        (("tags", "team"), "risk", "team: claims", "team: risk"),
        (("tags", "owner"), "010", "CC-1}", "CC-1, owner: '010'}"),
        (("trigger", "schedule", "hours"), "7", "hours: 6 ", "hours: 7 "),
        (("trigger", "schedule", "hours"), [7], "hours: 6 ", "hours: 7 "),
        (("trigger", "schedule", "hours"), [7, 8], "hours: 6 ", "hours: [7, 8] "),
        (("trigger", "schedule", "week_days"), ["sunday"], "\n    - monday   # not Sunday\n    - friday", " [sunday]"),
        (("trigger", "schedule", "minutes"), [5], "    - friday\n", "    - friday\n    minutes: [5]\n"),
        (("trigger", "end_time"), "2027-01-01T00:00:00", "time_zone: UTC\n",
         "time_zone: UTC\n  end_time: '2027-01-01T00:00:00'\n"),
        (("display_name",), "Weekly", "# the container\n", "# the container\ndisplay_name: Weekly\n"),
        (("create_job",), {"job": "./p.yml", "inputs": {"a": "1"}}, " ./pipeline.yml",
         "\n  job: ./p.yml\n  inputs:\n    a: '1'"),
    ],
)  # fmt: skip
def test_only_the_value_changes(path: tuple[str, ...], value: object, old: str, new: str) -> None:
    assert TEXT.count(old) == 1
    edited = with_value(TEXT, path, value)
    assert edited == TEXT.replace(old, new)
    yaml.safe_load(edited)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (("tags", "team"), "team: claims, ", ""),
        (("tags", "cost centre"), ', "cost centre": CC-1', ""),
        (("description",), "description: 'Every Monday.'  # shown in the studio\n", ""),
        (("trigger", "schedule", "week_days"), "    week_days:\n    - monday   # not Sunday\n    - friday\n", ""),
        (("trigger", "nothing"), "", ""),
    ],
)  # fmt: skip
def test_a_key_goes_and_the_comments_of_the_next_one_stay(path: tuple[str, ...], old: str, new: str) -> None:
    assert without(TEXT, path) == TEXT.replace(old, new)


def test_a_mapping_that_ends_up_empty_goes_with_its_last_key() -> None:
    assert without("a: 1\ntags:\n  x: y\nb: 2\n", ("tags", "x")) == "a: 1\nb: 2\n"


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("name: a\ntags:\n", "name: a\ntags:\n  x: y\n"),
        ("name: a\ntags: {}\n", "name: a\ntags:\n  x: y\n"),
        ("name: a", "name: a\ntags:\n  x: y"),
        ("name: a\r\nz: 1\r\n", "name: a\r\ntags:\r\n  x: y\r\nz: 1\r\n"),
        ("{name: a}\n", "{name: a, tags: {x: y}}\n"),
    ],
)
def test_a_mapping_is_made_where_there_is_none(text: str, edited: str) -> None:
    assert with_value(text, ("tags", "x"), "y") == edited


def test_lines_of_text_become_a_block_and_blocks_are_replaced() -> None:
    text = "description: |\n  One.\n  Two.\n\n# Next.\nname: a\n"
    edited = with_value(text, ("description",), "Three.\n\nFour.\n")
    assert edited == "description: |\n  Three.\n\n  Four.\n\n# Next.\nname: a\n"
    assert value_at(edited, ("description",)) == "Three.\n\nFour.\n"
    assert value_at(with_value(text, ("name",), " a\nb"), ("name",)) == " a\nb"


def test_a_file_without_a_place_is_refused() -> None:
    for text in ("- a\n", "a: [\n", ""):
        with pytest.raises(NoPlace):
            with_value(text, ("a",), 1)


def test_line_of_the_deepest_key_that_is_there() -> None:
    assert line_of(TEXT, ("trigger", "schedule", "hours")) == 11
