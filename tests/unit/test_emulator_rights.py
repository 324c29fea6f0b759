"""Protects the pure rules of access: roles with wildcards and exceptions, shared access signatures."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from plumbline.emulator.access import Access, Role, assignment_body
from plumbline.emulator.errors import AzureError
from plumbline.emulator.principals import Principals
from plumbline.emulator.sas import SharedAccess
from plumbline.emulator.settings import Settings
from plumbline.emulator.store import Store


def role(**rights) -> Role:
    return Role(id="r", name="R", description="", built_in=False, **rights)


@pytest.mark.parametrize(
    ("actions", "not_actions", "action", "granted"),
    [
        (("*",), (), "Microsoft.Storage/storageAccounts/write", True),
        (("*/read",), (), "Microsoft.Storage/storageAccounts/READ", True),
        (("*/read",), (), "Microsoft.Storage/storageAccounts/write", False),
        (
            ("*",),
            ("Microsoft.Authorization/*/Write",),
            "Microsoft.Authorization/roleAssignments/write",
            False,
        ),
        (("Microsoft.A/b/*",), (), "Microsoft.A/bc/read", False),
        (("Microsoft.A/b/read",), (), "Microsoft.A/b/reads", False),
        ((), (), "Microsoft.A/b/read", False),
    ],
)
def test_wildcards_and_exceptions(actions, not_actions, action, granted):
    assert role(actions=actions, not_actions=not_actions).grants(action, data=False) is granted


def test_data_actions_are_apart(tmp_path):
    owner = role(actions=("*",))
    assert not owner.grants("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", data=True)


def test_what_an_earlier_release_seeded_is_taken_back_and_what_a_caller_assigned_is_kept(tmp_path):
    """A home of before the release identity: its deployer was an owner."""
    settings = Settings(home=tmp_path, stack="local", cloud="PlumblineLocal", tenant_id="t", subscription_id="s",
                        location="westeurope", port=1)  # fmt: skip
    store = Store(tmp_path / "emulator.db")
    principals = Principals(home=tmp_path, store=store, tenant_id="t")
    deployer, write = (
        principals.seeded["deployer"],
        "Microsoft.MachineLearningServices/workspaces/models/versions/write",
    )
    owner = next(one for one in Access(settings=settings, store=store, principals=principals).built_in.values()
                 if one.name == "Owner")  # fmt: skip
    body = assignment_body(
        principal_id=deployer.object_id, principal_type="ServicePrincipal", scope="/subscriptions/s",
        role_definition_id=f"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{owner.id}",
    )  # fmt: skip
    place = "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/old"
    for kept, created in ((False, {}), (True, {"createdOn": "2026-01-01T00:00:00Z"})):
        put = {"properties": {**body["properties"], **created}}
        store.put(place, put, type="Microsoft.Authorization/roleAssignments", principal=None)
        again = Access(settings=settings, store=store, principals=principals)
        assert again.allowed(deployer, write, "/subscriptions/s") is kept
        assert again.allowed(deployer, "Microsoft.Storage/storageAccounts/write", "/subscriptions/s")
        assert again.allowed(principals.seeded["owner"], write, "/subscriptions/s")


@pytest.fixture
def sas(tmp_path) -> SharedAccess:
    return SharedAccess(tmp_path)


def query(text: str) -> dict[str, str]:
    return dict(parse_qsl(text))


def refusal(sas: SharedAccess, container: str, blob: str, signed: dict[str, str], needs: str = "r") -> str:
    with pytest.raises(AzureError) as raised:
        sas.check(container, blob, signed, needs=needs)
    assert raised.value.status == 403
    return raised.value.code


def test_a_signature_covers_its_container_its_folder_or_its_blob(sas):
    container, folder, blob = (
        query(sas.sign("c", prefix, permissions="rl")) for prefix in ("", "a/b/", "a/b/x")
    )
    sas.check("c", "a/b/x", container, needs="r")
    sas.check("c", "a/b/x", folder, needs="r")
    sas.check("c", "a/b/x", blob, needs="r")
    sas.check("c", "", folder | {"prefix": "a/b/"}, needs="l")
    assert refusal(sas, "other", "a/b/x", container) == "AuthenticationFailed"
    assert refusal(sas, "c", "a/bc/x", folder) == "AuthenticationFailed"
    assert refusal(sas, "c", "a", folder) == "AuthenticationFailed"
    assert refusal(sas, "c", "a/b/y", blob) == "AuthenticationFailed"


@pytest.mark.parametrize("change", [{"sp": "rwd"}, {"se": "2099-01-01T00:00:00Z"}, {"sig": "x"}, {"sr": "c"}])
def test_a_changed_signature_is_refused(sas, change):
    signed = query(sas.sign("c", "a/x", permissions="r")) | change
    assert refusal(sas, "c", "a/x", signed) == "AuthenticationFailed"


def test_an_expired_signature_and_a_missing_permission_are_refused(sas):
    assert refusal(sas, "c", "x", query(sas.sign("c", lifetime_seconds=-1))) == "AuthenticationFailed"
    assert refusal(sas, "c", "x", query(sas.sign("c")), needs="w") == "AuthorizationPermissionMismatch"


def test_a_signature_of_another_home_is_refused(sas, tmp_path):
    (tmp_path / "other").mkdir()
    assert refusal(sas, "c", "x", query(SharedAccess(tmp_path / "other").sign("c"))) == "AuthenticationFailed"
