"""Protects: `${{ }}` and `$[[ ]]` mean in a command what they mean on Azure; durations are read in every form."""

from __future__ import annotations

import pytest

from plumbline.emulator.executor.binding import fill_command, seconds_of, whole_expression


def test_inputs_and_outputs_are_put_in_as_they_are() -> None:
    command = "run --in ${{inputs.data}} --n ${{ inputs.n }} --out ${{outputs.model}} '${{inputs.text}}'"
    filled = fill_command(
        command, {"data": "/in/data", "n": "3", "text": "two words"}, {"model": "/out/model"}
    )
    assert filled == "run --in /in/data --n 3 --out /out/model 'two words'"


def test_an_optional_segment_goes_with_its_unset_input() -> None:
    command = "run $[[--opt ${{inputs.opt}}]] $[[--two ${{inputs.two}}]]"
    assert fill_command(command, {"opt": None, "two": "2"}, {}) == "run  --two 2"


def test_what_is_not_ours_is_left_alone() -> None:
    assert (
        fill_command("echo ${HOME} $(date) ${{search_space.x}}", {}, {})
        == "echo ${HOME} $(date) ${{search_space.x}}"
    )


def test_only_a_whole_expression_is_a_binding() -> None:
    assert whole_expression(" ${{parent.jobs.a.outputs.b}} ") == ("parent", "jobs", "a", "outputs", "b")
    assert whole_expression("x ${{parent.inputs.a}}") is None
    assert whole_expression(3) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT5M", 300),
        ("PT1H30M", 5400),
        ("P1DT1S", 86401),
        ("0:05:00", 300),
        (90, 90),
        ("90", 90),
        (None, None),
        ("", None),
    ],
)
def test_durations(text: object, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_a_wrong_duration_says_what_is_expected() -> None:
    with pytest.raises(ValueError, match="got 'soon', expected seconds or a duration such as PT5M"):
        seconds_of("soon")
