"""Headers that Azure ML's answers carry besides ARM's, as recorded."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from plumbline.emulator.services.machine_learning.rule import rule

if TYPE_CHECKING:
    from plumbline.emulator.routing import Call

_PROVIDER = "/providers/microsoft.machinelearningservices/"


def machine_learning_headers(call: Call, *, failed: bool) -> dict[str, str]:
    """The headers of an answer of Azure ML; none for the answers of other services."""
    if _PROVIDER not in call.path.lower():
        return {}
    emulator, location = call.emulator, call.emulator.settings.location
    headers = {}
    if rule(emulator, "response_type"):
        headers["x-ms-response-type"] = "error" if failed else "standard"
    if rule(emulator, "served_by_cluster"):
        headers["azureml-served-by-cluster"] = f"vienna-{location}-01"
    if rule(emulator, "operation_identifier"):
        headers["x-ms-operation-identifier"] = (
            f"tenantId={emulator.settings.tenant_id},objectId={call.principal.object_id}/{location}/{uuid.uuid4()}"
        )
    if rule(emulator, "request_time"):
        headers["x-request-time"] = f"{time.perf_counter() - call.started:.3f}"
    remaining = "remaining_reads" if call.method in {"GET", "HEAD"} else "remaining_writes"
    return headers | (rule(emulator, remaining) or {})
