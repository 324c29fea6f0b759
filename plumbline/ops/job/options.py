"""Options that the verbs of `plumbline job` share: which job, and which workspace."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

from plumbline.ops.errors import UsageError
from plumbline.ops.target import enter_target, target_options

F = TypeVar("F", bound=Callable[..., Any])
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, kw_only=True)
class Place:
    """The words that name a workspace."""

    stack: str | None
    resource_group: str | None
    workspace_name: str | None

    def session(self) -> Any:
        """A logged-in, fenced session with that workspace."""
        from plumbline.ops.azure_session import AzureSession

        return AzureSession(enter_target(self.stack, self.resource_group, self.workspace_name))

    @property
    def words(self) -> str:
        """The same words again, for a command that is proposed to the reader."""
        given = (("--stack", self.stack), ("-g", self.resource_group), ("-w", self.workspace_name))
        return "".join(f" {option} {value}" for option, value in given if value)


def place_options(command: F) -> F:
    """Give a command the options of `Place`, as one argument `place`."""

    @wraps(command)
    def call(
        stack: str | None, resource_group: str | None, workspace_name: str | None, **options: Any
    ) -> Any:
        place = Place(stack=stack, resource_group=resource_group, workspace_name=workspace_name)
        return command(place=place, **options)

    return target_options(call)  # type: ignore[return-value]


def job_name(command: F) -> F:
    """Give a command the job's name as an argument, or as `--name` the way `az ml` takes it."""

    @wraps(command)
    def call(job: str | None, name: str | None, **options: Any) -> Any:
        if (job is None) == (name is None):
            raise UsageError("job: got no name or two, expected one: as an argument, or with --name.")
        meant = str(job if name is None else name)
        # A workflow that was started without a name hands on an empty word.
        if not _NAME.fullmatch(meant):
            raise UsageError(
                f"job: got {meant!r}, expected the name of a job. See their names: plumbline job list"
            )
        return command(job=meant, **options)

    named = click.option("--name", "-n", metavar="NAME", help="The job, as `az ml` takes it.")(call)
    return click.argument("job", required=False)(named)  # type: ignore[return-value]
