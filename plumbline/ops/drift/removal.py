"""Takes away what nobody declared (a version is archived, anything else deleted), and restores what was archived. Writes.

Source: azure-ai-ml `archive` (through the provider's writer); Compute, Datastores, Workspace Connections and Role Assignments
- Delete.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from plumbline.azure.api_versions import api_version
from plumbline.kinds import SCHEDULE, kind_of_noun
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.finding import Finding
from plumbline.ops.drift.inventory import ListRow, list_rows
from plumbline.ops.errors import UserError
from plumbline.ops.last_change import REGISTRY_IDS

if TYPE_CHECKING:
    from plumbline.provider.address import Registry

_POLL_SECONDS = 0.5
_MOST_SECONDS = 600.0


def settle(session: AzureSession, finding: Finding) -> str:
    """Take it away or restore it, and wait until that is done; answers what was done.

    Raises: UserError: Azure refuses, or it is still there after ten minutes.
    """
    row = next((row for row in list_rows() if row.noun == finding.noun and row.remove), None)
    if row is None:
        raise UserError(
            f"{finding.resource}: got a {finding.noun}, expected something that this command can take away. "
            f"Delete it: az resource delete --ids {finding.resource_id}"
        )
    if finding.change == "not as pinned":
        from plumbline.ops.drift.republishing import put_back

        return put_back(session, finding)
    if finding.change == "archived":
        return _restore(session, finding)
    if finding.version is not None:
        return _archive(session, finding)
    if finding.noun == SCHEDULE.noun:
        return _delete_schedule(session, finding)
    return _delete(session, finding, row)


def _archive(session: AzureSession, finding: Finding) -> str:
    from plumbline.ops.workspace_writer import open_writer
    from plumbline.provider.errors import Refusal

    writer, workspace = open_writer(session)
    place = _registry_of(session, finding) or workspace
    name = finding.resource_id.rpartition("/")[2]
    try:
        writer.archive(place, kind_of_noun(finding.noun).name, name, str(finding.version))
    except Refusal as refusal:
        raise UserError(str(refusal)) from refusal
    return f"{name}:{finding.version} is archived. Nothing lists it any more, and what names it exactly still finds it."


def _registry_of(session: AzureSession, finding: Finding) -> Registry | None:
    if not finding.resource_id.startswith(REGISTRY_IDS):
        return None
    from plumbline.ops.promotion.registry import registry_named

    return registry_named(session, finding.resource_id.removeprefix(REGISTRY_IDS).split("/")[0])


def _restore(session: AzureSession, finding: Finding) -> str:
    from plumbline.ops.workspace_writer import open_writer
    from plumbline.provider.errors import Refusal

    writer, workspace = open_writer(session)
    name = finding.resource_id.rpartition("/")[2]
    try:
        writer.restore(workspace, kind_of_noun(finding.noun).name, name, str(finding.version))
    except Refusal as refusal:
        raise UserError(str(refusal)) from refusal
    return f"{name}:{finding.version} is restored."


def _delete_schedule(session: AzureSession, finding: Finding) -> str:
    from plumbline.ops.workspace_writer import open_writer
    from plumbline.provider.errors import Refusal

    writer, workspace = open_writer(session)
    try:
        writer.delete_schedule(workspace, finding.resource, enabled=True)
    except Refusal as refusal:
        raise UserError(str(refusal)) from refusal
    return f"schedule {finding.resource} is deleted."


def _delete(session: AzureSession, finding: Finding, row: ListRow) -> str:
    version = api_version(row.operations)
    query = f"?{urlencode(row.remove_query)}" if row.remove_query else ""
    session.send("DELETE", f"{finding.resource_id}{query}", api_version=version)
    deadline = time.monotonic() + _MOST_SECONDS
    while session.get(finding.resource_id, api_version=version) is not None:
        if time.monotonic() > deadline:
            raise UserError(
                f"{finding.resource}: got it still there after {_MOST_SECONDS:.0f} s, expected it deleted. "
                "Look at its state in the portal."
            )
        time.sleep(_POLL_SECONDS)
    return f"{finding.noun} {finding.resource} is deleted."
