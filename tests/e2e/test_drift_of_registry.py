"""Protects drift of the stack that serves the registry: its grants, what lies in it, and what locks pin of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from plumbline.ops.errors import FOUND
from tests.drift_kinds import Changes, kinds_on, wrong
from tests.project_copy import REPOSITORY, ProjectCopy
from tests.rehearsed import Rehearsal, rehearsed

SCHEMA = json.loads((REPOSITORY / "docs" / "reference" / "drift.schema.json").read_text())
SMALL = {
    "pipeline.yml": """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
experiment_name: small
settings:
  default_compute: azureml:cpu-cluster
jobs:
  only:
    type: command
    component: ./components/only/component.yml
""",
    "schedule.yml": """
$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
name: small_weekly
trigger:
  type: cron
  expression: "0 6 * * 1"
  start_time: "2026-01-05T06:00:00"
  time_zone: UTC
create_job: ./pipeline.yml
""",
    "environment.yml": """
$schema: https://azuremlschemas.azureedge.net/latest/environment.schema.json
name: small_environment
description: An image and nothing else.
image: python:3.11
""",
    "components/only/component.yml": """
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: small_only
description: Does nothing.
tags:
  owner: claims-analytics
command: echo done
environment: azureml:small_environment@latest
""",
}
# What a promotion does once everything is verified: publishes from a commit, and writes the lock.
PUBLISH = """
import sys
from pathlib import Path

from plumbline.assets import load_ml_pipelines
from plumbline.assets.lock import Lock, sealed, sealed_release
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.promotion.pins import definitions_of, locked_schedules, pins_of
from plumbline.ops.promotion.publishing import publish
from plumbline.ops.promotion.registry import RegistryReading, registry_named
from plumbline.ops.promotion.writing import write_lock
from plumbline.ops.target import enter_target

session = AzureSession(enter_target("shared", takes_registry=True))
registry = registry_named(session, session.target.registry_name)
root = Path.cwd()
(pipeline,) = load_ml_pipelines([root / "pipelines" / "small"], root=root)
definitions = definitions_of(pipeline)
pins = pins_of(definitions)
held = RegistryReading(session, registry, downloads=False).findings(pins)
publish(session, registry, definitions, held, root=root, say=print)
release = sealed_release({
    "pipeline": "small", "promoted_from": "dev", "promoted_at": "2026-11-27T13:00:00Z", "promoted_by": "alice",
    "source": {"stack": "dev", "workspace_id": "/subscriptions/s", "commit": sys.argv[1], "branch": "main"},
    "evidence": {"job": "small-1", "digest": "d" * 64, "content_sha256": "e" * 64},
    "approval": {
        "reference": "small_approval:a1", "of": "d" * 64, "object_id": "66666666-6666-4666-8666-666666666666",
        "name": "bob", "at": "2026-11-27T12:00:00Z",
    },
    "duty": {
        "owner": "team", "support": "help", "escalation": ["boss"], "signal": "green", "change_window": None,
        "rollback": {"decided_by": "boss", "decide_when": "red"},
    },
    "named_drift": [], "override": None, "before": None, "pins": pins,
    "schedules": locked_schedules(pipeline, pins, registry.name),
})
write_lock(root / "stacks/locks/staging.yaml", sealed(stack="staging", registry=registry.name, releases=[release]))
"""


@dataclass(frozen=True, kw_only=True)
class _Copy(ProjectCopy):
    """A project whose emulator is that of a rehearsal."""

    @property
    def emulator_home(self) -> Path:
        return self.root / ".plumbline" / "rehearsals" / "shared" / "emulator"


@dataclass(kw_only=True)
class _Changes(Changes):
    """Changes of the stack `shared`."""

    world: Rehearsal

    @cached_property
    def names(self) -> dict[str, str]:
        exported = self.world.run("pulumi", "stack", "export", "--stack", "shared").stdout
        by_name = {
            row["urn"].rpartition("::")[2]: row
            for row in json.loads(exported)["deployment"]["resources"]
            if row.get("id")
        }
        registry = by_name["ml-registry"]["id"]
        publisher = next(name for name in by_name if name.startswith("access-publisher"))
        program = (
            "import sys, yaml; from plumbline.assets.lock import read_lock; from pathlib import Path; "
            "print('\\n'.join(one.reference for one in read_lock(Path.cwd(), 'staging').releases[0].pins))"
        )
        environment, component = self.world.run(sys.executable, "-c", program).stdout.split()
        subscription = registry.partition("/resourceGroups/")[0]
        region = f"/mferp/managementfrontend{registry}"
        return {
            "registry": registry,
            "region": region,
            "role": by_name["registry-pull-role"]["id"],
            "name:pull-role": by_name["registry-pull-role"]["outputs"]["roleName"],
            "roles": f"{subscription}/providers/Microsoft.Authorization/roleDefinitions",
            "grant:publisher": by_name[publisher]["id"],
            "name:publisher": publisher,
            "name:environment": environment,
            "name:component": component,
            "versions:environment": environment.replace(":", "/versions/"),
            "versions:component": component.replace(":", "/versions/"),
            "pinned:environment": f"azureml://registries/{registry.rpartition('/')[2]}/environments/"
            + environment.replace(":", "/versions/"),
            **{who: self.world.ready["principals"][who]["object_id"] for who in ("bob", "pipeline")},
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """The stack `shared`, and a small release published in its registry and pinned by a lock."""
    folder = tmp_path_factory.mktemp("registry") / "project"
    with rehearsed(folder, "shared") as world:
        for path, text in SMALL.items():
            file = folder / "pipelines" / "small" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        commit = world.project.commit("A small pipeline")
        world.up("shared")
        world.run(sys.executable, "-c", PUBLISH, commit)
        yield world


def _drift(world: Rehearsal, *, exit_code: int) -> dict[str, Any]:
    answer = world.run("plumbline", "drift", "--stack", "shared", "--output", "json", check=False)
    assert answer.returncode == exit_code, answer.stdout + answer.stderr
    report: dict[str, Any] = json.loads(answer.stdout)
    jsonschema.validate(report, SCHEMA)
    return report


def test_what_a_promotion_published_is_nobodys_drift(world: Rehearsal) -> None:
    report = _drift(world, exit_code=0)
    assert report["findings"] == report["notes"] == report["remarks"] == []
    assert report["counts"]["made by a promotion"] == 2
    assert report["counts"]["unmanaged"] == 0
    lock = world.project.root / "stacks/locks/staging.yaml"
    kept = lock.read_bytes()
    lock.unlink()
    try:
        assert _drift(world, exit_code=0)["counts"]["made by a promotion"] == 2, "what nothing pins any more"
    finally:
        lock.write_bytes(kept)


def test_every_kind_of_change_of_a_registry_is_found_with_who_and_settled(world: Rehearsal) -> None:
    changes = _Changes(platform=_Copy(root=world.project.root), world=world)
    kinds = kinds_on("registry")
    for row in kinds:
        changes.make(row)
    findings = _drift(world, exit_code=FOUND)["findings"]
    assert wrong(changes, kinds, findings) == []
    ids = [one["id"] for one in findings]
    world.run("plumbline", "drift", "fix", *ids, "--revert", "--yes", "--stack", "shared")
    assert _drift(world, exit_code=0)["findings"] == []
