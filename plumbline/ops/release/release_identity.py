"""Who may write models of a workspace: the identities that hold such a role on the workspace itself."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.azure.token_claims import read_token
from plumbline.ops.azure_session import AzureSession, RefusedError

# Source: learn.microsoft.com, "Manage access to Azure Machine Learning workspaces", actions of the v2 API.
ACTION = "Microsoft.MachineLearningServices/workspaces/models/versions/write"
_ASSIGNMENTS, _ROLES = "role_assignments", "role_definitions"


def not_a_releaser(session: AzureSession, job: str) -> str:
    """Why a login that Azure answered 403 cannot register a model, who can, and how to go on."""
    login = read_token(session.token())
    try:
        there = _releasers(session)
    except RefusedError:
        there = []
    expected = (
        f"a release identity: {', '.join(there)}" if there else "a release identity (the stack's releasers)"
    )
    step = (
        f"Run it as that one: PLUMBLINE_PRINCIPAL=releaser plumbline model register {job} --stack local"
        if session.target.is_emulated
        else "Let the release's workflow run it, which logs in as that identity; nobody else should have the role."
    )
    return (
        f"job {job}: register: got {login.shown} (object id {login.object_id}), who may not write models of workspace "
        f"{session.target.workspace_name}, expected {expected}. Nothing was written. {step}"
    )


def _releasers(session: AzureSession) -> list[str]:
    """Object id and role of each identity that may write models by a role on the workspace itself."""
    scope = session.target.workspace_id
    place = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
    found = []
    roles: dict[str, dict[str, Any]] = {}
    for row in session.pages(place, api_version=api_version(_ASSIGNMENTS), **{"$filter": "atScope()"}):
        properties = row["properties"]
        if str(properties["scope"]).rstrip("/").lower() != scope.lower():
            continue
        role_id = str(properties["roleDefinitionId"])
        if role_id not in roles:
            roles[role_id] = session.get(role_id, api_version=api_version(_ROLES)) or {}
        role = roles[role_id].get("properties") or {}
        if any(_allows(rights) for rights in role.get("permissions") or ()):
            found.append(f"{properties['principalId']} ({role['roleName']})")
    return sorted(found)


def _allows(rights: dict[str, Any]) -> bool:
    def holds(patterns: Any) -> bool:
        return any(fnmatchcase(ACTION.lower(), str(one).lower()) for one in patterns or ())

    return holds(rights.get("actions")) and not holds(rights.get("notActions"))
