"""Hands a job to Azure ML through the provider's writer, tagged with what it was made from."""

from __future__ import annotations

import base64
import io
import json
import os
import re
from collections.abc import Mapping
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import click

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError

PIPELINE_TAG = "plumbline.pipeline"
DIGEST_TAG = "plumbline.digest"
COMMIT_TAG = "plumbline.commit"
RERUN_TAG = "plumbline.rerun_of"
ANONYMOUS_TAG = "plumbline.anonymous"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
OWN_TAGS = (PIPELINE_TAG, DIGEST_TAG, COMMIT_TAG, RERUN_TAG, ANONYMOUS_TAG)


class Submitter:
    """The way of one session's jobs to its workspace."""

    def __init__(self, session: AzureSession) -> None:
        """Pass the provider's fence and begin to load azure-ai-ml, which takes seconds.

        Raises: UserError: the fence is closed.
        """
        from plumbline.provider.address import Workspace
        from plumbline.provider.cloud import open_cloud
        from plumbline.provider.errors import Refusal
        from plumbline.provider.settings import read_settings

        target = session.target
        pins = target.pins
        cloud = pins.cloud if pins else os.environ.get("AZUREML_CURRENT_CLOUD", "AzureCloud")
        tenant = pins.tenant_id if pins else _tenant(session.token())
        given = {"cloud": cloud, "tenantId": tenant, "subscriptionId": target.subscription_id}
        stack = target.stack or _stack_of_environment()
        try:
            self._writer = open_cloud(read_settings(stack, given, os.environ)).writer
        except Refusal as refusal:
            raise UserError(str(refusal)) from refusal
        self._workspace = Workspace(
            subscription_id=target.subscription_id,
            resource_group=target.resource_group_name,
            name=target.workspace_name,
        )
        self._writer.begin_loading()

    def submit(self, job: Mapping[str, Any], *, root: Path) -> dict[str, Any]:
        """Submit az ml YAML, as a mapping; answers the job as ARM acknowledged it.

        Args:
            root: Folder from which relative paths in it start.
        Raises: UserError: no right, no answer, or fault is found with the job.
        """
        from plumbline.provider.errors import Refusal

        said = io.StringIO()
        try:
            with redirect_stderr(said):
                return dict(self._writer.submit_job(self._workspace, job, root=root))
        except Refusal as refusal:
            raise UserError(str(refusal)) from refusal
        finally:
            # azure-ai-ml 1.35.2 resets a colour that it never set, after every upload; its warnings are kept.
            for line in _COLOURS.sub("", said.getvalue()).splitlines():
                if line.strip():
                    click.echo(line, err=True)


def _stack_of_environment() -> str:
    """The stack that the environment's emulator stands for; without one any name will do, for messages."""
    from plumbline.fence import FenceError, live_cloud

    try:
        return live_cloud(os.environ).emulates_stack or "of this shell"
    except FenceError as error:
        raise UserError(str(error)) from error


def _tenant(token: str) -> str:
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims.get("tid", ""))
