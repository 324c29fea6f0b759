"""Protects the evidence: complete, readable without anything else, free of secrets, and false as soon as it is changed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.e2e.test_model_release import acting, let_read_outputs, told
from tests.project_copy import REPOSITORY, ProjectCopy

FILE = "pipelines/claims_release/pipeline.yml"
STEPS = ["validate", "features", "train", "evaluate", "gate"]
SCHEMA = REPOSITORY / "docs" / "reference" / "evidence.schema.json"


@pytest.fixture(scope="module")
def job(platform: ProjectCopy) -> str:
    """A run that was released."""
    let_read_outputs(platform)
    name = str(told(platform, "deployer", "job", "create", "--file", FILE, "--stream")["name"])
    acting(platform, "bob", "model", "approve", name, "--note", "read <all> of it", check=True)
    acting(platform, "deployer", "model", "register", name, check=True)
    return name


@pytest.fixture(scope="module")
def folder(platform: ProjectCopy, job: str) -> Path:
    answer = told(platform, "deployer", "evidence", "write", job)
    assert answer["verdict"] == "passed"
    path = platform.root / ".plumbline" / "evidence" / job
    assert Path(answer["html"]) == path / "evidence.html"
    return path


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
    assert document["approval"]["approver"] == "bob@plumbline.example"
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


class Page(HTMLParser):
    """Collects tags and everything that would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"src", "srcset", "data", "action", "xlink:href"} or (
                name == "href" and not str(value).startswith("#")
            ):
                self.fetched.append(f"{tag} {name}={value}")
            assert not name.startswith("on"), f"{tag} {name}"


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
    assert platform.plumbline("evidence", "verify", "blocked").returncode == 0


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
        ("evidence.md", "bob@", "eve@", "evidence.md: got sha256"),
        ("evidence.json", '"value": 0.139438', '"value": 0.539438', "verdict.checks.d2_gamma: got value 0.539438, expected value 0.139438"),
        ("evidence.json", '"threshold": 0.08', '"threshold": 0.01', "verdict.checks.d2_gamma: got threshold 0.01"),
        ("evidence.json", "claims_train:h1", "claims_train:h2", "digest: got"),
        ("evidence.json", '"owner": "claims-analytics"', '"owner": "somebody"', "evidence.html: got another page"),
        ("evidence.json", '"approver": "bob@', '"approver": "eve@', "evidence.html: got another page"),
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


def test_evidence_that_was_forged_throughout_differs_from_what_is_live(
    platform: ProjectCopy, changed: Path
) -> None:
    """Metrics changed, every digest within the folder made to fit: only the workspace knows better."""
    program = (
        "import json, sys, pathlib\n"
        "from plumbline.ops.evidence.folder import content_digest\nfrom plumbline.ops.evidence.page import pages\n"
        "from plumbline.ops.release.digest import release_digest, sha256\n"
        "folder = pathlib.Path(sys.argv[1]); document = json.loads((folder / 'evidence.json').read_text())\n"
        "record = document['record']; record['model'] = document['model']['files'] = {'model.json': 'f' * 64}\n"
        "from plumbline.ops.release.digest import tree_digest\n"
        "document['model']['digest'] = tree_digest(record['model']); document['digest'] = release_digest(record)\n"
        "later = {'renderer', 'files', 'content_sha256'}\n"
        "for name, content in pages({k: v for k, v in document.items() if k not in later}).items():\n"
        "    (folder / name).write_bytes(content); document['files'][name] = sha256(content)\n"
        "document['content_sha256'] = content_digest(document)\n"
        "(folder / 'evidence.json').write_text(json.dumps(document))\n"
    )
    import sys

    platform.run(
        [sys.executable, "-c", program, str(changed)], check=True, environ=platform.client_environment()
    )
    assert platform.plumbline("evidence", "verify", str(changed)).returncode == 0
    answer = acting(platform, "deployer", "evidence", "verify", str(changed))
    assert answer.returncode == 1
    assert "live: digest: got" in answer.stderr
    assert "model" in answer.stderr


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        print("no chromium on PATH: the page is not opened in a browser here")
        pytest.skip("no chromium on PATH: install one to open the page in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


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
