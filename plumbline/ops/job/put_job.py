"""Submit a job whose REST body is made already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.ops.azure_session import AzureSession, NoAnswerError
from plumbline.ops.job.lost_submission import found_again


def put_job(session: AzureSession, name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The job as Azure acknowledged it.

    Raises: UserError: no right, no answer, or the job is refused.
    """
    audience = session.target.machine_learning
    # Azure ML takes a second token beside the first: it acts on other planes for whoever submits.
    headers = {"x-azureml-token": session.token(f"{audience}/.default")} if audience else None
    try:
        response = session.send(
            "PUT",
            f"{session.target.workspace_id}/jobs/{name}",
            api_version=api_version("jobs"),
            body={"properties": dict(properties)},
            headers=headers,
        )
    except NoAnswerError as error:
        return found_again(session, name, error)
    answer: dict[str, Any] = response.json()
    return answer
