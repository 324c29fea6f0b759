"""Protects the evidence: complete, readable without anything else, free of secrets, and false as soon as it is changed."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from plumbline.ops.evidence.live_comparison import compare
from plumbline.ops.evidence.verification import first_difference
from tests.e2e.test_model_release import acting, let_read_outputs, told
from tests.evidence_forger import Forger
from tests.evidence_forgeries import CONSISTENT, CONTRADICTIONS, Forgery, better_throughout
from tests.evidence_page import Page
from tests.project_copy import REPOSITORY, ProjectCopy

FILE = "pipelines/claims_release/pipeline.yml"
STEPS = ["validate", "features", "train", "evaluate", "gate"]
SCHEMA = REPOSITORY / "docs" / "reference" / "evidence.schema.json"


@pytest.fixture(scope="module")
def job(platform: ProjectCopy) -> str:
    """A run that was released."""
    let_read_outputs(platform)
    name = str(told(platform, "deployer", "job", "create", "--file", FILE, "--stream")["name"])
    acting(platform, "deployer", "evidence", "write", name, "--out", "early", check=True)
    acting(platform, "bob", "model", "approve", name, "--note", "read <all> of it", check=True)
    acting(platform, "releaser", "model", "register", name, check=True)
    return name


@pytest.fixture(scope="module")
def folder(platform: ProjectCopy, job: str) -> Path:
    answer = told(platform, "deployer", "evidence", "write", job)
    assert answer["verdict"] == "passed"
    path = platform.root / ".plumbline" / "evidence" / job
    assert Path(answer["html"]) == path / "evidence.html"
    return path


@pytest.fixture(scope="module")
def early(platform: ProjectCopy, job: str) -> Path:
    """Evidence of the same run, written before it was approved."""
    return platform.root / "early"


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "evidence.json").read_text())
    return found


@pytest.fixture(scope="module")
def blocked(platform: ProjectCopy, job: str) -> Path:
    words = ("job", "create", "--file", FILE, "--set", "inputs.alpha=10", "--stream", "--output", "json")
    name = json.loads(acting(platform, "deployer", *words).stdout)["name"]
    acting(platform, "deployer", "evidence", "write", name, "--out", "blocked", check=True)
    return platform.root / "blocked"


@pytest.fixture
def changed(folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(folder, tmp_path / "evidence"))


def test_evidence_is_of_its_published_schema(document: dict[str, Any], blocked: Path) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    for one in (document, json.loads((blocked / "evidence.json").read_text())):
        assert [error.message for error in validator.iter_errors(one)] == []


def test_evidence_holds_what_a_reviewer_asks_for(document: dict[str, Any], job: str) -> None:
    assert document["verdict"]["sentence"] == "The model reaches all 7 thresholds."
    assert document["verdict"]["run_agrees"] is True
    assert document["rehearsal"] is True
    assert document["approval"]["approver"] == "Bob Reviewer"
    assert document["approval"]["rehearsal"] is True
    assert document["model"]["registered"]["name"] == "claims_release"
    assert document["job"]["submitter_shown"] == "deployer"
    assert [step["name"] for step in document["steps"]] == STEPS
    for step in document["steps"]:
        assert step["component"].partition(":h1")[2] == step["content_hash"][:16]
        assert re.fullmatch(r"[0-9a-f]{64}", step["lock_sha256"])
        assert step["reused"] or set(step["seconds"]) == {"queued", "preparing", "running", "uploading"}
    terms = document["release"]["terms"]
    assert terms["owner"] == "claims-analytics"
    for part in ("support", "escalation", "monitoring", "rollback"):
        assert terms[part]
    assert document["before_after"]["preparation_days"] == {"before": 10, "goal": 5, "after": 4}
    assert [plot["name"] for plot in document["plots"]] == ["lift", "calibration", "residuals"]
    assert len(document["samples"]["rows"]) == 25
    assert {row["attribute"] for row in document["groups"]} >= {"sex", "race", "age"}
    assert {one["input"]: one["name"] for one in document["data"]}["claims"] == "claims_medical_expenditures"


def test_writing_again_gives_the_same_bytes(platform: ProjectCopy, folder: Path, job: str) -> None:
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    acting(platform, "deployer", "evidence", "write", job, check=True)
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_the_page_needs_nothing_else_and_runs_nothing(folder: Path, blocked: Path) -> None:
    for path in (folder, blocked):
        text = (path / "evidence.html").read_text()
        page = Page()
        page.feed(text)
        assert page.fetched == []
        assert not {"script", "iframe", "object", "embed", "link", "img"} & set(page.tags)
        assert "url(" not in text.replace("url(#tip)", "")
        assert "@import" not in text


def test_what_people_wrote_is_text_on_the_page(folder: Path) -> None:
    assert "read &lt;all&gt; of it" in (folder / "evidence.html").read_text()
    assert "read &lt;all&gt; of it" in (folder / "evidence.md").read_text()


def test_no_secret_and_no_signed_address_is_in_it(platform: ProjectCopy, folder: Path) -> None:
    secrets = [one["identity_header"] for one in platform.ready()["principals"].values()]
    for path in folder.rglob("*"):
        text = path.read_text(errors="replace") if path.is_file() else ""
        assert not any(secret in text for secret in secrets), path
        assert "sig=" not in text, path


def test_git_does_not_see_it(platform: ProjectCopy, folder: Path) -> None:
    assert ".plumbline/" in (REPOSITORY / ".gitignore").read_text().split()
    assert folder.is_relative_to(platform.root / ".plumbline")


def test_a_blocked_run_has_evidence_too(blocked: Path, platform: ProjectCopy) -> None:
    document = json.loads((blocked / "evidence.json").read_text())
    assert document["verdict"]["outcome"] == "blocked"
    assert document["verdict"]["gate"] == "Failed"
    assert document["approval"] is None
    assert document["model"]["registered"] is None
    assert [row["metric"] for row in document["verdict"]["checks"] if not row["pass"]] == [
        "d2_gamma", "deviance_ratio_to_class_rating", "decile_calibration_error",
    ]  # fmt: skip
    assert (
        "gate closed: d2_gamma" in next(step for step in document["steps"] if step["name"] == "gate")["error"]
    )
    assert told(platform, "deployer", "evidence", "verify", "blocked")["notices"] == []


def test_a_run_that_measured_nothing_has_evidence_that_holds(platform: ProjectCopy, job: str) -> None:
    train = platform.root / "pipelines/claims_release/components/train/src/train.py"
    before = train.read_text()
    train.write_text('raise SystemExit("out of luck")\n')
    words = ("job", "create", "--file", FILE, "--anonymous", "--stream", "--output", "json")
    try:
        name = json.loads(acting(platform, "deployer", *words).stdout)["name"]
    finally:
        train.write_text(before)
    acting(platform, "deployer", "evidence", "write", name, "--out", "unmeasured", check=True)
    document = json.loads((platform.root / "unmeasured" / "evidence.json").read_text())
    assert document["verdict"]["outcome"] == "not judged"
    assert document["verdict"]["sentence"] == "Nothing was measured: step train failed."
    assert told(platform, "deployer", "evidence", "verify", "unmeasured")["notices"] == []


def test_a_folder_that_holds_other_things_is_left_alone(platform: ProjectCopy, job: str) -> None:
    answer = acting(platform, "deployer", "evidence", "write", job, "--out", "pipelines")
    assert answer.returncode == 1
    assert "which holds other things" in answer.stderr
    assert (platform.root / FILE).is_file()


def test_verify_agrees_offline_and_with_what_is_live(
    platform: ProjectCopy, folder: Path, document: dict[str, Any]
) -> None:
    offline = platform.plumbline("evidence", "verify", str(folder), "--output", "json")
    assert json.loads(offline.stdout)["digest"] == document["digest"]
    assert json.loads(offline.stdout)["compared_with_live"] is False
    live = told(platform, "deployer", "evidence", "verify", str(folder))
    assert live["compared_with_live"] is True
    assert live["notices"] == []


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("files/metrics.json", "0.139438", "0.239438", "files/metrics.json: got sha256"),
        ("files/thresholds.yml", "at_least: 0.08", "at_least: 0.01", "files/thresholds.yml: got sha256"),
        ("files/verdict.json", "true", "false", "files/verdict.json: got sha256"),
        ("files/lift.csv", "1,401", "1,402", "files/lift.csv: got sha256"),
        ("evidence.html", "Passed", "Failed", "evidence.html: got sha256"),
        ("evidence.md", "Bob Reviewer", "Eve Reviewer", "evidence.md: got sha256"),
        ("evidence.json", '"value": 0.139438', '"value": 0.539438', "verdict.checks.d2_gamma.value: got 0.539438, expected 0.139438 as files/metrics.json"),
        ("evidence.json", '"threshold": 0.08', '"threshold": 0.01', "verdict.checks.d2_gamma.threshold: got 0.01"),
        ("evidence.json", "claims_train:h1", "claims_train:h2", "digest: got"),
        ("evidence.json", '"owner": "claims-analytics"', '"owner": "somebody"', 'release.terms.owner: got "somebody", expected "claims-analytics"'),
        ("evidence.json", '"approver": "Bob', '"approver": "Eve', "evidence.html: got another page"),
        ("evidence.json", '"experiment_name": "claims', '"experiment_name": "other', "its own content_sha256"),
    ],
)  # fmt: skip
def test_the_first_part_that_was_changed_is_named(
    platform: ProjectCopy, changed: Path, file: str, old: str, new: str, named: str
) -> None:
    edited(changed / file, old, new)
    answer = platform.plumbline("evidence", "verify", str(changed), check=False)
    assert answer.returncode == 1
    assert named in answer.stderr.splitlines()[0]


def test_a_file_that_is_missing_or_added_is_named(platform: ProjectCopy, changed: Path) -> None:
    (changed / "note.txt").write_text("trust me")
    assert (
        "note.txt: got a file" in platform.plumbline("evidence", "verify", str(changed), check=False).stderr
    )
    (changed / "files" / "lift.csv").unlink()
    assert (
        "files/lift.csv: got no such file"
        in platform.plumbline("evidence", "verify", str(changed), check=False).stderr
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda path: (path / "files" / "empty").mkdir(), "files/empty: got a folder that holds no listed file"),
        (lambda path: (path / "evidence.md").chmod(0o755), "evidence.md: got mode 0755, expected at most 0644"),
        (lambda path: (path / "files/metrics.json").chmod(0o666), "files/metrics.json: got mode 0666"),
        (lambda path: (path / "more").symlink_to("/etc"), "more: got a link, expected a file or a folder"),
        (lambda path: (path / "evidence.json").open("a").write("\n \n"), "evidence.json: got other bytes than its document"),
        (lambda path: os.mkfifo(path / "pipe"), "pipe: got no ordinary file"),
    ],
)  # fmt: skip
def test_what_no_digest_holds_is_named(
    platform: ProjectCopy, changed: Path, change: Callable[[Path], object], named: str
) -> None:
    change(changed)
    answer = platform.plumbline("evidence", "verify", str(changed), check=False)
    assert answer.returncode == 1
    assert named in answer.stderr


# -- forged by somebody who computes content_sha256, and draws the pages, again


@pytest.mark.parametrize(("forge", "named"), CONTRADICTIONS)
def test_a_forgery_that_contradicts_copies_or_record_is_refused_offline(
    folder: Path, tmp_path: Path, forge: Forgery, named: str
) -> None:
    forger = Forger(folder, tmp_path / "forged")
    assert forger.found() == ""
    forge(forger)
    assert named in forger.found()


def test_pages_of_an_unknown_renderer_are_said_to_be_held_by_digests_alone(
    platform: ProjectCopy, folder: Path, tmp_path: Path
) -> None:
    forger = Forger(folder, tmp_path / "forged")
    forger.e["renderer"] = "0" * 64
    edited(forger.path / "evidence.html", "Passed", "Splendid")
    forger.seal_as_it_is()
    answer = platform.plumbline("evidence", "verify", str(forger.path), "--output", "json")
    (notice,) = json.loads(answer.stdout)["notices"]
    assert notice.startswith(
        "evidence.html, evidence.md: drawn by renderer 000000000000, this Plumbline has "
    )
    assert f"Notice: {notice}" in answer.stderr
    (forger.path / "evidence.html").write_text("edited once more")
    refused = platform.plumbline("evidence", "verify", str(forger.path), check=False)
    assert refused.returncode == 1
    assert "evidence.html: got sha256 " in refused.stderr
    (forger.path / "evidence.html").unlink()
    assert first_difference(forger.seal_as_it_is()) == (
        "evidence.html: got no such file, expected the page of evidence.json"
    )


@pytest.mark.parametrize(("forge", "named"), CONSISTENT)
def test_a_forgery_that_agrees_with_itself_differs_from_what_is_live(
    folder: Path, document: dict[str, Any], tmp_path: Path, forge: Forgery, named: str
) -> None:
    """Writing again gives the same bytes, so that the honest document is what is gathered again."""
    forger = Forger(folder, tmp_path / "forged")
    forge(forger)
    assert forger.found() == ""
    copies = {name: digest for name, digest in document["files"].items() if name.startswith("files/")}
    found = compare(forger.e, document, copies).differences
    assert any(line.startswith(named) for line in found), found


def test_evidence_that_was_forged_throughout_is_refused_with_the_stack(
    platform: ProjectCopy, folder: Path, tmp_path: Path
) -> None:
    forger = Forger(folder, tmp_path / "forged")
    better_throughout(forger)
    forger.seal()
    assert platform.plumbline("evidence", "verify", str(forger.path)).returncode == 0
    answer = acting(platform, "deployer", "evidence", "verify", str(forger.path))
    assert answer.returncode == 1
    assert "live: digest: got " in answer.stderr.splitlines()[0]
    assert "live: record.metrics_sha256: got " in answer.stderr
    assert "more parts differ" in answer.stderr


def test_a_disputed_run_told_as_passed_is_refused(platform: ProjectCopy, job: str, tmp_path: Path) -> None:
    """Nobody registered what it ran: only the workspace knows, once the record is forged too."""
    words = ("job", "create", "--file", FILE, "--anonymous", "--stream", "--output", "json")
    name = json.loads(acting(platform, "deployer", *words, check=True).stdout)["name"]
    acting(platform, "deployer", "evidence", "write", name, "--out", "disputed", check=True)
    forger = Forger(platform.root / "disputed", tmp_path / "forged")
    assert forger.e["verdict"]["outcome"] == "disputed"
    assert platform.plumbline("evidence", "verify", "disputed", "--stack", "local").returncode == 0
    passed = {"outcome": "passed", "pass": True, "sentence": "The model reaches all 7 thresholds."}
    forger.e["verdict"] |= {**passed, "problems": []}
    assert "verdict.problems: got none, expected one: component azureml_anonymous" in forger.found()
    answer = acting(platform, "deployer", "evidence", "verify", str(forger.path))
    assert answer.returncode == 1
    assert "verdict.problems" in answer.stderr


def test_what_may_change_after_the_writing_is_a_notice(platform: ProjectCopy, early: Path) -> None:
    """Written before anybody approved and registered; since then the owner moved."""
    terms = platform.root / "pipelines" / "claims_release" / "release.yml"
    before = terms.read_text()
    terms.write_text(before.replace("owner: claims-analytics", "owner: claims-reserving"))
    assert "owner: claims-reserving" in terms.read_text()
    try:
        notices = told(platform, "deployer", "evidence", "verify", str(early))["notices"]
    finally:
        terms.write_text(before)
    assert any(line.startswith("live: approval: got ") for line in notices)
    assert any(line.startswith("live: model.registered: got ") for line in notices)
    assert any(
        line.startswith(
            'live: release.terms.owner: got "claims-reserving", expected "claims-analytics". The terms '
        )
        for line in notices
    )


def test_an_approver_whom_the_checkout_no_longer_lists_is_a_notice(
    platform: ProjectCopy, folder: Path
) -> None:
    terms = platform.root / "pipelines" / "claims_release" / "release.yml"
    before = terms.read_text()
    terms.write_text(
        before.replace(
            "\ndata_approvals:", "\napproval:\n  approvers: [carol@plumbline.example]\ndata_approvals:"
        )
    )
    try:
        notices = told(platform, "deployer", "evidence", "verify", str(folder))["notices"]
    finally:
        terms.write_text(before)
    (found,) = [line for line in notices if line.startswith("live: approval ")]
    assert (
        "does not count by this checkout: it was written by Bob Reviewer (bob@plumbline.example), whom approval.approvers"
        in found
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_graph_and_pictures(browser: Any, folder: Path, scheme: str) -> None:
    page = browser.new_page(
        color_scheme=scheme, viewport={"width": 420, "height": 900}, java_script_enabled=True
    )
    told_by_page: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: told_by_page.append(message.text))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((folder / "evidence.html").as_uri())
    assert told_by_page == []
    assert requests == [(folder / "evidence.html").as_uri()]
    assert page.locator("#verdict strong").inner_text() == "Passed"
    assert page.locator("svg.graph g.step").count() == 5
    assert page.locator("svg.plot").count() == 3
    for at in range(3):
        box = page.locator("svg.plot").nth(at).bounding_box()
        assert box["width"] > 200
        assert box["height"] > 100
        assert page.locator("svg.plot").nth(at).locator("polyline").count() >= 2
    assert page.locator("svg.bullet").count() == 7
    # Nothing sticks out on a telephone.
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    page.close()


def test_a_browser_prints_it(browser: Any, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "evidence.html").as_uri())
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.close()
