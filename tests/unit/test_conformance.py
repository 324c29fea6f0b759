"""Protects what `make conformance` concludes: how tests are shared out, counted, compared and explained on the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance import outcome, page, summary
from tests.conformance.outcome import Outcome
from tests.conformance.sdk_suite.missing import is_missing_file
from tests.conformance.sdk_suite.run import chosen, known_areas, shared_out

_AREAS = {"component": {"test_component": 30, "test_hash": 5}, "dsl": {"test_dsl": 80}}


def test_areas_and_single_files_are_chosen() -> None:
    assert chosen(_AREAS, ["dsl", "component/test_hash"]) == {
        "component/e2etests/test_hash": 5,
        "dsl/e2etests/test_dsl": 80,
    }
    assert len(chosen(_AREAS, [])) == 3
    with pytest.raises(ValueError, match="got pipelines, expected any of component, dsl"):
        chosen(_AREAS, ["pipelines"])


def test_the_thirteen_areas_are_known() -> None:
    assert len(known_areas()) == 13


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(1, 100), min_size=1), st.integers(1, 4))
def test_every_file_goes_to_one_process(files: dict[str, int], processes: int) -> None:
    shares = shared_out(files, processes)
    assert sorted(name for share in shares for name in share) == sorted(f"tests/{name}.py" for name in files)
    assert len(shares) == min(processes, len(files))


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        ("FileNotFoundError: [Errno 2] No such file or directory: '/w/tests/test_configs/a.yml'", True),
        ("No such file or directory: \x1b[31m./tests/test_configs/a.yml\x1b[0m", True),
        ("The asset components/c was not found.", False),
        ("tests/test_configs/a.yml: got a number, expected text", False),
    ],
)
def test_a_file_that_was_not_given_is_no_failure(message: str, missing: bool) -> None:
    assert is_missing_file(message) is missing


def test_outcomes_are_read_back_and_the_latest_stays(tmp_path: Path) -> None:
    failed = Outcome(area="a", name="n", result="failed", why="x", answers=({"status": 400},))
    passed = Outcome(area="a", name="n", result="passed")
    outcome.write(tmp_path / "one.jsonl", [failed])
    outcome.write(tmp_path / "two.jsonl", [passed])
    assert list(outcome.read(tmp_path / "one.jsonl")) == [failed]
    assert list(outcome.read(tmp_path / "one.jsonl", tmp_path / "two.jsonl")) == [passed]


def _summary() -> summary.Summary:
    found = [
        Outcome(area="a", name="a/one", result="passed"),
        Outcome(area="a", name="a/two", result="failed"),
        Outcome(area="b", name="b/one", result="not_modelled"),
        Outcome(area="b", name="b/two", result="skipped"),
        Outcome(area="b", name="b/three", result="untried"),
    ]
    return summary.summarize("sdk", found, "2026-01-02")


def test_a_summary_counts_and_survives_its_file(tmp_path: Path) -> None:
    made = _summary()
    assert (made.ran, made.count("passed")) == (3, 1)
    assert made.others == {"a/two": "failed", "b/one": "not_modelled", "b/three": "untried"}
    summary.save(made, tmp_path)
    assert summary.load("sdk", tmp_path) == made


def test_what_passed_before_and_fails_now_has_fallen_back() -> None:
    now = [
        Outcome(area="a", name="a/one", result="failed"),
        Outcome(area="a", name="a/two", result="failed"),
        Outcome(area="b", name="b/one", result="passed"),
    ]
    assert [one.name for one in summary.fallen_back(_summary(), now)] == ["a/one"]


def _reasons(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "reasons.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_page_names_every_failure_with_its_reason(tmp_path: Path) -> None:
    summary.save(_summary(), tmp_path)
    reasons = _reasons(
        tmp_path,
        "sdk:\n- {names: a/two, class: b, reason: Other text.}\n- {names: 'b/.*', class: a, reason: Not there.}\n",
    )
    text = page.page(tmp_path, reasons)
    assert "| untried | The file that it reads was not given. | 1: `b/three` |" in text
    assert "1 of 3 that ran passed" in text
    assert "| b | Other text. | 1: `a/two` |" in text
    assert "| a | Not there. | 1: `b/one` |" in text


def test_a_failure_without_a_reason_and_a_reason_without_a_failure_make_no_page(tmp_path: Path) -> None:
    summary.save(_summary(), tmp_path)
    reasons = _reasons(
        tmp_path, "sdk:\n- {names: 'b/.*', class: a, reason: x}\n- {names: c, class: b, reason: y}\n"
    )
    with pytest.raises(page.PageRefused) as refused:
        page.page(tmp_path, reasons)
    assert "a/two: no row" in str(refused.value)
    assert "c: explains nothing any more" in str(refused.value)


def test_the_committed_page_matches_the_committed_results() -> None:
    assert page.main(["--check"]) == 0
