"""Protects the registry from a pipeline that was rewritten to let itself through: steps that lie, steps that register."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.test_model_release import acting, let_read_outputs
from tests.project_copy import ProjectCopy

FILE = "pipelines/claims_release/pipeline.yml"
STEPS = "pipelines/claims_release/components"

LYING = """\
    checks = [{**check, "pass": True} for check in checks]
    passed = True
"""
REGISTERING = '''\
    register_by_itself()
    return 0


def register_by_itself() -> None:
    """What a pipeline would do that does not want to wait for its gate."""
    import ssl
    import urllib.error
    import urllib.request

    import mlflow

    try:
        mlflow.register_model(f"runs:/{os.environ['MLFLOW_RUN_ID']}/model", "sneaked_in")
        print("mlflow.register_model: let through")
    except Exception as error:
        print(f"mlflow.register_model: {type(error).__name__}: {error}")
    uri = os.environ["MLFLOW_TRACKING_URI"]
    base, _, workspace = uri.partition("/mlflow/v1.0")
    context = ssl.create_default_context(cafile=os.environ["MLFLOW_TRACKING_SERVER_CERT_PATH"])
    body = {"properties": {"modelUri": "azureml://datastores/workspaceblobstore/paths/x", "modelType": "custom_model"}}
    request = urllib.request.Request(
        f"{base}{workspace}/models/sneaked_in/versions/1?api-version=2023-08-01-preview", method="PUT",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}", "Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, context=context)
        print("models API: let through")
    except urllib.error.HTTPError as error:
        print(f"models API: HTTP {error.code}")
'''


def rewritten(platform: ProjectCopy, file: str, old: str, new: str) -> None:
    path = platform.root / STEPS / file
    text = path.read_text()
    assert old in text, file
    path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def tampered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    """A platform whose claims release lies: its verdict always passes, its gate always opens, its train registers."""
    copy = ProjectCopy.make(tmp_path_factory.mktemp("tampered") / "project")
    judged = '    passed = bool(checks) and all(check["pass"] for check in checks)\n'
    rewritten(copy, "evaluate/src/evaluate.py", judged, LYING)
    rewritten(
        copy, "evaluate/src/evaluate.py", "    track(metrics, passed, pictures)\n    return 0\n", REGISTERING
    )
    rewritten(copy, "gate/src/gate.py", "    return 1 if reasons else 0\n", "    return 0\n")
    rewritten(copy, "gate/src/gate.py", "    track(not reasons, len(reasons))\n", "")
    try:
        copy.plumbline("local", "up", "--skip-run", "--azure-noise")
        let_read_outputs(copy)
        yield copy
    finally:
        copy.plumbline("local", "reset", "--yes", check=False)


@pytest.fixture(scope="module")
def lie(tampered: ProjectCopy) -> dict[str, Any]:
    """A weak model that the rewritten pipeline waved through."""
    words = ("job", "create", "--file", FILE, "--set", "inputs.alpha=10", "--stream", "--output", "json")
    found: dict[str, Any] = json.loads(acting(tampered, "alice", *words, check=True).stdout)
    assert found["status"] == "Completed"
    return found


@pytest.mark.parametrize(("who", "verb"), [("bob", "approve"), ("releaser", "register")])
def test_a_verdict_that_says_pass_over_bad_metrics_does_not_get_past(
    tampered: ProjectCopy, lie: dict[str, Any], who: str, verb: str
) -> None:
    answer = acting(tampered, who, "model", verb, lie["name"])
    assert answer.returncode == 3
    assert "gate closed: d2_gamma: got 0.051771, expected at least 0.08" in answer.stderr
    assert "verdict.pass: got true, expected false" in answer.stderr
    assert "verdict.checks.d2_gamma.pass: got true, expected false" in answer.stderr


def test_a_step_cannot_register_a_model(tampered: ProjectCopy, lie: dict[str, Any]) -> None:
    log = acting(tampered, "alice", "job", "logs", lie["name"], "--step", "evaluate", check=True).stdout
    assert "has no rights on the model registry" in log
    assert "models API: HTTP 40" in log
    assert "let through" not in log
    listed = acting(tampered, "deployer", "model", "list", "--output", "json", check=True)
    assert json.loads(listed.stdout) == []


def test_the_evidence_of_a_lie_says_so(tampered: ProjectCopy, lie: dict[str, Any]) -> None:
    acting(tampered, "deployer", "evidence", "write", lie["name"], "--out", "lie", check=True)
    document = json.loads((tampered.root / "lie" / "evidence.json").read_text())
    assert document["verdict"]["outcome"] == "blocked"
    assert document["verdict"]["gate"] == "Completed"
    assert document["verdict"]["run_agrees"] is False
    assert any(
        line.startswith("verdict.pass: got true, expected false")
        for line in document["verdict"]["differences"]
    )
    assert "Blocked" in (tampered.root / "lie" / "evidence.html").read_text()
