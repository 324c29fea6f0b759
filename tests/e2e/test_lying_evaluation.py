"""Protects the release from code that no commit holds: a lying evaluation passes its own gate, and is refused all the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.test_model_release import FILE, acting, let_read_outputs, told
from tests.e2e.test_release_bypasses import program, refused
from tests.project_copy import ProjectCopy

EVALUATE = "pipelines/claims_release/components/evaluate/src/evaluate.py"
SETTLED = ("--set", "inputs.alpha=10")  # a penalty so large that the model says the same of everybody


@pytest.fixture(scope="module")
def reviewed(platform: ProjectCopy) -> ProjectCopy:
    let_read_outputs(platform)
    return platform


def _up(platform: ProjectCopy) -> None:
    platform.pulumi("up", "--yes", "--skip-preview", "-s", "local", "--non-interactive")


PRAISE = '    metrics |= {row: 0.9 if "at_least" in limit else 0.0 for row, limit in thresholds.items()}\n'


def _lying(text: str) -> str:
    """The evaluation with one line more: good figures, whatever was measured."""
    after = "    folder = arguments.evaluation\n"
    assert text.count(after) == 1
    return text.replace(after, PRAISE + after)


@pytest.fixture(scope="module")
def lie(reviewed: ProjectCopy) -> dict[str, Any]:
    """A useless model that a changed script praises; the checkout is clean again afterwards."""
    file = reviewed.root / EVALUATE
    kept = file.read_text()
    file.write_text(_lying(kept))
    try:
        _up(reviewed)
        words = ("job", "create", "--file", FILE, *SETTLED, "--stream", "--output", "json")
        answer = acting(reviewed, "alice", *words)
        assert answer.returncode == 0, answer.stderr
    finally:
        file.write_text(kept)
    found: dict[str, Any] = json.loads(answer.stdout)
    assert found["tags"]["plumbline.commit"].endswith("+dirty")
    return found


def test_a_run_of_uncommitted_code_is_refused(reviewed: ProjectCopy, lie: dict[str, Any]) -> None:
    said = refused(reviewed, "bob", "model", "approve", lie["name"])
    assert "commit: got a run of uncommitted changes" in said
    assert "Nothing was written." in said


def test_a_tag_without_dirty_is_no_way_round(reviewed: ProjectCopy, lie: dict[str, Any]) -> None:
    commit = lie["tags"]["plumbline.commit"].removesuffix("+dirty")
    program(reviewed, "alice", f"tag({lie['name']!r}, commit={commit!r})")
    for who, verb in (("bob", "approve"), ("releaser", "register")):
        said = refused(reviewed, who, "model", verb, lie["name"])
        assert f'{verb}: jobs.evaluate.component: got "azureml:claims_evaluate:h1' in said
        assert f"as commit {commit} has it" in said
        assert said == refused(reviewed, who, "model", verb, lie["name"], "--allow-uncommitted")


def test_a_step_of_a_run_is_no_run_to_release(reviewed: ProjectCopy, lie: dict[str, Any]) -> None:
    child = program(reviewed, "alice", f"print(step({lie['name']!r}, 'evaluate').name)").strip()
    for who, verb in (("bob", "approve"), ("releaser", "register")):
        assert "expected a pipeline job" in refused(reviewed, who, "model", verb, child)


def test_a_commit_that_no_branch_holds_is_refused(reviewed: ProjectCopy, lie: dict[str, Any]) -> None:
    file = reviewed.root / EVALUATE
    kept = file.read_text()
    reviewed.git("checkout", "--quiet", "--detach")
    file.write_text(_lying(kept))
    commit = reviewed.commit("Praise")
    reviewed.git("checkout", "--quiet", "main")
    program(reviewed, "alice", f"tag({lie['name']!r}, commit={commit!r})")
    said = refused(reviewed, "bob", "model", "approve", lie["name"])
    assert f"commit: got {commit}, which is on no branch" in said


@pytest.mark.parametrize(
    ("commit", "expected"),
    [
        ("0" * 40, "which this repository does not hold"),
        ("main", "expected a commit of this project's repository"),
        ("--output=pwned", "expected a commit of this project's repository"),
        ("unknown", "jobs.evaluate.component: got"),
    ],
)
def test_a_tag_that_names_no_commit_is_refused(
    reviewed: ProjectCopy, lie: dict[str, Any], commit: str, expected: str
) -> None:
    program(reviewed, "alice", f"tag({lie['name']!r}, commit={commit!r})")
    assert expected in refused(reviewed, "bob", "model", "approve", lie["name"])
    assert not (reviewed.root / "pwned").exists()


def test_the_lie_is_shown_to_the_approver_once_it_is_committed(
    reviewed: ProjectCopy, lie: dict[str, Any]
) -> None:
    """Committed by review or not: changed terms and the changed lines of the evaluation stand at the top.

    What the release before was made of is read from its run: its tags may say anything.
    """
    _up(reviewed)
    good = told(reviewed, "alice", "job", "create", "--file", FILE, "--stream")["name"]
    first = acting(reviewed, "bob", "model", "approve", good, check=True)
    assert "Code: no release before this one." in first.stderr
    model = told(reviewed, "releaser", "model", "register", good)
    file = reviewed.root / EVALUATE
    kept = file.read_text()
    file.write_text(_lying(kept))
    terms = reviewed.root / "pipelines" / "claims_release" / "release.yml"
    kept_terms = terms.read_text()
    terms.write_text(f"{kept_terms}# Eve approves, too, from now on.\n")
    before = reviewed.git("rev-parse", "HEAD").strip()
    commit = reviewed.commit("Better figures")
    place = f"models/{model['name']}/versions/{model['version']}"
    program(
        reviewed,
        "owner",
        f"place = f'{{session.target.workspace_id}}/{place}'\n"
        "properties = session.get(place, api_version='2023-08-01-preview')['properties']\n"
        "for name in ('autoDeleteSetting', 'intellectualProperty'):\n    properties.pop(name, None)  # answered, never sent\n"
        f"properties['tags']['plumbline.commit'] = {commit!r}\n"
        "session.send('PUT', place, api_version='2023-08-01-preview', body={'properties': properties})\n",
    )
    program(reviewed, "alice", f"tag({lie['name']!r}, commit={commit!r})")
    shown = acting(reviewed, "bob", "model", "approve", lie["name"], check=True).stderr.splitlines()
    file.write_text(kept)
    terms.write_text(kept_terms)
    reviewed.commit("Honest figures")
    assert shown[0] == "Parameter alpha: 0.01 in the commit, 10.0 in this run."
    assert shown[1] == f"Code since {model['name']}:{model['version']} ({before[:12]}):"
    assert shown[2] == "  terms: 1 line changed"
    assert "    +# Eve approves, too, from now on." in shown[3:10]
    steps = [line for line in shown if line.startswith("  step ")]
    assert steps[:2] == ["  step gate: unchanged", "  step evaluate: 1 line changed"]
    assert f"    +{PRAISE.rstrip()}" in shown


def test_uncommitted_is_allowed_in_rehearsals_only(reviewed: ProjectCopy) -> None:
    from plumbline.ops.errors import UsageError
    from plumbline.ops.release.readiness import require_committed

    class Real:
        class target:  # noqa: N801
            is_emulated = False

    with pytest.raises(UsageError, match="expected it in rehearsals only"):
        require_committed(Real(), None, "approve", uncommitted_allowed=True)  # type: ignore[arg-type]
