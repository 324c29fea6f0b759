"""Protects a stack's settings: typed, bounded, every wrong one named at once with its line; the page tells the same."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import jsonschema
import pulumi
import pytest
import yaml
from pulumi.runtime import mocks, set_all_config

from stacks import reference
from stacks.grants import deployer_grants, people_grants, release_grants
from stacks.settings import PROJECT, Cloud, Settings, load_settings

if TYPE_CHECKING:
    from components.storage import Storage

ROOT = Path(__file__).parents[2]
STACK_FILES = sorted(ROOT.glob("Pulumi.*.yaml"))
LOCAL = (ROOT / "Pulumi.local.yaml").read_text()


class _NoResources(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise AssertionError(args.typ)

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(args.token)


def _load(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> tuple[str, Cloud, Settings]:
    """Load settings as the engine hands a stack's file over: scalars as text, the rest as JSON."""
    (folder / "Pulumi.local.yaml").write_text(text)
    monkeypatch.chdir(folder)
    config = yaml.safe_load(text)["config"]
    mocks.set_mocks(_NoResources(), project=PROJECT, stack="local")
    set_all_config(
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    )
    return load_settings()


def _refusal(folder: Path, monkeypatch: pytest.MonkeyPatch, *edits: tuple[str, str]) -> list[str]:
    text = LOCAL
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    with pytest.raises(pulumi.RunError) as caught:
        _load(folder, monkeypatch, text)
    return str(caught.value).splitlines()[1:]


def _line(text: str, of: str = LOCAL) -> int:
    return of[: of.index(text)].count("\n") + 1


def test_models_are_not_opened_to_deployers_in_a_protected_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = '  azure-ml-platform:deployersMayWriteModels: "we try out deployments here"\n'
    text = LOCAL.replace("encryptionsalt:", f"{opened}encryptionsalt:")
    assert _load(tmp_path, monkeypatch, text)[2].deployers_may_write_models == "we try out deployments here"
    edits = (("protected: false", "protected: true"), ("encryptionsalt:", f"{opened}encryptionsalt:"))
    (refusal,) = _refusal(tmp_path, monkeypatch, *edits)
    assert "deployersMayWriteModels: got a reason, expected nothing in a stack that is protected" in refusal


def test_no_role_but_the_releases_writes_models() -> None:
    """As Azure evaluates a role: what its actions give and its notActions do not take away."""

    def holds(role: dict[str, Any], action: str) -> bool:
        given, taken = (
            any(fnmatchcase(action.lower(), one.lower()) for one in role.get(key, []))
            for key in ("actions", "not_actions")
        )
        return given and not taken

    models = "Microsoft.MachineLearningServices/workspaces/models"
    roles = yaml.safe_load((ROOT / "components" / "roles.yaml").read_text())
    for action in (f"{models}/write", f"{models}/versions/write"):
        assert [name for name, role in roles.items() if holds(role, action)] == ["release"]
    for action in (f"{models}/delete", f"{models}/versions/delete"):
        assert [name for name, role in roles.items() if holds(role, action)] == []
    release, member = roles["release"], roles["member"]
    assert holds(release, f"{models}/versions/read")
    assert not any(one.endswith("*") for one in release["actions"])
    data = "Microsoft.MachineLearningServices/workspaces/data/versions/write"
    assert (holds(member, data), holds(release, data)) == (True, False)


@pytest.mark.parametrize("opened", [False, True])
def test_models_are_granted_to_releasers_and_to_deployers_where_a_setting_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: bool
) -> None:
    reason = '  azure-ml-platform:deployersMayWriteModels: "we try out deployments here"\n'
    text = LOCAL.replace("encryptionsalt:", f"{reason}encryptionsalt:") if opened else LOCAL
    settings = _load(tmp_path, monkeypatch, text)[2]
    storage = cast("Storage", SimpleNamespace(id="storage"))
    grants = release_grants(settings, storage, "workspace", cast("pulumi.Output[str]", "release"))
    writers = {grant.principal_id: grant for grant in grants if grant.role == "release"}
    releaser, *_ = (one.object_id for one in settings.releasers)
    deployers = {one.object_id for one in settings.deployers}
    assert set(writers) == ({releaser, *deployers} if opened else {releaser})
    assert all(grant.scope == "workspace" for grant in writers.values())
    if opened:
        said = {writers[one].reason for one in deployers}
        assert said == {"Opened by a setting: we try out deployments here"}


def test_nobody_is_granted_one_role_twice_in_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Azure answers 409 RoleAssignmentExists: somebody may deploy, author, review and release."""
    alice = "56e50b19-c474-50dc-8108-d5da562061ad"
    text = LOCAL.replace(
        "  azure-ml-platform:reviewers:",
        f"    - objectId: {alice}\n      type: User\n  azure-ml-platform:authors: [{alice}]\n"
        '  azure-ml-platform:deployersMayWriteModels: "we try out deployments here"\n  azure-ml-platform:reviewers:',
    )
    settings = _load(tmp_path, monkeypatch, text)[2]
    assert alice in {one.object_id for one in settings.releasers}
    storage = cast("Storage", SimpleNamespace(id="storage"))
    grants = (
        *deployer_grants(settings, storage, "group", cast("pulumi.Output[str]", "deployer")),
        *people_grants(settings, storage, "workspace", cast("pulumi.Output[str]", "member")),
        *release_grants(settings, storage, "workspace", cast("pulumi.Output[str]", "release")),
    )
    places = [(grant.principal_id, grant.role, grant.scope) for grant in grants]
    assert len(places) == len(set(places))
    assert len({grant.noun for grant in grants}) == len(grants)


def test_committed_settings_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack, cloud, settings = _load(tmp_path, monkeypatch, LOCAL)
    assert (stack, cloud.name, cloud.location) == ("local", "PlumblineLocal", "westeurope")
    assert (settings.cpu_cluster.maximum_nodes, settings.pipelines) == (4, ("claims_release",))
    assert (settings.public_access_allowed, settings.purge_protected) == (True, False)
    with pytest.raises(ValueError, match="frozen"):
        settings.platform = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "what", "expected"),
    [
        (
            "maximumNodes: 4",
            "maximumNodes: many",
            "cpuCluster.maximumNodes",
            "Nodes at once; a valid integer",
        ),
        ("maximumNodes: 4", "maximumNodes: 0", "cpuCluster.maximumNodes", "greater than or equal to 1"),
        ("maximumNodes: 4", "maximumNodes: 101", "cpuCluster.maximumNodes", "less than or equal to 100"),
        ("- claims_release", "- ../elsewhere", "pipelines.0", "^[a-z]"),
        ("platform: plumbline", "platform: Plumbline!", "platform", "every Azure name"),
        ("costCentre:", "costCenter:", "ownership.costCenter", "no such key"),
        (
            "publicAccessAllowed:",
            "publicAccesAllowed:",
            "publicAccesAllowed",
            'Did you mean "publicAccessAllowed"?',
        ),
    ],
)
def test_wrong_setting_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, what: str, expected: str
) -> None:
    problems = _refusal(tmp_path, monkeypatch, (old, new))
    (found,) = [problem for problem in problems if f" {PROJECT}:{what}: got " in problem]
    assert found.startswith(f"Pulumi.local.yaml:{_line(old)}: ")
    assert expected in found


def test_every_problem_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = _refusal(
        tmp_path,
        monkeypatch,
        ("azure-native:tenantId: 1111", "azure-native:tenantId: 9999"),
        ("plumbline:subscriptionId: 2222", "plumbline:subscriptionId: x222"),
        ("  azure-native:location: westeurope\n", ""),
        ("  azure-ml-platform:platform: plumbline\n", ""),
    )
    named = {problem.split(": ")[1] for problem in problems}
    assert named == {
        "azure-native:tenantId", "azure-native:subscriptionId", "plumbline:subscriptionId", "azure-native:location",
        f"{PROJECT}:platform",
    }  # fmt: skip
    assert all(": got " in problem and ", expected " in problem for problem in problems)


def test_pins_of_another_case_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
    text = LOCAL.replace(
        "azure-native:tenantId: 11111111-1111-4111-8111-111111111111", f"azure-native:tenantId: {tenant}"
    )
    text = text.replace(
        "plumbline:tenantId: 11111111-1111-4111-8111-111111111111", f"plumbline:tenantId: {tenant.upper()}"
    )
    assert _load(tmp_path, monkeypatch, text)[1].tenant_id == tenant.upper()


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: path.name)
def test_committed_stack_file_fits_the_published_schema(path: Path) -> None:
    schema = json.loads((ROOT / reference.SCHEMA).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(path.read_text()), schema)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("costCentre:", "costCenter:"),
        ("maximumNodes: 4", "maximumNodes: 101"),
        ("platform: plumbline", "platform: P"),
    ],
)
def test_schema_refuses_what_the_program_refuses(old: str, new: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(LOCAL.replace(old, new)), reference.schema())


def test_every_setting_says_what_it_means() -> None:
    tree = reference.schema()
    models = [
        tree["properties"]["config"]["properties"],
        *(model["properties"] for model in tree["$defs"].values()),
    ]
    assert [name for fields in models for name, field in fields.items() if not field.get("description")] == []


def test_check_notices_a_page_that_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert reference.main(["--check"]) == 1
    reference.main([])
    assert reference.main(["--check"]) == 0
    (tmp_path / reference.PAGE).write_text("edited\n")
    assert reference.main(["--check"]) == 1
    assert "python -m stacks.reference" in capsys.readouterr().out


def test_committed_pages_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert reference.main(["--check"]) == 0


def test_names_that_azure_reserves_and_a_closed_platform_are_refused_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = "azure-ml-platform:publicAccessAllowed: true"
    problems = _refusal(
        tmp_path,
        monkeypatch,
        ("azure-ml-platform:platform: plumbline", "azure-ml-platform:platform: windowsml"),
        (closed, closed.replace("true", "false")),
    )
    assert len(problems) == 2
    assert (
        f"Pulumi.local.yaml:{_line(closed)}: azure-ml-platform:publicAccessAllowed: got false" in problems[0]
    )
    assert (
        "platform: got 'windowsml', expected a name without \"windows\", which Azure reserves" in problems[1]
    )
