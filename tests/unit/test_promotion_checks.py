"""Protects promotion's refusals: a table of what may be wrong, each with its word, its reason and its next step."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
import yaml

from plumbline.assets import ChangeWindow, ReleaseContract, content_hash, version_from_hash
from plumbline.assets.change_window import Exclusion
from plumbline.assets.contract import GateContract, Rollback, StepOutput
from plumbline.assets.release_flow import ReleaseFlow
from plumbline.azure.registry_pin import pin_finding
from plumbline.ops.errors import UserError
from plumbline.ops.promotion import checks
from plumbline.ops.promotion.holder import holding_stack
from plumbline.ops.promotion.promote import FINAL
from plumbline.ops.promotion.refusal import PromotionRefusedError, Refusal
from plumbline.ops.release.approval import Approval
from plumbline.ops.release.author import Author
from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.committed import CommittedRun
from plumbline.ops.release.writer import Writer

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)  # a Tuesday
ALICE, BOB = "a" * 8 + "-0000-4000-8000-000000000001", "b" * 8 + "-0000-4000-8000-000000000002"
JOB = {"type": "pipeline", "jobs": {}}
CANDIDATE = Candidate(
    body={"name": "claims-1", "properties": {"status": "Completed", "tags": {}}},
    job=JOB, steps=(), flow=ReleaseFlow(), authors=(Author(name="alice author", object_ids=frozenset({ALICE})),),
    components={}, data={},
)  # fmt: skip
APPROVAL = Approval(
    container="claims_approval", version="a1", approver="Bob Reviewer", approver_type="User",
    approved_at="2026-11-24T09:00:00.1234567+00:00", writer=Writer(object_id=BOB, sign_in_name="bob@plumbline.example"),
    unproved="",
)  # fmt: skip
CONTRACT = ReleaseContract(
    pipeline="claims", owner="team", cost_centre="1", support="help", escalation=("boss",), signal="green",
    rollback=Rollback(decided_by="boss", decide_when="red"),
    gate=GateContract(gate="gate", thresholds_input="thresholds", metrics="metrics.json", model_name="claims", model_output="model",
                      evaluation=StepOutput(step="judge", output="report"), verdict=StepOutput(step="judge", output="verdict")),
    expected_seconds={}, pipeline_seconds=60, approved_data=frozenset(),
    change_window=ChangeWindow(days=frozenset({1, 2, 3}), opens=time(9), closes=time(15), time_zone="Etc/UTC"),
)  # fmt: skip
SPEC = {"image": "mcr.microsoft.com/a:1"}
HASH = content_hash("environment", SPEC)
PIN: dict[str, Any] = {
    "kind": "environment", "name": "claims", "version": version_from_hash(HASH), "content_hash": HASH,
    "code_hash": None, "reference_hashes": {}, "spec": SPEC,
}  # fmt: skip


def _pins(**properties: Any) -> list[Refusal]:
    body = {"properties": {"image": SPEC["image"], **properties}} if properties.get("there", True) else None
    found = pin_finding(PIN, body, registry="shared-ml", place="registry shared-ml", code_hash=None)
    return checks.pin_refusals([found], next_step="Look.")


def _judged(metric: float) -> list[Refusal]:
    thresholds = yaml.safe_dump({"thresholds": {"score": {"at_least": 0.5, "why": "enough"}}}).encode()
    metrics = json.dumps({"schema": "plumbline.metrics/1", "metrics": {"score": metric}}).encode()
    return list(checks.run_refusals(replace(CANDIDATE, metrics=metrics, threshold_bytes=thresholds)))


def _duty(**changes: Any) -> list[Refusal]:
    return list(checks.duty_refusals("claims", replace(CONTRACT, **changes), NOW))


def _duty_of_nothing() -> list[Refusal]:
    return list(checks.duty_refusals("claims", None, NOW))


def _window(**changes: Any) -> list[Refusal]:
    assert CONTRACT.change_window is not None
    return _duty(change_window=replace(CONTRACT.change_window, **changes))


def _approved(*approvals: Approval) -> list[Refusal]:
    return checks.approval_refusals(CANDIDATE, approvals)[0]


OWN = replace(
    APPROVAL, approver="Alice Author", writer=Writer(object_id=ALICE, sign_in_name="alice@plumbline.example")
)
FROZEN = Exclusion(reason="year's end", first=NOW.date(), last=NOW.date())
TABLE: list[tuple[str, Callable[[], Iterable[Refusal]], str, str]] = [
    ("gate failed", lambda: _judged(0.1), "gate-closed", "score: got 0.1, expected at least 0.5"),
    ("a run without a gate", lambda: checks.run_refusals(CANDIDATE), "run", "got no run of the gate's step"),
    ("no approval", _approved, "no-approval", "got no approval of digest"),
    ("approval by the author", lambda: _approved(OWN), "own-approval", "who submitted the run"),
    ("approval by an application", lambda: _approved(replace(APPROVAL, approver_type="Application")), "own-approval", "no person"),
    (
        "an approver whom nobody can name", lambda: _approved(replace(APPROVAL, writer=None, unproved="the log is late")),
        "approval-unproved", "the log is late",
    ),
    ("a version that is not there", lambda: _pins(there=False), "missing", "got nothing in registry shared-ml"),
    ("other content", lambda: _pins(image="evil:1"), "hash-mismatch", f"expected {HASH} (image:"),
    ("archived", lambda: _pins(isArchived=True), "archived", "--registry-name shared-ml"),
    ("drift", lambda: checks.drift_refusals("staging", ["cpu-cluster: max: 9"], ()), "drifted", "--despite-drift"),
    ("drift beside what was named", lambda: checks.drift_refusals("staging", ["a: x", "b: y"], ["a"]), "drifted", "b: y"),
    ("a part of a name", lambda: checks.drift_refusals("staging", ["cpu-cluster: max: 9"], ["c", "cpu", ":", "", " "]), "drifted", "cpu-cluster"),
    ("a stack that does not run it yet", lambda: checks.live_refusals("staging", "schedule: got none"), "not-live", "got none"),
    ("a run of other definitions", lambda: checks.same_definition_refusals("0" * 64, CANDIDATE), "other-run", "0000"),
    ("no release.yml", lambda: checks.duty_refusals("claims", None, NOW), "no-duty", "release.yml: got none"),
    ("no owner", lambda: _duty(owner=" "), "no-owner", "owner: got nothing"),
    ("nobody to escalate to", lambda: _duty(escalation=("boss", " ")), "no-escalation", "escalation: got nothing"),
    ("no word on when", lambda: _duty(rollback=Rollback(decided_by="boss", decide_when="")), "no-rollback", "decide_when: got nothing"),
    ("a novel of a signal", lambda: _duty(signal="x" * 5000), "no-signal", "got 5000 characters, expected at most 4000"),
    ("no signal", lambda: _duty(signal=""), "no-signal", "monitoring.signal: got nothing"),
    ("no support", lambda: _duty(support=""), "no-support", "support.contact"),
    ("no escalation", lambda: _duty(escalation=()), "no-escalation", "escalation: got nothing"),
    ("nobody to take it back", lambda: _duty(rollback=Rollback(decided_by="", decide_when="")), "no-rollback", "rollback"),
    ("another day", lambda: _window(days=frozenset({4})), "outside-window", "Tuesday 2026-11-24 10:00 Etc/UTC"),
    ("too early", lambda: _window(opens=time(11)), "outside-window", "is outside of it"),
    ("too late", lambda: _window(closes=time(10)), "outside-window", "is outside of it"),
    ("a date left out", lambda: _window(exclusions=(FROZEN,)), "outside-window", "year's end"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "code", "said"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_is_wrong_is_refused_by_its_word(
    found: Callable[[], Iterable[Refusal]], code: str, said: str
) -> None:
    refusals = [one for one in found() if one.code == code]
    assert refusals
    assert any(said in one.line for one in refusals)
    assert all(one.next_step for one in refusals)


def test_what_is_right_is_not_refused() -> None:
    assert _duty() == []
    assert _duty(change_window=None) == []
    assert _pins() == []
    assert list(checks.drift_refusals("staging", ["cpu-cluster: max: 9"], ["cpu-cluster"])) == []
    refusals, locked = checks.approval_refusals(CANDIDATE, [OWN, APPROVAL])
    assert refusals == []
    assert locked is not None
    assert (locked.object_id, locked.name, locked.of) == (BOB, "bob@plumbline.example", CANDIDATE.digest)
    assert locked.at == "2026-11-24T09:00:00.1234567Z"


def test_evidence_that_is_not_there_or_tampered_with_or_of_another_run_is_refused(tmp_path: Path) -> None:
    assert [one.code for one in checks.evidence_refusals(CANDIDATE, tmp_path)[0]] == ["no-evidence"]
    (tmp_path / "evidence.json").write_text(
        json.dumps({"schema": "plumbline.evidence/1", "digest": "f" * 64})
    )
    refusals, _ = checks.evidence_refusals(CANDIDATE, tmp_path)
    assert [one.code for one in refusals] == ["evidence-tampered", "evidence-of-other"]
    assert f"expected {CANDIDATE.digest}" in refusals[1].reason


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit on main."""
    (tmp_path / "pipelines" / "claims").mkdir(parents=True)
    (tmp_path / "pipelines" / "claims" / "pipeline.yml").write_text("type: pipeline\n")
    for words in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "--all"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "one"),
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def _commit_codes(checkout: Path, committed: CommittedRun, branch: str = "main") -> list[str]:
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout, check=True, capture_output=True, text=True
    ).stdout.strip()
    refusals, _ = checks.commit_refusals(
        committed,
        project=checkout,
        pipeline="claims",
        commit=head,
        branch=branch,
        files=("stacks/locks/staging.yaml",),
    )
    return [one.code for one in refusals]


def test_a_checkout_that_is_dirty_or_on_another_branch_is_refused(checkout: Path) -> None:
    clean = CommittedRun(commit="c", parameters={})
    assert _commit_codes(checkout, clean) == []
    assert _commit_codes(checkout, clean, branch="release") == ["not-on-branch"]
    assert _commit_codes(checkout, replace(clean, faults=("commit: got other definitions",))) == ["commit"]
    (checkout / "stacks" / "locks").mkdir(parents=True)
    (checkout / "stacks" / "locks" / "staging.yaml").write_text("lock: not committed\n")
    assert _commit_codes(checkout, clean) == ["dirty"]
    (checkout / "elsewhere.txt").write_text("nobody's business\n")
    (checkout / "stacks" / "locks" / "staging.yaml").unlink()
    assert _commit_codes(checkout, clean) == []


def test_a_remote_branch_whose_name_only_ends_like_main_is_not_main(checkout: Path, tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=checkout, check=True, capture_output=True)

    clean = CommittedRun(commit="c", parameters={})
    git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    git("remote", "add", "origin", str(tmp_path / "remote.git"))
    git("push", "--quiet", "origin", "HEAD:refs/heads/topic/main")
    assert _commit_codes(checkout, clean) == ["not-on-branch"]
    assert _commit_codes(checkout, clean, branch="topic/main") == []
    git("push", "--quiet", "origin", "HEAD:refs/heads/main")
    assert _commit_codes(checkout, clean) == _commit_codes(checkout, clean, branch="origin/main") == []


def test_who_comes_second_is_told_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    with holding_stack(tmp_path, "staging", "promotion", print):
        with holding_stack(tmp_path, "prod", "promotion", print):
            pass
        with (
            pytest.raises(UserError, match=r"got it held by promotion of .+ \(pid \d+\) since 20"),
            holding_stack(tmp_path, "staging", "rollback", print),
        ):
            pass
    with holding_stack(tmp_path, "staging", "rollback", print):
        pass


def test_no_override_lifts_what_the_lock_itself_must_say() -> None:
    refusals = [
        *_duty(
            owner="", signal="", support="", escalation=(), rollback=Rollback(decided_by="", decide_when="")
        ),
        *_duty_of_nothing(),
    ]
    assert {one.code for one in refusals} <= FINAL
    assert "outside-window" not in FINAL


def test_refusals_are_told_all_at_once_and_are_a_verdict() -> None:
    error = PromotionRefusedError("promote claims", [*_duty(owner="", signal="")])
    assert error.exit_code == 3
    assert str(error).splitlines()[0] == "promote claims: refused for 2 reasons:"
    assert [line.split(":")[0].strip() for line in str(error).splitlines()[1:3]] == ["no-owner", "no-signal"]
