"""Rows on rights: role assignments, what a refusal says, how late a right counts."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import yaml

from tests.verify_azure import versions as api
from tests.verify_azure.check import check
from tests.verify_azure.cloud import code_of, message_of
from tests.verify_azure.finding import Finding, NotChecked, holds
from tests.verify_azure.parts import RIGHTS_SECONDS, assign, assignment_body, blob_service
from tests.verify_azure.subject import SecondLogin, Subject

READER, CONTRIBUTOR = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "b24988ac-6180-42a0-ab88-20f7382dd24c"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
ROLES = Path(__file__).resolve().parents[3] / "plumbline" / "emulator" / "roles.yaml"


@check("rbac-builtin-roles")
def builtin_roles(azure: Subject) -> Finding:
    path = f"{azure.cloud.scope}/providers/Microsoft.Authorization/roleDefinitions"
    live = {row["name"]: row["properties"] for row in azure.get(path, api=api.DEFINITION)["value"]}
    wrong = []
    for role in yaml.safe_load(ROLES.read_text(encoding="utf-8"))["roles"]:
        found = live.get(role["id"])
        if found is None or found["roleName"] != role["name"]:
            wrong.append(f"{role['name']}: {found['roleName'] if found else 'not there'}")
            continue
        for member, ours in (("actions", role.get("actions")), ("dataActions", role.get("data_actions"))):
            theirs = [action.lower() for one in found["permissions"] for action in one.get(member) or ()]
            wrong += [
                f"{role['name']}: {action}" for action in ours or () if not _granted(action.lower(), theirs)
            ]
    return holds(not wrong, f"Built-in roles that differ from the table: {', '.join(wrong) or 'none'}.")


def _granted(action: str, granted: list[str]) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(action, pattern) for pattern in granted)


@check("rbac-assignment-exists", "group")
def second_assignment(azure: Subject) -> Finding:
    scope, principal = _identity(azure)
    first = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    body = assignment_body(azure, READER, principal, kind="ServicePrincipal")
    seen = []
    for path in (first, first, f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"):
        answer = azure.send("PUT", path, api=api.ASSIGNMENT, body=body)
        seen.append((answer.status_code, code_of(answer)))
    return holds(
        seen[1][0] in (200, 201) and seen[2] == (409, "RoleAssignmentExists"),
        f"The same GUID again answered {seen[1][0]} {seen[1][1]}, another GUID {seen[2][0]} {seen[2][1]}.",
    )


@check("rbac-assignment-immutable", "group")
def changed_assignment(azure: Subject) -> Finding:
    scope, principal = _identity(azure)
    path = assign(azure, scope, READER, principal, kind="ServicePrincipal")
    body = assignment_body(azure, CONTRIBUTOR, principal, kind="ServicePrincipal")
    answer = azure.send("PUT", path, api=api.ASSIGNMENT, body=body)
    return holds(
        code_of(answer) == "RoleAssignmentUpdateNotPermitted",
        f"Another role under the same GUID answered {answer.status_code} {code_of(answer)}.",
    )


@check("rbac-principal-type", "group")
def wrong_principal_type(azure: Subject) -> Finding:
    scope, principal = _identity(azure)
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    body = assignment_body(azure, READER, principal, kind="User")
    answer = azure.send("PUT", path, api=api.ASSIGNMENT, body=body)
    return holds(
        (answer.status_code, code_of(answer)) == (400, "UnmatchedPrincipalType"),
        f"A managed identity assigned as User answered {answer.status_code} {code_of(answer)}.",
    )


@check("rbac-403-message", "group")
def what_a_refusal_says(azure: Subject) -> Finding:
    other = azure.second()
    path = azure.resource(IDENTITIES, azure.fresh("id-"))
    answer = other.cloud.send("PUT", path, api=api.IDENTITY, body={"location": azure.location})
    said = message_of(answer)
    named = [part in said for part in (other.client_id, other.object_id, f"{IDENTITIES}/write", path)]
    return holds(
        (answer.status_code, code_of(answer)) == (403, "AuthorizationFailed") and all(named),
        f"A write without right answered {answer.status_code} {code_of(answer)}, naming client, object id, action and "
        f"scope: {named}.",
    )


@check("rbac-evaluation", "group")
def reader_reads_and_does_not_write(azure: Subject) -> Finding:
    other, scope = azure.second(), _identity(azure)[0]
    assign(azure, scope, READER, other.object_id, kind="ServicePrincipal")
    allowed = azure.cloud.until(
        lambda: other.cloud.send("GET", scope, api=api.IDENTITY).status_code == 200, seconds=RIGHTS_SECONDS
    )
    if not allowed:
        raise NotChecked("the second login's role was not honoured within ten minutes")
    write = other.cloud.send("PUT", scope, api=api.IDENTITY, body={"location": azure.location})
    above = other.cloud.send("GET", azure.group, api=api.GROUP)
    return holds(
        (write.status_code, above.status_code) == (403, 403),
        f"With Reader on one identity: GET 200, PUT {write.status_code}, GET of the group above {above.status_code}.",
    )


@check("rbac-takes-effect-at-once", "group")
def how_late_a_role_counts(azure: Subject) -> Finding:
    other, scope = azure.second(), _identity(azure)[0]

    def status() -> int:
        return int(other.cloud.send("GET", scope, api=api.IDENTITY).status_code)

    before = status()
    path, began = assign(azure, scope, READER, other.object_id, kind="ServicePrincipal"), time.monotonic()
    given = azure.cloud.until(lambda: status() == 200, seconds=RIGHTS_SECONDS)
    seconds, began = time.monotonic() - began, time.monotonic()
    azure.send("DELETE", path, api=api.ASSIGNMENT)
    taken = azure.cloud.until(lambda: status() == 403, seconds=RIGHTS_SECONDS)
    return holds(
        bool(before == 403 and given and taken),
        f"Before the assignment {before}; honoured: {bool(given)}, after {seconds:.0f} s; its removal honoured: "
        f"{bool(taken)}, after {time.monotonic() - began:.0f} s.",
    )


@check("storage-role-late", "blob rights")
def data_role_of_blobs(azure: Subject) -> Finding:
    refused, seconds = _blob_reading(azure, azure.second(), with_role=BLOB_READER)
    return holds(
        refused == (403, "AuthorizationPermissionMismatch") and seconds is not None,
        f"Without a data role blobs answered {refused[0]} {refused[1]}; Storage Blob Data Reader was honoured after "
        f"{'ten minutes not' if seconds is None else f'{seconds:.0f} s'}.",
    )


@check("blob-reader-for-reviewers", "blob rights")
def contributor_reads_no_blobs(azure: Subject) -> Finding:
    other = azure.second()
    assign(azure, azure.part("storage"), CONTRIBUTOR, other.object_id, kind="ServicePrincipal")
    azure.cloud.until(
        lambda: other.cloud.send("GET", azure.part("storage"), api=api.STORAGE).status_code == 200,
        seconds=RIGHTS_SECONDS,
    )
    name = azure.fresh("only")
    azure.put(
        f"{azure.part('storage')}/blobServices/default/containers/{name}",
        api=api.STORAGE,
        body={"properties": {}},
    )
    refused = _list_blobs(azure, other, name)
    return holds(
        refused[0] == 403,
        f"A Contributor of the account who lists blobs by token got {refused[0]} {refused[1]}.",
    )


@check("blob-owner-has-no-data-rights", "storage")
def owner_without_a_data_role(azure: Subject) -> Finding:
    account = azure.resource("Microsoft.Storage/storageAccounts", azure.fresh("st"))
    from tests.verify_azure.parts import storage_body

    made = azure.put(account, api=api.STORAGE, body=storage_body(azure))
    container = f"{account}/blobServices/default/containers/plain"
    azure.put(container, api=api.STORAGE, body={"properties": {}})
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobServiceClient

    client = BlobServiceClient(
        made["properties"]["primaryEndpoints"]["blob"], credential=azure.cloud.credential
    )
    try:
        list(client.get_container_client("plain").list_blobs())
    except HttpResponseError as error:
        return holds(
            (error.status_code, error.error_code) == (403, "AuthorizationPermissionMismatch"),
            f"Who made the account lists its blobs by token: {error.status_code} {error.error_code}.",
        )
    raise NotChecked("this login has a data role on the subscription already; run it as one that has none")


def _blob_reading(
    azure: Subject, other: SecondLogin, *, with_role: str
) -> tuple[tuple[int, str], float | None]:
    name = azure.fresh("late")
    container = f"{azure.part('storage')}/blobServices/default/containers/{name}"
    azure.put(container, api=api.STORAGE, body={"properties": {}})
    refused = _list_blobs(azure, other, name)
    began = time.monotonic()
    assign(azure, container, with_role, other.object_id, kind="ServicePrincipal")
    given = azure.cloud.until(lambda: _list_blobs(azure, other, name)[0] == 200, seconds=RIGHTS_SECONDS)
    return refused, time.monotonic() - began if given else None


def _list_blobs(azure: Subject, other: SecondLogin, container: str) -> tuple[int, str]:
    from azure.core.exceptions import HttpResponseError

    try:
        list(blob_service(azure, other.credential).get_container_client(container).list_blobs())
    except HttpResponseError as error:
        return int(error.status_code or 0), str(error.error_code)
    return 200, ""


def _identity(azure: Subject) -> tuple[str, Any]:
    """A managed identity of its own: its id, and its principal."""
    path = azure.resource(IDENTITIES, azure.fresh("id-"))
    made = azure.put(path, api=api.IDENTITY, body={"location": azure.location})
    return path, made["properties"]["principalId"]
