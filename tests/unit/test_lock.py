"""Protects locks: what promote writes is read back, and whatever anybody else changed in it is refused with its reason."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from plumbline.assets import content_hash, version_from_hash
from plumbline.assets.lock import (
    Lock,
    LockError,
    entry_digest,
    lock_digest,
    lock_text,
    read_lock,
    read_lock_text,
    release_of,
    sealed,
    sealed_release,
)
from plumbline.assets.lock.reference import SCHEMA_FILE, main, schema

REGISTRY = "shared-ml"
WHERE = "stacks/locks/staging.yaml"
ZERO = "0" * 64
Fields = dict[str, Any]


def _pin(kind: str, name: str, spec: Fields, code: str | None = None) -> Fields:
    digest = content_hash(kind, spec)
    return {
        "kind": kind, "name": name, "version": version_from_hash(digest), "content_hash": digest,
        "code_hash": code, "reference_hashes": {}, "spec": spec,
    }  # fmt: skip


def release_fields(pipeline: str = "claims", image: str = "mcr.microsoft.com/a:1") -> Fields:
    """Every member of a release but its digest and id."""
    environment = _pin("environment", f"{pipeline}_env", {"image": image})
    reference = f"azureml:{environment['name']}:{environment['version']}"
    code = "a" * 64
    train = _pin(
        "component", f"{pipeline}_train",
        {"type": "command", "command": "python train.py", "environment": reference, "code": f"sha256:{code}"}, code,
    )  # fmt: skip
    address = f"azureml://registries/{REGISTRY}/components/{train['name']}/versions/{train['version']}"
    spec = {
        "trigger": {"type": "cron", "expression": "0 6 * * 1", "time_zone": "UTC", "start_time": "2024-01-01T00:00:00"},
        "create_job": {"type": "pipeline", "jobs": {"train": {"type": "command", "component": address}}},
    }  # fmt: skip
    schedule = {
        "name": f"{pipeline}_weekly", "file": "schedule.yml", "display_name": None, "description": "weekly", "tags": {},
        "content_hash": content_hash("schedule", spec), "spec": spec,
    }  # fmt: skip
    return {
        "pipeline": pipeline, "promoted_from": "dev", "promoted_at": "2026-11-27T13:00:00Z", "promoted_by": "alice",
        "source": {"stack": "dev", "workspace_id": "/subscriptions/s", "commit": "c" * 40, "branch": "main"},
        "evidence": {"job": "claims-1", "digest": "d" * 64, "content_sha256": "e" * 64},
        "approval": {
            "reference": "claims_approval:a1", "of": "d" * 64, "object_id": "66666666-6666-4666-8666-666666666666",
            "name": "bob@plumbline.example", "at": "2026-11-27T12:00:00.1234567Z",
        },
        "duty": {
            "owner": "team", "support": "help@plumbline.example", "escalation": ["boss@plumbline.example"], "signal": "green",
            "change_window": None, "rollback": {"decided_by": "boss", "decide_when": "red"},
        },
        "named_drift": [], "override": None, "before": None, "pins": [environment, train], "schedules": [schedule],
    }  # fmt: skip


def _lock(*pipelines: str) -> Lock:
    releases = [sealed_release(release_fields(name)) for name in pipelines or ("claims",)]
    return sealed(stack="staging", registry=REGISTRY, releases=releases)


def _sealed_again(fields: Fields) -> Fields:
    """What a careful forger does: every digest of the file computed again."""
    for release in fields["releases"]:
        release["digest"] = entry_digest(release)
        release["release"] = release_of(release["digest"])
    return {**fields, "digest": lock_digest(fields)}


def _text(fields: Fields) -> str:
    head = "".join(lock_text(_lock()).splitlines(keepends=True)[:2])
    return head + yaml.safe_dump(fields, sort_keys=False, width=118)


def _edit(change: Callable[[Fields], None], *, resealed: bool) -> bytes:
    fields = copy.deepcopy(_lock("claims", "retail").model_dump(mode="json"))
    change(fields)
    return _text(_sealed_again(fields) if resealed else fields).encode()


def _set(path: str, value: Any) -> Callable[[Fields], None]:
    def change(fields: Fields) -> None:
        place: Any = fields
        *outer, last = (int(part) if part.isdigit() else part for part in path.split("."))
        for part in outer:
            place = place[part]
        place[last] = value

    return change


def _mixed(fields: Fields) -> None:
    fields["releases"][0]["schedules"] = fields["releases"][1]["schedules"]


def _other_steps(fields: Fields) -> None:
    other = copy.deepcopy(fields["releases"][0]["schedules"][0])
    other["name"] = "another"
    other["spec"]["create_job"]["jobs"]["train"]["inputs"] = {"rounds": 1}
    other["content_hash"] = content_hash("schedule", other["spec"])
    fields["releases"][0]["schedules"].append(other)


def _schedule_twice(fields: Fields) -> None:
    fields["releases"][0]["schedules"] *= 2


def _reordered(fields: Fields) -> None:
    fields["releases"][0]["pins"].reverse()


def _twice(fields: Fields) -> None:
    fields["releases"][0]["pins"].append(fields["releases"][0]["pins"][1])


def _unused(fields: Fields) -> None:
    fields["releases"][0]["pins"].append(fields["releases"][1]["pins"][0])


def _without_approval(fields: Fields) -> None:
    fields["releases"][0]["approval"] = None


def _workspace_step(fields: Fields) -> None:
    spec = fields["releases"][0]["schedules"][0]["spec"]
    spec["create_job"]["jobs"]["train"]["component"] = "azureml:claims_train:7"
    fields["releases"][0]["schedules"][0]["content_hash"] = content_hash("schedule", spec)


TAMPERED: list[tuple[str, Callable[[Fields], None], bool, str]] = [
    ("a content hash", _set("releases.0.pins.1.content_hash", "1" * 64), True, "content_hash: got 1111"),
    ("a version", _set("releases.0.pins.0.version", "h1" + "0" * 16), True, "version: got h1000"),
    ("a declared version", _set("releases.0.pins.0.version", "7"), True, "no pin of this release"),
    ("a spec", _set("releases.0.pins.1.spec.command", "python steal.py"), True, "of its spec"),
    ("a code hash", _set("releases.0.pins.1.code_hash", "b" * 64), True, "code_hash: got bbbb"),
    ("the code of a spec", _set("releases.0.pins.1.spec.code", "sha256:" + "b" * 64), True, "of its spec"),
    ("the trigger", _set("releases.0.schedules.0.spec.trigger.expression", "* * * * *"), True, "schedules.0.content_hash"),
    ("a second schedule of other steps", _other_steps, True, "got other steps than claims_weekly has"),
    ("a schedule twice", _schedule_twice, True, "got claims_weekly, claims_weekly, expected each name once"),
    ("no schedule", _set("releases.0.schedules", []), True, "releases.0.schedules: got []"),
    ("a mixed release", _mixed, True, "two releases are mixed"),
    ("reordered pins", _reordered, True, "a pin further down"),
    ("a pin twice", _twice, True, "got it twice"),
    ("a pin that nothing uses", _unused, True, "which nothing of this release uses"),
    ("a step of the workspace", _workspace_step, True, "expected a component version of registry shared-ml"),
    ("reordered releases", lambda fields: fields["releases"].reverse(), True, "expected each once and sorted"),
    ("another stack's", _set("stack", "prod"), True, "it is another stack's lock"),
    ("an approval of something else", _set("releases.0.approval.of", "f" * 64), True, "approval.of: got ffff"),
    ("no approval", _without_approval, True, "approval: got none"),
    ("no evidence", _set("releases.0.evidence.content_sha256", None), True, "evidence.content_sha256: got none"),
    ("the approver, digests kept", _set("releases.0.approval.name", "eve@x"), False, "releases.0.digest: got"),
    ("the owner, digests kept", _set("releases.0.duty.owner", "nobody"), False, "releases.0.digest: got"),
    ("the release's id", _set("releases.0.release", "r1" + "0" * 16), False, "release: got r1000"),
    ("the file's digest", _set("digest", ZERO), False, "digest: got 0000"),
    ("an unknown key", _set("releases.0.note", "trust me"), True, "releases.0.note: got 'trust me'"),
    ("a wrong schema", _set("lock", "plumbline.lock/2"), True, "lock: got 'plumbline.lock/2'"),
    ("a number for a text", _set("releases.0.pins.0.version", 7), False, "releases.0.pins.0.version: got 7"),
    ("a missing member", lambda fields: fields["releases"][0].pop("duty"), True, "releases.0.duty: got nothing"),
    ("no releases", _set("releases", []), True, "releases: got []"),
]  # fmt: skip


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    lock = _lock("retail", "claims")
    assert [one.pipeline for one in lock.releases] == ["claims", "retail"]
    path = tmp_path / WHERE
    path.parent.mkdir(parents=True)
    assert read_lock(tmp_path, "staging") is None
    path.write_text(lock_text(lock))
    assert read_lock(tmp_path, "staging") == lock


@pytest.mark.parametrize(
    ("change", "resealed", "said"), [row[1:] for row in TAMPERED], ids=[row[0] for row in TAMPERED]
)
def test_a_tampered_lock_is_refused(change: Callable[[Fields], None], resealed: bool, said: str) -> None:
    with pytest.raises(LockError) as caught:
        read_lock_text(_edit(change, resealed=resealed), stack="staging", where=WHERE)
    assert said in str(caught.value)
    assert all(line.startswith(WHERE) for line in caught.value.problems)


def test_every_problem_is_named_at_once() -> None:
    def change(fields: Fields) -> None:
        _reordered(fields)
        _set("releases.1.pins.1.spec.command", "python steal.py")(fields)
        _set("stack", "prod")(fields)

    with pytest.raises(LockError) as caught:
        read_lock_text(_edit(change, resealed=True), stack="staging", where=WHERE)
    said = str(caught.value)
    assert "another stack's" in said
    assert "releases.0.pins.0" in said
    assert "releases.1.pins.1" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("stack: staging\n", "stack: prod\nstack: staging\n", "stack: got the key twice"),
        ("promoted_by: alice", "promoted_by: 'alice'", "got another form"),
        ("promoted_by: alice", "promoted_by: alice # reviewed", "got another form"),
        ("registry: shared-ml\n", "", "registry: got nothing"),
        ("    pipeline: claims\n", "    pipeline: [claims\n", "got no YAML"),
    ],
)
def test_the_same_words_in_another_form_are_refused(old: str, new: str, said: str) -> None:
    text = (
        lock_text(_lock()).replace("  - pipeline:", "  -\n    pipeline:")
        if "    pipe" in old
        else lock_text(_lock())
    )
    assert old in text
    with pytest.raises(LockError) as caught:
        read_lock_text(text.replace(old, new, 1).encode(), stack="staging", where=WHERE)
    assert said in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_lock_is_refused(share: float) -> None:
    text = lock_text(_lock())
    with pytest.raises(LockError):
        read_lock_text(text[: int(len(text) * share)].encode(), stack="staging", where=WHERE)


def test_windows_line_ends_and_bytes_that_are_no_text_are_refused() -> None:
    for content in (lock_text(_lock()).replace("\n", "\r\n").encode(), b"\xff\xfe\x00"):
        with pytest.raises(LockError):
            read_lock_text(content, stack="staging", where=WHERE)


def test_an_override_stands_for_what_is_missing() -> None:
    fields = release_fields() | {
        "approval": None,
        "override": {"reason": "fire", "owner": "boss", "by": "alice", "refusals": ["no-approval: none"]},
    }
    lock = sealed(stack="staging", registry=REGISTRY, releases=[sealed_release(fields)])
    read = read_lock_text(lock_text(lock).encode(), stack="staging", where=WHERE)
    assert read.releases[0].override is not None
    assert read.releases[0].override.owner == "boss"


def test_the_published_schema_is_that_of_the_reader_and_takes_what_promote_writes(tmp_path: Path) -> None:
    assert main(["--check"]) == 0
    tree = json.loads(SCHEMA_FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(tree)
    jsonschema.validate(yaml.safe_load(lock_text(_lock())), tree)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**_lock().model_dump(mode="json"), "more": 1}, schema())
