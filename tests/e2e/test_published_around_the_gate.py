"""Protects the registry's readers: a model that went round its gate is called so by list, evidence and the next release."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.test_model_release import CLIENT, FILE, acting, in_python, let_read_outputs, told
from tests.project_copy import ProjectCopy

PUBLISH = (
    f"{CLIENT}"
    "from azure.ai.ml.entities import Model\n"
    "import sys\n"
    "tags = json.loads(os.environ.get('TAGS') or '{{}}')\n"
    "made = client.models.create_or_update(Model(name='claims_release', type='custom_model', version={version!r},\n"
    "    path='azureml://jobs/{job}/outputs/model/paths/', tags=tags))\n"
    "print(made.version)\n"
)


@pytest.fixture(scope="module")
def reviewed(platform: ProjectCopy) -> ProjectCopy:
    let_read_outputs(platform)
    return platform


@pytest.fixture(scope="module")
def released(reviewed: ProjectCopy) -> dict[str, Any]:
    job = told(reviewed, "alice", "job", "create", "--file", FILE, "--stream")["name"]
    acting(reviewed, "bob", "model", "approve", job, check=True)
    found: dict[str, Any] = told(reviewed, "deployer", "model", "register", job)
    return found


@pytest.fixture(scope="module")
def weak(reviewed: ProjectCopy) -> str:
    words = ("job", "create", "--file", FILE, "--set", "inputs.alpha=10", "--stream", "--output", "json")
    answer = acting(reviewed, "alice", *words)
    assert answer.returncode == 3, answer.stderr
    return str(json.loads(answer.stdout)["name"])


@pytest.fixture(scope="module")
def forged(reviewed: ProjectCopy, released: dict[str, Any], weak: str) -> str:
    """The blocked run's model under every tag of a release, by the official client."""
    program = PUBLISH.format(version="99", job=weak).replace(
        "os.environ.get('TAGS') or '{}'", repr(json.dumps({**released["tags"], "plumbline.job": weak}))
    )
    return in_python(reviewed, "deployer", program).strip()


def _versions(platform: ProjectCopy) -> dict[str, dict[str, Any]]:
    return {
        row["version"]: row for row in told(platform, "alice", "model", "list", "--name", "claims_release")
    }


def test_list_says_what_stands_behind_each_version(
    reviewed: ProjectCopy, released: dict[str, Any], forged: str
) -> None:
    rows = _versions(reviewed)
    assert rows[released["version"]]["released"] is True
    assert rows[released["version"]]["release"].startswith("released, approved by ")
    assert rows[forged]["released"] is False
    assert rows[forged]["release"].startswith("not released: d2_gamma: got ")
    faults = "\n".join(rows[forged]["release_faults"])
    assert "got a gate that is Failed, expected that it ran and passed" in faults
    assert "got no approval of what the run left" in faults


def test_evidence_of_the_blocked_run_says_alarm(reviewed: ProjectCopy, weak: str, forged: str) -> None:
    answer = acting(
        reviewed, "alice", "evidence", "write", weak, "--out", "blocked", "--output", "json", check=True
    )
    written = json.loads(answer.stdout)
    expected = "claims_release:99 is registered from this run although its verdict does not allow a release and nobody"
    assert written["alarm"].startswith(expected)
    page = (reviewed.root / "blocked" / "evidence.html").read_text()
    assert "Alarm" in page
    assert expected in page
    offline = acting(reviewed, "alice", "evidence", "verify", "blocked", "--output", "json")
    document = reviewed.plumbline("evidence", "verify", "blocked", "--output", "json")
    assert expected in json.loads(document.stdout)["notices"][0]
    assert offline.returncode == 1
    assert expected in offline.stderr


def test_a_register_of_the_blocked_run_is_refused_all_the_same(
    reviewed: ProjectCopy, weak: str, forged: str
) -> None:
    answer = acting(reviewed, "deployer", "model", "register", weak)
    assert answer.returncode == 3
    assert "gate closed: d2_gamma" in answer.stderr


def test_the_next_release_names_what_it_counts_over(
    reviewed: ProjectCopy, released: dict[str, Any], forged: str
) -> None:
    job = told(reviewed, "alice", "job", "create", "--file", FILE, "--set", "inputs.alpha=0.02", "--stream")[
        "name"
    ]
    acting(reviewed, "bob", "model", "approve", job, check=True)
    answer = acting(reviewed, "deployer", "model", "register", job, check=True)
    assert "warning: claims_release:99 has no verified release behind it: d2_gamma: got " in answer.stderr
    assert "claims_release:100 was counted over it." in answer.stderr
    rows = _versions(reviewed)
    assert (rows["100"]["released"], rows["99"]["released"]) == (True, False)
