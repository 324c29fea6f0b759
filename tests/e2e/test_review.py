"""Protects the review of a pull request: against a real preview, with code, reach, other people's changes, problems."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import jsonschema

from tests.project_copy import REPOSITORY, ProjectCopy

SCRIPT = Path(__file__).parent.parent / "official_client.py"
TRAIN = "pipelines/claims_release/components/train/src/train.py"
GATE = "pipelines/claims_release/components/gate/src/gate.py"


GUIDE = (REPOSITORY / "docs/guides/pull-requests.md").read_text()


def _guided(platform: ProjectCopy, words: str) -> str:
    """Run a command as the guide of pull requests writes it."""
    assert f"\n    plumbline {words}\n" in GUIDE
    return platform.plumbline(*words.split()).stdout


def test_every_command_of_the_guide_is_run() -> None:
    commands = re.findall(r"^    plumbline (.+)$", GUIDE, re.MULTILINE)
    run = Path(__file__).read_text()
    assert [words for words in commands if f'_guided(platform, "{words}")' not in run] == []
    assert len(commands) >= 5


def _schema() -> dict[str, object]:
    found: dict[str, object] = json.loads((REPOSITORY / "docs/reference/review.schema.json").read_text())
    return found


def test_a_stack_that_is_as_its_code_needs_no_review(platform: ProjectCopy) -> None:
    text = _guided(platform, "review --stack local --base main")
    assert text.startswith("<!-- plumbline-review stack=local -->\n")
    assert "**No change: this stack already is what the code says.**" in text


def test_a_pull_request_is_reviewed_without_a_change(platform: ProjectCopy) -> None:
    platform.git("switch", "--quiet", "--create", "colder-gate")
    for file in (TRAIN, GATE):
        with (platform.root / file).open("a") as script:
            script.write("# reviewed line\n")
    (platform.root / "pipelines/claims_release/components/train/src/new_file.py").write_text("FEATURES = 7\n")
    platform.commit("Train otherwise")
    why = _guided(platform, "explain version claims_train --stack local")
    assert f"({TRAIN}:" in why
    assert "+# reviewed line" in why
    same = platform.plumbline("explain", "version", "claims_validate", "--stack", "local").stdout
    assert "keeps its version" in same
    alice = platform.client_environment("alice")
    platform.run([sys.executable, str(SCRIPT), "raise", "9"], check=True, environ=alice)
    why = _guided(platform, "explain drift cpu-cluster --stack local")
    assert "maxNodeCount: 4 -> 9  (" in why
    assert "alice@plumbline.example changed it at " in why
    platform.control("DELETE", "requests")
    before = platform.pulumi("stack", "export", "--stack", "local").stdout

    shown = _guided(platform, "review --stack local --base main --to review.md --annotations github")
    text = (platform.root / "review.md").read_text()
    first = "\n".join(text.splitlines()[:20])
    assert "**update** `claims_gate`" in first
    assert "decides what may be released" in first
    assert "This would undo alice\\@plumbline.example's change" in text
    assert "maxNodeCount is 9 now, was 4, and becomes 4" in text
    assert f"{TRAIN}:" in text
    assert "+# reviewed line" in text
    assert "+FEATURES = 7" in text
    row = next(line for line in text.splitlines() if line.startswith("| `claims_release` |"))
    assert "| `train`, `gate` | `evaluate` |" in row
    assert "schedule claims\\_release\\_weekly" in row
    assert row.count(" 06:00+0") == 3
    assert "```mermaid" in text
    assert "::warning file=pipelines/claims_release/components/gate/component.yml,line=" in shown
    assert "::warning file=components/compute.py,line=" in shown
    assert platform.writes() == []
    assert platform.pulumi("stack", "export", "--stack", "local").stdout == before

    found = json.loads(platform.plumbline("review", "-s", "local", "--base", "main", "-o", "json").stdout)
    jsonschema.validate(found, _schema())
    assert [one["who"] for one in found["undone"]] == ["alice@plumbline.example"]
    (platform.root / "review.md").unlink()
    platform.git("switch", "--quiet", "main")


def test_a_refused_change_is_named_at_its_line(platform: ProjectCopy) -> None:
    schedule = platform.root / "pipelines/claims_release/schedule.yml"
    whole = schedule.read_text()
    schedule.write_text(whole.replace("type: recurrence", "type: recurence"))
    try:
        answer = platform.plumbline(
            "review", "--stack", "local", "--to", "review.md", "--annotations", "azure-devops", check=False
        )
    finally:
        schedule.write_text(whole)
    assert answer.returncode == 1
    assert "sourcepath=pipelines/claims_release/schedule.yml;linenumber=9;" in answer.stdout
    assert "**Refused: 1 problem in the definitions.**" in (platform.root / "review.md").read_text()
    (platform.root / "review.md").unlink()


def test_a_saved_plan_is_applied_exactly_or_not_at_all(platform: ProjectCopy) -> None:
    alice = platform.client_environment("alice")
    train = platform.root / TRAIN
    # An update of one thing says nothing of the others.
    told = platform.pulumi(
        "up", "--stack", "local", "--yes", "--skip-preview", "--diff", "--suppress-outputs"
    ).stdout
    assert "cpu-cluster" in told
    assert "storage-account" not in told
    assert "claims_validate" not in told
    with train.open("a") as script:
        script.write("# planned line\n")
    _guided(platform, "review --stack local --save-plan plan.json")

    def refusal(plan: str = "plan.json") -> str:
        platform.control("DELETE", "requests")
        answer = platform.plumbline("up", "--stack", "local", "--plan", plan, "--yes", check=False)
        assert answer.returncode == 1, answer.stdout
        assert platform.writes() == []
        return answer.stderr

    whole = train.read_text()
    train.write_text(whole + "# not planned\n")
    assert f"code: got 1 file that changed since ({TRAIN})" in refusal()
    train.write_text(whole)
    plan = json.loads((platform.root / "plan.json").read_text())
    (platform.root / "edited.json").write_text(json.dumps({**plan, "changes": []}))
    assert "edited" in refusal("edited.json")
    # The code puts four nodes there, so that another update than the planned one would be needed.
    platform.run([sys.executable, str(SCRIPT), "raise", "9"], check=True, environ=alice)
    assert "cpu-cluster: got update, expected the plan's no change" in refusal()
    platform.run([sys.executable, str(SCRIPT), "raise", "4"], check=True, environ=alice)

    told = _guided(platform, "up --stack local --plan plan.json --yes")
    assert "2 changes" in told
    assert "claims-release-component-claims_train" in told
    # Nothing is said about a resource that stays as it is.
    assert "claims_validate" not in told
    assert "storage-account" not in told
    assert "state: got 2 resources that changed since" in refusal()
