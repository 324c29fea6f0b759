"""A job whose acknowledgement was lost: looked for by the name that it was submitted under, never submitted again."""

from __future__ import annotations

from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.ops.azure_session import AzureSession, NoAnswerError
from plumbline.ops.errors import UserError


def found_again(session: AzureSession, name: str, lost: Exception) -> dict[str, Any]:
    """The job as Azure has it.

    Args:
        lost: What said that no answer came back.
    Raises: UserError: it is not there, or still nobody answers.
    """
    path = f"{session.target.workspace_id}/jobs/{name}"
    try:
        with session.patient():
            body = session.get(path, api_version=api_version("jobs"))
    except NoAnswerError as error:
        raise UserError(
            f"{lost}\njob {name}: whether it was submitted is not known. See, before you submit it again: "
            f"plumbline job show {name}"
        ) from error
    if body is None:
        raise UserError(f"{lost}\njob {name}: it was not submitted.") from lost
    return dict(body)
