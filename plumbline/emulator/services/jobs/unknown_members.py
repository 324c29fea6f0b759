"""Members of a job that Azure ML does not know: it refuses the request, naming each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call
from plumbline.emulator.services.machine_learning.job_form import is_of_version, job_forms


def refuse_unknown_members(call: Call, properties: Mapping[str, Any]) -> None:
    """Raises: AzureError: 400 UserError with a detail for each unknown member.

    Source: recorded test_command_job_register_output, 2026-03-27.
    """
    details = []
    for row in job_forms(call)["unknown_members"]:
        if properties.get("jobType") != row["jobType"] or not is_of_version(call, row):
            continue
        name, position = row["member"], -1
        for given in (properties.get(row["within"]) or {}).values():
            if isinstance(given, Mapping) and name in given:
                position = call.body.find(f'"{name}"'.encode(), position + 1)
                kind = f"{_pascal(str(given.get('jobOutputType', 'uri_folder')))}JobOutput"
                message = (
                    f"Could not find member '{name}' on object of type '{kind}'. Path '{name}', line 1, position "
                    f"{position + len(name) + 3}."
                )
                details.append(
                    {"code": "RequestInvalid", "message": message, "details": [], "additionalInfo": []}
                )
    if details:
        raise AzureError(
            400,
            "UserError",
            "Request is invalid and/or missing fields.",
            details=details,
            inner=("RequestInvalid",),
        )


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
