"""Hands a job to Azure ML through the provider's writer, tagged with what it was made from."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import click

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.job.lost_submission import found_again

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
        from plumbline.ops.workspace_writer import open_writer

        self._session = session
        self._writer, self._workspace = open_writer(session)
        self._writer.begin_loading()

    def submit(self, job: Mapping[str, Any], *, root: Path) -> dict[str, Any]:
        """Submit az ml YAML, as a mapping; answers the job as ARM acknowledged it.

        It has a name, so that one whose answer was lost is looked for, and never submitted under another.

        Args:
            root: Folder from which relative paths in it start.
        Raises: UserError: no right, no answer, or the job is refused.
        """
        from plumbline.provider.errors import NoAnswer, Refusal

        said = io.StringIO()
        try:
            with redirect_stderr(said):
                return dict(self._writer.submit_job(self._workspace, job, root=root))
        except NoAnswer as refusal:
            return found_again(self._session, str(job["name"]), refusal)
        except Refusal as refusal:
            raise UserError(str(refusal)) from refusal
        finally:
            # azure-ai-ml 1.35.2 resets a colour that it never set, after every upload; its warnings are kept.
            for line in _COLOURS.sub("", said.getvalue()).splitlines():
                if line.strip():
                    click.echo(line, err=True)
