"""Protects commands about one job: what is no name of a job is refused before anything is asked."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from plumbline.ops.errors import UsageError
from plumbline.ops.evidence.write import command


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([" "], "job: got ' ', expected the name of a job"),
        ([""], "job: got '', expected the name of a job"),
        (["--name", "../computes/cpu"], "job: got '../computes/cpu', expected the name of a job"),
        (["claims-1?api-version=1"], "job: got 'claims-1?api-version=1', expected the name of a job"),
        ([], "job: got no name or two"),
        (["one", "--name", "two"], "job: got no name or two"),
    ],
)
def test_what_is_no_name_of_a_job_is_refused(words: list[str], message: str) -> None:
    answer = CliRunner().invoke(command, words)
    assert isinstance(answer.exception, UsageError)
    assert str(answer.exception).startswith(message)
