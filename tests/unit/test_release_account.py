"""Protects what a release believes of a run: files as they were written, one writer, steps that are steps, listed people."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from plumbline.assets import DefinitionErrors, load_ml_pipelines, resolved_job
from plumbline.assets.release import approvers_in
from plumbline.assets.release_flow import release_flow
from plumbline.azure.token_claims import of_claims
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.release.approval import Approval, counting
from plumbline.ops.release.author import Author
from plumbline.ops.release.step_account import ALLOWANCE, StepAccount
from plumbline.ops.release.stored_files import StoredFile, StoredFiles
from plumbline.ops.release.writer import Writer
from plumbline.ops.run_history import RunHistory, step_run
from tests.project_copy import ProjectCopy

ROOT = Path(__file__).parents[2]
END = datetime(2026, 11, 23, 19, 3, 1, tzinfo=UTC)


def files(**changed: Any) -> dict[str, StoredFile]:
    return {"model.json": StoredFile(**{"sha256": "a1", "changed_at": END, "content": b"{}", **changed})}


def account(**known: Any) -> StepAccount:
    return StepAccount(**{"step": "train", "run": "r1", "ended_at": END, **known})


def test_on_azure_a_file_that_changed_after_its_step_ended_is_named_with_both_times() -> None:
    late = END + ALLOWANCE + timedelta(seconds=1)
    (told,) = account().differences("model", files(changed_at=late))
    assert told == (
        "steps.train.outputs.model: model.json: got a change at 2026-11-23T19:03:32+00:00, expected none after run r1 "
        "ended at 2026-11-23T19:03:01+00:00"
    )


@pytest.mark.parametrize("after", [timedelta(hours=-1), timedelta(), ALLOWANCE])
def test_two_clocks_may_differ_a_little(after: timedelta) -> None:
    assert account().differences("model", files(changed_at=END + after)) == []


def test_without_an_end_nothing_can_be_told_and_that_is_said() -> None:
    assert "is not known" in account(ended_at=None).differences("model", files())[0]


def test_where_hashes_were_recorded_they_decide_and_not_the_time() -> None:
    kept = account(recorded={"model": {"model.json": "a1"}})
    assert kept.differences("model", files(changed_at=END + timedelta(days=1))) == []
    assert kept.differences("model", files(sha256="b2")) == [
        "steps.train.outputs.model: model.json: got sha256 b2, expected sha256 a1 as run r1 recorded it"
    ]


def test_a_file_too_many_and_one_too_few_are_named() -> None:
    kept = account(recorded={"model": {"other.json": "a1"}})
    assert [line.split(": ", 1)[1] for line in kept.differences("model", files())] == [
        "model.json: got sha256 a1, expected nothing as run r1 recorded it",
        "other.json: got nothing, expected sha256 a1 as run r1 recorded it",
    ]
    assert "has no record of" in kept.differences("evaluation", files())[0]


def test_two_steps_that_write_the_released_model_are_named() -> None:
    pipeline = load_ml_pipelines([ROOT / "pipelines" / "claims_release"], root=ROOT)[0]
    assert pipeline.contract is not None
    job = deepcopy(resolved_job(pipeline))
    job["jobs"]["train_2"] = deepcopy(job["jobs"]["train"])
    assert release_flow(job, pipeline.contract.gate).problems == (
        "outputs.model: got 2 steps that write it (train.model, train_2.model), expected one",
    )


class _Children(RunHistory):
    """Run history of one job with fixed rows."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        super().__init__(cast("AzureSession", _Nowhere()))
        self._rows = list(rows)

    def children(self, name: str) -> list[dict[str, Any]]:
        return self._rows if name == "j" else []


class _Nowhere:
    class target:  # noqa: N801
        workspace_id = ""

    def get(self, path: str, **_: str) -> Any:
        assert path == "/datastores/workspaceblobstore"
        return {"properties": {"accountName": "acme", "endpoint": "core.windows.net"}}


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://acme.blob.core.windows.net/11112222-code/src", True),
        ("https://ACME.blob.core.windows.net:443/11112222-code/src", True),
        ("https://acme.blob.core.windows.net.evil.example/code/src", False),
        ("https://acme.blob.core.windows.net@evil.example/code/src", False),
        ("https://other.blob.core.windows.net/code/src", False),
        ("http://acme.blob.core.windows.net/code/src", False),
        ("https://acme.blob.core.windows.net/code/src?sig=x", False),
        ("", False),
    ],
)
def test_a_login_is_shown_to_the_workspaces_own_storage_only(url: str, own: bool) -> None:
    stored = StoredFiles(cast("AzureSession", _Nowhere()))
    assert stored.is_own(url) is own
    if not own:
        with pytest.raises(UserError):
            stored.names(url)


def test_runs_that_no_pipeline_made_are_no_steps() -> None:
    rows = [
        {"runId": "1", "name": "evaluate", "runType": "azureml.StepRun", "status": "Completed"},
        {"runId": "2", "name": "inner", "runType": "azureml.PipelineRun"},
        {"runId": "3", "name": "evaluate", "runType": "MLflow", "status": "Failed"},
        {"runId": "4", "name": "evaluate", "runType": "azureml.scriptrun"},
        {"runId": "5", "name": "evaluate"},
    ]
    steps = _Children(*rows).steps({"name": "j", "properties": {"jobs": {}}})
    assert [(step.name, step.step) for step in steps] == [("1", "evaluate"), ("2", "inner")]


def test_a_step_says_which_component_it_ran() -> None:
    properties = {"azureml.moduleName": "claims_train", "azureml.moduleVersion": "h1ab"}
    assert step_run({"runId": "1", "properties": properties}, "train").component == "claims_train:h1ab"
    assert step_run({"runId": "1", "properties": {"azureml.moduleName": "x"}}, "train").component is None


ALICE = Author(name="alice author", object_ids=frozenset({"id-alice"}))
BOB = Writer(object_id="id-bob", sign_in_name="Bob@plumbline.example")


def approval(by: str, approvers: frozenset[str] | None = None, writer: Writer | None = None) -> Approval:
    return Approval(
        container="c", version="a1", approver=by, approver_type="User", approved_at="", approvers=approvers,
        writer=writer, unproved="the activity log does not show yet who that is",
    )  # fmt: skip


@pytest.mark.parametrize("listed", ["bob@plumbline.example", "id-bob"])
def test_who_is_listed_by_sign_in_name_or_object_id_counts(listed: str) -> None:
    assert counting([approval("Bob Reviewer", frozenset({listed}), BOB)], [ALICE]) is not None
    assert counting([approval("bob@plumbline.example", frozenset({listed}), BOB)], [ALICE]) is not None


@pytest.mark.parametrize("listed", [["carol@plumbline.example"], ["bob reviewer"], []])
def test_only_listed_people_count_where_somebody_is_listed(listed: list[str]) -> None:
    found = approval("Bob Reviewer", frozenset(listed), BOB)
    assert found.refusal([ALICE]) == (
        "it was written by Bob Reviewer (Bob@plumbline.example), whom approval.approvers of release.yml does not list"
    )


def test_a_display_name_alone_is_nobody_of_a_list() -> None:
    found = approval("bob@plumbline.example", frozenset({"bob@plumbline.example"}))
    assert "the activity log does not show yet who that is; approval.approvers" in str(found.refusal([ALICE]))


def test_people_are_told_apart_by_object_id_and_not_by_the_name_that_azure_shows() -> None:
    namesake = Author(name="bob reviewer", object_ids=frozenset({"id-other-bob"}))
    assert approval("Bob Reviewer", writer=BOB).refusal([namesake]) is None
    renamed = Author(name="robert", object_ids=frozenset({"id-bob"}))
    assert "who submitted the run" in str(approval("Bob Reviewer", writer=BOB).refusal([renamed]))


@pytest.mark.parametrize(
    ("author", "writer"),
    [(Author(name="bob reviewer"), BOB), (Author(name="bob reviewer", object_ids=frozenset({"id-x"})), None)],
)
def test_where_an_object_id_is_not_known_names_decide_against_the_approval(
    author: Author, writer: Writer | None
) -> None:
    assert "who submitted the run" in str(approval("Bob Reviewer", writer=writer).refusal([author]))
    assert approval("Carol", writer=writer).refusal([author]) is None


def test_a_login_is_an_author_by_object_id() -> None:
    claims = {
        "oid": "ID-Alice",
        "upn": "alice@plumbline.example",
        "name": "Bob Reviewer",
        "tid": "t",
        "scp": "x",
    }
    caller = of_claims(claims)
    assert ALICE.is_caller(caller)
    assert not Author(name="bob reviewer", object_ids=frozenset({"id-bob"})).is_caller(caller)
    assert Author(name="bob reviewer").is_caller(caller)
    assert caller.identifiers == {"id-alice", "alice@plumbline.example"}
    assert not caller.is_application


@pytest.mark.parametrize(
    ("claims", "application"),
    [
        ({"oid": "o", "appid": "c", "idtyp": "app"}, True), ({"oid": "o", "appid": "c", "roles": ["x"]}, True),
        ({"oid": "o", "appid": "c", "upn": "a@b.c", "scp": "user_impersonation"}, False),
        ({"oid": "o", "appid": "c", "idtyp": "user", "upn": "a@b.c"}, False),
    ],
)  # fmt: skip
def test_a_token_says_whether_a_person_holds_it(claims: dict[str, Any], application: bool) -> None:
    assert of_claims(claims).is_application is application


@pytest.mark.parametrize("data", [{}, {"approval": None}, {"approval": {"by": ["a"]}}])
def test_terms_that_list_nobody_let_anybody_but_the_author_approve(data: Any) -> None:
    assert approvers_in(data) is None


def test_names_are_compared_without_case_and_spaces() -> None:
    assert approvers_in({"approval": {"approvers": [" Bob@Plumbline.example"]}}) == {"bob@plumbline.example"}


@pytest.mark.parametrize("data", [None, [], "x", {"approval": ["bob"]}, {"approval": {"approvers": None}},
                                  {"approval": {"approvers": "bob"}}, {"approval": {"approvers": ["bob", 7]}},
                                  {"approval": {"approvers": [""]}}])  # fmt: skip
def test_terms_that_cannot_be_read_are_no_permission(data: Any) -> None:
    with pytest.raises(ValueError, match=r"approval\.approvers"):
        approvers_in(data)


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("approvers: [bob@plumbline.example]", None),
        ("approvers: []", "approval.approvers: got nobody, expected at least one name"),
        ("approvers:", "approval.approvers: got nobody, expected at least one name"),
        ("approvers: bob", 'approval.approvers: got "bob", expected a list'),
        ("approvers: {claims-actuary: [bob@plumbline.example], model-risk: [carol@plumbline.example]}", None),
        ("approvers: {claims-actuary: []}", "approval.approvers.claims-actuary: got nobody"),
        ("approvers: {}", "approval.approvers: got nobody"),
        (
            "approvers: {claims-actuary: [Jane Doe]}",
            'claims-actuary[0]: got "Jane Doe", expected a sign-in name',
        ),
        ("approvers: [ab4fe7d9-1c00-4a3b-8d00-5e6f7a8b9c0d]", None),
        ("approvers: [Jane Doe]", "expected a sign-in name (bob@example.com) or an object id"),
        ("approver: [bob]", 'Did you mean "approvers"?'),
    ],
)
def test_a_list_of_approvers_is_checked_with_the_definitions(
    tmp_path: Path, written: str, named: str | None
) -> None:
    root = ProjectCopy.make(tmp_path / "project").root
    file = root / "pipelines" / "claims_release" / "release.yml"
    file.write_text(
        file.read_text().replace("\ndata_approvals:", f"\napproval:\n  {written}\ndata_approvals:")
    )
    if named is None:
        assert load_ml_pipelines([file.parent], root=root)[0].release is not None
        return
    with pytest.raises(DefinitionErrors) as refused:
        load_ml_pipelines([file.parent], root=root)
    assert named in str(refused.value)
