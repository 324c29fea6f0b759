"""A version of an asset as ARM answers it, once the service says who made it and when.

Source: Code, Component, Data, Environment and Model Versions - Get; ARM `systemData`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from plumbline.azure.api_versions import api_version_at
from plumbline.ops.azure_session import AzureSession

RECORDED_SECONDS = 10.0


def recorded_version(session: AzureSession, path: str) -> Mapping[str, Any]:
    """A version that was just written, once the service says who wrote it; systemData may come late.

    Returns: the body as it is after ten seconds at the latest, then perhaps without systemData.
    """
    until = time.monotonic() + RECORDED_SECONDS
    while True:
        body: Mapping[str, Any] = session.get(path, api_version=api_version_at(path)) or {}
        if (body.get("systemData") or {}).get("createdBy") or time.monotonic() > until:
            return body
        time.sleep(0.2)
