"""The provider's writer for the workspace of a session: whoever registers goes through azure-ai-ml, as it does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from plumbline.azure.token_claims import read_token
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError

if TYPE_CHECKING:
    from plumbline.provider.address import Workspace
    from plumbline.provider.client import Writer


def open_writer(session: AzureSession) -> tuple[Writer, Workspace]:
    """Pass the provider's fence. Raises: UserError: it is closed."""
    from plumbline.provider.address import Workspace
    from plumbline.provider.cloud import open_cloud
    from plumbline.provider.errors import Refusal
    from plumbline.provider.settings import read_settings

    target = session.target
    pins = target.pins
    given = {
        "cloud": pins.cloud if pins else os.environ.get("AZUREML_CURRENT_CLOUD", "AzureCloud"),
        "tenantId": pins.tenant_id if pins else read_token(session.token()).tenant_id,
        "subscriptionId": target.subscription_id,
    }
    try:
        writer = open_cloud(read_settings(target.stack or _emulated_stack(), given, os.environ)).writer
    except Refusal as refusal:
        raise UserError(str(refusal)) from refusal
    workspace = Workspace(
        subscription_id=target.subscription_id,
        resource_group=target.resource_group_name,
        name=target.workspace_name,
    )
    return writer, workspace


def _emulated_stack() -> str:
    from plumbline.fence import FenceError, live_cloud

    try:
        return live_cloud(os.environ).emulates_stack or "of this shell"
    except FenceError as error:
        raise UserError(str(error)) from error
