"""Protects the review's comment: the dangerous change first, always below 60 kB, nothing secret, nothing breaks out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from plumbline.assets import Problem
from plumbline.ops.job.definition import pipeline_folders
from plumbline.ops.review.annotations import annotation_lines
from plumbline.ops.review.code_change import CodeChanges, FileChange
from plumbline.ops.review.comment import comment, marker
from plumbline.ops.review.danger import dangers, file_dangers
from plumbline.ops.review.document import document
from plumbline.ops.review.finding import Review, findings
from plumbline.ops.review.planned_change import planned_changes
from plumbline.ops.review.preview import Preview, read_preview
from plumbline.ops.review.trampled import Trampled, overwritten
from tests.project_copy import REPOSITORY

STORAGE = "azure-native:storage:StorageAccount"
COMPONENT = "plumbline:azureml:Component"
GROUP = "/subscriptions/s/resourceGroups/rg/providers"
LONG_LINE = "x" * 5000


def _urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::platform::platform:stacks:Platform${kind}::{name}"


def _step(
    op: str,
    kind: str,
    name: str,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    paths: tuple[str, ...] = (),
    **more: Any,
) -> dict[str, Any]:
    state = {
        "custom": True,
        "type": kind,
        "id": f"{GROUP}/{name}",
        "sourcePosition": "project:///stacks/platform.py#49",
    }
    step: dict[str, Any] = {
        "op": op,
        "urn": _urn(kind, name),
        "detailedDiff": {path: {"kind": "update"} for path in paths},
    }
    if old is not None:
        step["oldState"] = {**state, "inputs": old, **more}
    if new is not None:
        step["newState"] = {**state, "inputs": new}
    return step


def _component(number: int) -> dict[str, Any]:
    def inputs(version: int) -> dict[str, Any]:
        spec = {"command": f"python run.py --{version}", "code": f"sha256:{version:064x}", "type": "command"}
        return {
            "name": f"step_{number}",
            "version": f"h1{version:016x}",
            "spec": json.dumps(spec),
            "source": f"pipelines/big/components/step_{number}/component.yml",
        }

    return _step(
        "update",
        COMPONENT,
        f"big-component-step_{number}",
        old=inputs(1),
        new=inputs(2),
        paths=("spec", "version"),
    )


def _review(steps: list[dict[str, Any]], **more: Any) -> Review:
    preview = Preview(steps=tuple(steps))
    changes = planned_changes(preview.steps)
    values: dict[str, Any] = {
        "stack": "dev", "commit": "c" * 40, "preview": preview, "changes": changes, "dangers": dangers(changes, {}),
        "trampled": (), "reach": (), "problems": (),
    }  # fmt: skip
    return Review(**{**values, **more})


def _big(count: int) -> Review:
    """Many changed components, and far behind in the engine's order one storage account that is deleted."""
    steps = [_component(number) for number in range(count - 1)]
    steps.insert(count // 2, _step("delete", STORAGE, "storage-account", old={"accountName": "stdev"}))
    lines = ("@@ -1,200 +1,200 @@", *(f"-old line {at} {LONG_LINE}" for at in range(200)))
    code = {
        ("component", f"step_{number}"): (
            FileChange(
                path=f"pipelines/big/components/step_{number}/src/run.py", added=200, removed=200, lines=lines
            ),
        )
        for number in range(count - 1)
    }
    return _review(steps, code=code, code_base=CodeChanges(base="b" * 40, files={}))


@pytest.mark.parametrize("count", [1, 200, 2000])
def test_the_one_dangerous_change_stands_in_the_first_twenty_lines_of_less_than_60_kb(count: int) -> None:
    text = comment(_big(count))
    assert len(text.encode()) < 60_000
    first = text.splitlines()[:20]
    assert first[0] == marker("dev")
    assert any("**delete** `storage-account`" in line and "holds data" in line for line in first), first
    assert f"1 of {count} change" in first[3]


def test_json_has_the_form_that_its_schema_says() -> None:
    schema = json.loads((REPOSITORY / "docs/reference/review.schema.json").read_text())
    file = FileChange(path="pipelines/a/release.yml", added=1, removed=0, lines=("@@ -0,0 +3 @@", "+a"))
    code = CodeChanges(base="b" * 40, files={file.path: file})
    whole = _big(5)
    review = replace(whole, file_dangers=file_dangers(code), release_gaps={"a": ("no gate",)})
    jsonschema.validate(document(review), schema)


def test_what_is_left_out_is_said() -> None:
    text = comment(_big(200))
    assert "Left out to stay below 60 kB" in text
    assert "diffs of code" in text.splitlines()[-1] + text.splitlines()[-2]
    # Every one of the changes still stands there; what goes first is their code.
    assert sum(line.startswith(("- **update** ", "- **delete** ")) for line in text.splitlines()) == 200


def test_changed_lines_stand_in_place_of_two_digests() -> None:
    file = FileChange(path="src/run.py", added=1, removed=1, lines=("@@ -1 +1 @@", "-a", "+b"))
    code = {("component", "step_1"): (file,)}
    base = CodeChanges(base="b" * 40, files={})
    assert "sha256:" in comment(_review([_component(1)]))
    text = comment(_review([_component(1)], code=code, code_base=base))
    assert "sha256:" not in text
    assert "`src/run.py:1` (+1 -1)" in text


def test_a_folder_of_components_alone_is_a_pipelines_folder(tmp_path: Path) -> None:
    for file in (
        "pipelines/whole/pipeline.yml",
        "pipelines/parts/components/a/component.yaml",
        "pipelines/none/notes.md",
    ):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text("type: command\n")
    assert [folder.name for folder in pipeline_folders(tmp_path)] == ["parts", "whole"]


def test_a_small_review_leaves_nothing_out() -> None:
    text = comment(_review([_component(1)]))
    assert "Left out" not in text
    assert "**1 change, none dangerous.**" in text
    assert "`command`: `python run.py --1` → `python run.py --2`" in text


@pytest.mark.parametrize(
    ("field", "new", "rule"),
    [
        ("publicNetworkAccess", "Enabled", "public-network"),
        ("networkRuleSet.defaultAction", "Allow", "public-network"),
        ("allowSharedKeyAccess", True, "keys-enabled"),
        ("minimumTlsVersion", "TLS1_2", None),
        ("publicNetworkAccess", "Disabled", None),
    ],
)
def test_a_field_that_opens_a_door_is_a_danger(field: str, new: Any, rule: str | None) -> None:
    def inputs(value: Any) -> dict[str, Any]:
        head, _, tail = field.partition(".")
        return {head: {tail: value} if tail else value}

    step = _step("update", STORAGE, "storage-account", old=inputs("before"), new=inputs(new), paths=(field,))
    found = dangers(planned_changes([step]), {})
    assert [danger.rule for danger in found] == ([rule] if rule else [])


def test_a_new_version_of_the_gate_is_a_danger_and_its_first_version_is_none() -> None:
    roles = {("component", "step_1"): "gate"}
    changed, new = _component(1), _component(1)
    new = {**new, "op": "create", "oldState": None}
    assert [danger.rule for danger in dangers(planned_changes([changed]), roles)] == ["gate-changed"]
    assert dangers(planned_changes([new]), roles) == ()


@pytest.mark.parametrize(
    ("path", "new", "found"),
    [
        ("jobs.judge", None, ["gate-unhooked"]),
        ("jobs.judge.inputs.verdict", "${{parent.jobs.liar.outputs.verdict}}", ["gate-unhooked"]),
        ("jobs.judge.component", "azureml:judge:h12", []),
        ("jobs.train.component", "azureml:train:h12", []),
        ("jobs.judge_later.inputs.a", "1", []),
    ],
)
def test_a_gate_that_is_taken_out_of_the_job_is_a_danger(
    path: str, new: str | None, found: list[str]
) -> None:
    def spec(value: str | None) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        *heads, last = path.split(".")
        inner = tree
        for head in heads:
            inner = inner.setdefault(head, {})
        if value is not None:
            inner[last] = value
        return {"name": "weekly", "spec": json.dumps({"create_job": tree, "trigger": {}})}

    kind = "plumbline:azureml:PipelineSchedule"
    step = _step("update", kind, "weekly", old=spec("before"), new=spec(new), paths=("spec",))
    assert [danger.rule for danger in dangers(planned_changes([step]), {("step", "judge"): "gate"})] == found


def test_changed_terms_and_workflows_stand_first_though_no_preview_shows_them() -> None:
    names = (
        "pipelines/a/release.yml",
        ".github/workflows/main.yml",
        "stacks/accepted/prod.yaml",
        "pipelines/a/pipeline.yml",
        "docs/release.yml",
    )
    files = {
        name: FileChange(path=name, added=1, removed=2, lines=("@@ -7 +7 @@", "-a", "+b")) for name in names
    }
    found = file_dangers(CodeChanges(base="b" * 40, files=files))
    assert [one.file.path for one in found] == [
        "pipelines/a/release.yml",
        ".github/workflows/main.yml",
        "stacks/accepted/prod.yaml",
    ]
    review = _review([], file_dangers=found)
    first = "\n".join(comment(review).splitlines()[:12])
    assert "`pipelines/a/release.yml:7` (+1 -2) changes the terms of a release" in first
    assert (
        "::warning file=pipelines/a/release.yml,line=7::" in annotation_lines(findings(review), "github")[0]
    )


def test_owner_and_contributor_are_worse_than_other_roles() -> None:
    def granted(name: str, role: str) -> dict[str, Any]:
        inputs = {
            "roleDefinitionId": f"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{role}"
        }
        return _step("create", "azure-native:authorization:RoleAssignment", name, new=inputs)

    reader, owner = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    found = dangers(planned_changes([granted("a", reader), granted("b", owner)]), {})
    assert [(danger.change.resource, danger.severity) for danger in found] == [
        ("b", "critical"),
        ("a", "high"),
    ]


def test_a_replacement_is_one_change_and_of_what_holds_data_the_worst() -> None:
    old, new = {"location": "westeurope"}, {"location": "northeurope"}
    steps = [
        _step(op, STORAGE, "storage-account", old=old, new=new, paths=("location",))
        for op in ("create-replacement", "replace", "delete-replaced")
    ]
    (change,) = planned_changes(steps)
    assert change.action == "replace"
    assert [danger.rule for danger in dangers([change], {})] == ["stateful-lost"]


def test_lost_protection_is_a_danger() -> None:
    step = _step("update", STORAGE, "storage-account", old={"a": 1}, new={"a": 2}, paths=("a",), protect=True)
    assert [danger.rule for danger in dangers(planned_changes([step]), {})] == ["unprotected"]


def test_secrets_are_masked_wherever_they_stand() -> None:
    key = "AccountKey=" + "A" * 44
    steps = [
        _step(
            "update", STORAGE, "storage-account",
            old={"adminPassword": "before-it-was-this", "tags": {"note": key}},
            new={"adminPassword": "hunter2-hunter2", "tags": {"note": f"{key}=="}},
            paths=("adminPassword", "tags.note"),
        )
    ]  # fmt: skip
    secret_code = FileChange(
        path="a.py", added=3, removed=0,
        lines=("@@ -0,0 +1,3 @@", "+-----BEGIN RSA PRIVATE KEY-----", "+MIIEowIBAAKCAQEA0", "+password = 'correct-horse'"),
    )  # fmt: skip
    review = _review(
        [*steps, _component(1)],
        code={("component", "step_1"): (secret_code,)},
        code_base=CodeChanges(base="b" * 40, files={}),
        problems=(Problem(file="a.yml", line=3, field="x", got=key, expected="none", severity="error"),),
    )
    texts = [comment(review), json.dumps(document(review)), *annotation_lines(findings(review), "github")]
    for text in texts:
        for secret in ("hunter2", "before-it-was-this", "A" * 44, "MIIEow", "correct-horse"):
            assert secret not in text
    assert "`adminPassword`: `[masked]` → `[masked]`" in texts[0]


def test_values_cannot_break_out_of_the_comment() -> None:
    evil = "`x` --> @everyone <img src=x> ```\n## Approved\n| a |"
    steps = [
        _step("update", STORAGE, "storage-account", old={"note": "a"}, new={"note": evil}, paths=("note",))
    ]
    code = FileChange(path="a.md", added=1, removed=0, lines=("@@ -0,0 +1 @@", "+````", "+## Approved"))
    review = _review(
        [*steps, _component(1)],
        code={("component", "step_1"): (code,)},
        code_base=CodeChanges(base="b" * 40, files={}),
        problems=(Problem(file="a.yml", line=1, field="", got=evil, expected=evil, severity="warning"),),
    )
    lines = comment(review).splitlines()
    assert "## Approved" not in lines
    assert "`````diff" in lines
    told = next(line for line in lines if line.startswith("  - `note`"))
    assert "```` `x` --> @everyone" in told


def test_what_others_changed_and_this_puts_back() -> None:
    def inputs(nodes: int) -> dict[str, Any]:
        return {"properties": {"maxNodeCount": nodes, "idle": "PT2M"}}

    kind = "azure-native:machinelearningservices:Compute"
    refresh = _step("refresh", kind, "cpu", old=inputs(4), new=inputs(4))
    update = _step("update", kind, "cpu", old=inputs(9), new=inputs(4), paths=("properties.maxNodeCount",))
    (found,) = overwritten(planned_changes([refresh, update]), [refresh, update])
    assert (found.field, found.before, found.live, found.after) == ("properties.maxNodeCount", 4, 9, 4)
    # Code that takes the live value over undoes nothing, and neither does a change of another field.
    other = _step(
        "update", kind, "cpu", old=inputs(9), new={"properties": {"maxNodeCount": 9, "idle": "PT3M"}},
        paths=("properties.idle",),
    )  # fmt: skip
    assert overwritten(planned_changes([refresh, other]), [refresh, other]) == ()


def test_what_was_deleted_and_is_created_again() -> None:
    kind = "azure-native:machinelearningservices:Compute"
    refresh = _step("refresh", kind, "cpu", old={"a": 1}, new={"a": 1})
    create = _step("create", kind, "cpu", new={"a": 1})
    (found,) = overwritten(planned_changes([refresh, create]), [refresh, create])
    assert found.live == "deleted"
    assert found.change.id == f"{GROUP}/cpu"


def test_the_day_of_a_change_is_named() -> None:
    (change,) = planned_changes([_component(1)])
    one = Trampled(
        change=change, field="maxNodeCount", before=4, live=9, after=4, who="alice@plumbline.example",
        when="2026-11-24T17:55:02Z",
    )  # fmt: skip
    text = comment(_review([_component(1)], trampled=(one,)))
    assert "This would undo alice\\@plumbline.example's change of Tuesday 24 November 2026, 17:55 UTC" in text


def test_annotations_stand_at_their_line_and_cannot_become_commands() -> None:
    problem = Problem(
        file="pipelines/a,b/c.yml",
        line=7,
        field="x",
        got="50 %\n::error::evil",
        expected="y]",
        severity="error",
    )
    review = _review([], problems=(problem,))
    (github,) = annotation_lines(findings(review), "github")
    assert github.startswith("::error file=pipelines/a%2Cb/c.yml,line=7::")
    assert "50 %25%0A" in github
    (azure,) = annotation_lines(findings(review), "azure-devops")
    assert azure.startswith("##vso[task.logissue type=error;sourcepath=pipelines/a,b/c.yml;linenumber=7;]")
    assert "50 %AZP25%0A" in azure
    assert "\n" not in github + azure


def test_a_refused_preview_says_why_and_plans_nothing() -> None:
    text = json.dumps(
        {
            "steps": [],
            "diagnostics": [{"message": "error: the stack's settings are refused:\nPulumi.dev.yaml:4: bad"}],
        }
    )
    preview = read_preview(text, refused=True)
    told = comment(_review([], preview=preview))
    assert "**Refused: the preview failed.**" in told
    assert "Pulumi.dev.yaml:4: bad" in told
