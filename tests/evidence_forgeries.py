"""Ways to forge a folder of evidence: each changes what a `Forger` holds open."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from plumbline.ops.release.digest import sha256
from tests.evidence_forger import Forger

Forgery = Callable[[Forger], Any]

OTHER_ENVIRONMENT = {
    "name": "other", "version": "1", "content_hash": "0" * 64, "version_follows_from_content": None, "lock_sha256": None,
    "python": None,
}  # fmt: skip


def other_run_verdict(forger: Forger) -> None:
    """The run's own verdict said no: disputed, told as passed."""
    forger.write("verdict.json", forger.read("verdict.json").replace('"pass": true', '"pass": false'))
    forger.approve_again()


def other_model(forger: Forger) -> None:
    """The metrics speak of another model: disputed, told as passed."""
    forger.e["record"]["model"]["model.json"] = "f" * 64
    forger.approve_again()


def anonymous_component(forger: Forger) -> None:
    forger.e["record"]["components"]["train"]["content_hash"] = forger.step("train")["content_hash"] = None
    forger.approve_again()


def other_owner(forger: Forger) -> None:
    forger.write("release.yml", forger.read("release.yml").replace("owner: claims", "owner: other"))


def without_samples(forger: Forger) -> None:
    forger.remove("sample_predictions.csv")
    forger.e["samples"] = None


def other_samples(forger: Forger) -> None:
    """Shown and copied alike, but the approved record has another file."""
    first = forger.e["samples"]["rows"][0][1]
    forger.write("sample_predictions.csv", forger.read("sample_predictions.csv").replace(first, "1.0000", 1))
    forger.e["samples"]["rows"][0][1] = "1.0000"


def other_job(forger: Forger) -> None:
    forger.e["parameters"]["alpha"] = 0.5
    job = json.loads(forger.read("job.json"))
    job["inputs"]["alpha"] = 0.5
    forger.write("job.json", json.dumps(job))


def without_lock(forger: Forger) -> None:
    next((forger.path / "files").glob("requirements-*.lock")).unlink()


def without_steps_locks(forger: Forger) -> None:
    for step in forger.e["steps"]:
        step["lock_sha256"] = None
    without_lock(forger)


def lapsed_gate(forger: Forger) -> None:
    forger.step("gate")["status"] = "Failed"


def better_throughout(forger: Forger) -> None:
    """Metrics, the run's verdict, record, digests, pages: everything fits."""
    for name in ("metrics.json", "verdict.json"):
        forger.write(name, forger.read(name).replace("0.139438", "0.939438"))
    verdict = json.loads(forger.read("verdict.json"))
    verdict["metrics_sha256"] = sha256(forger.read("metrics.json").encode())
    forger.write("verdict.json", json.dumps(verdict))
    forger.e["metrics"]["d2_gamma"] = 0.939438
    next(row for row in forger.e["verdict"]["checks"] if row["metric"] == "d2_gamma")["value"] = 0.939438
    forger.approve_again()


# Forgery -> what is said of it.
CONTRADICTIONS: list[tuple[Forgery, str]] = [
    (lambda f: f.e["metrics"].update(gini=0.99), "evidence.json: metrics.gini: got 0.99, expected "),
    (lambda f: f.e["metrics"].pop("gini"), "metrics.gini: got nothing, expected "),
    (lambda f: f.e["groups"][0].update(calibration_ratio=1.0), "groups.0.calibration_ratio: got 1.0, expected "),
    (lambda f: f.e["groups"].pop(), "groups: got "),
    (lambda f: f.e["plots"][0]["series"][f.e["plots"][0]["x"]].reverse(), "evidence.json: plots.lift.series."),
    (lambda f: f.e["samples"]["rows"][0].reverse(), "samples.rows.0.0: got "),
    (without_samples, "files/sample_predictions.csv: got sha256 None, expected "),
    (other_samples, "files/sample_predictions.csv: got sha256 "),
    (lambda f: f.write("more.csv", "a,b"), "files/more.csv: got a copy that nothing in evidence.json speaks of"),
    (lambda f: f.e["verdict"].update(gate="Failed"), 'verdict.gate: got "Failed", expected "Completed"'),
    (lambda f: f.e["verdict"].update(sentence="Fine."), 'verdict.sentence: got "Fine.", expected "The model'),
    (lambda f: f.e["verdict"].update(thresholds="mine:1"), 'verdict.thresholds: got "mine:1", expected "claims_'),
    (lambda f: f.e["job"].update(status="Failed"), 'verdict.outcome: got "passed", expected "disputed"'),
    (lapsed_gate, 'verdict.outcome: got "passed", expected "disputed"'),
    (other_run_verdict, 'verdict.outcome: got "passed", expected "disputed"'),
    (other_model, "verdict.problems: got none, expected one: model model.json: got sha256 ffff"),
    (anonymous_component, "verdict.problems: got none, expected one: component claims_train:h1"),
    (lambda f: f.e["job"].update(digest="0" * 64), 'job.digest: got "0000'),
    (lambda f: f.e["job"].update(commit="0" * 40), 'job.commit: got "0000'),
    (lambda f: f.e["job"].update(pipeline="other"), 'job.pipeline: got "other", expected "claims_release"'),
    (lambda f: f.e["job"].update(name="another"), 'job.name: got "another", expected "claims-release-'),
    (lambda f: f.e["parameters"].update(alpha=0.5), "evidence.json: parameters.alpha: got 0.5, expected "),
    (other_job, "files/job.json: got job digest "),
    (lambda f: f.remove("job.json"), "files/job.json: got no such file"),
    (lambda f: f.e["graph"]["bindings"].pop(), "graph.bindings."),
    (lambda f: f.e["data"][0].update(version="h1000"), 'data.claims: got "claims_medical_expenditures:h1000"'),
    (lambda f: f.e["data"].pop(), "data.thresholds: got nothing, expected "),
    (lambda f: f.e["data"][0].update(content_hash="0" * 64), "verdict.problems: got none, expected one: data claims_"),
    (lambda f: f.e["environments"][0].update(content_hash="0" * 64), "version_follows_from_content: got true, expected false"),
    (lambda f: f.e["environments"][0].update(python="3.1"), '.python: got "3.1", expected "3.'),
    (lambda f: f.e["environments"][0].update(lock_sha256=None), ".lock_sha256: got null, expected "),
    (lambda f: f.e["environments"][0].update(lock_sha256="0" * 64), "files/requirements-000000000000.lock: got sha256 None"),
    (without_lock, ".lock: got sha256 None, expected "),
    (without_steps_locks, "as environments.claims"),
    (lambda f: f.e["release"]["terms"].update(owner="me"), 'release.terms.owner: got "me", expected "claims-analytics" as files/release.yml says'),
    (other_owner, "release.sha256: got "),
    (lambda f: f.e.update(release=None), "release: got null, expected "),
    (lambda f: f.e["before_after"]["preparation_days"].update(after=1), "before_after.preparation_days.after: got 1, expected 4"),
    (lambda f: f.e["approval"].update(approver_object_id=f.e["job"]["submitter_object_ids"][0]), "who submitted the run, expected another person"),
    (lambda f: f.e["approval"].update(reference="claims_release_approval:a1" + "0" * 26), "approval.reference: got "),
    (lambda f: f.e["model"]["files"].pop("model.json"), "model.files.model.json: got nothing, expected "),
    (lambda f: f.step("train").update(code_hash="0" * 64), 'steps.train.code_hash: got "0000'),
    (lambda f: f.e.pop("notes"), "notes: got nothing"),
    (lambda f: f.e.update(notes=[1]), "notes: got [1], expected a list of texts"),
    (lambda f: f.e["steps"][0].pop("lock_sha256"), "not of its schema"),
]  # fmt: skip
"""Each contradicts a copy, the record or the schema, which needs nothing but the folder."""
CONSISTENT: list[tuple[Forgery, str]] = [
    (better_throughout, "live: digest: got "),
    (lambda f: f.e["job"].update(submitted_by="carol@plumbline.example"), "live: job.submitted_by: got "),
    (lambda f: f.e["job"].update(submitter_shown="carol"), 'live: job.submitter_shown: got "deployer", expected "carol"'),
    (lambda f: f.e["verdict"]["problems"].append("x") or f.e["verdict"].update(
        {"outcome": "disputed", "pass": False, "sentence": "The thresholds are reached, but something else forbids a release."}
    ), 'live: verdict.outcome: got "passed", expected "disputed"'),
    (lambda f: f.e["approval"].update(approver="eve@plumbline.example"), 'live: approval.approver: got "Bob Reviewer'),
    (lambda f: f.e["approval"].update(note="all fine"), "live: approval.note: got "),
    (lambda f: f.e["model"]["registered"].update(version="9"), "live: model.registered.version: got "),
    (lambda f: (f.e.update(rehearsal=False), f.e["approval"].update(rehearsal=False)), "live: rehearsal: got true, expected false"),
    (lambda f: f.e["data"][0].update(files_hash="0" * 64), "live: data.claims_medical_expenditures.files_hash: got "),
    (lambda f: f.e["environments"].append(OTHER_ENVIRONMENT), "live: environments.other: got nothing, expected "),
    (lambda f: f.step("train")["seconds"].update(running=0.1), "live: steps.train.seconds.running: got "),
    (lambda f: f.e["notes"].append("Audited."), 'live: notes: got [], expected ["Audited."]'),
]  # fmt: skip
"""Each agrees with itself, and only what is live tells."""
