"""Refusals in MLflow's shape, with Azure's beside it: each kind of client finds its own."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.errors import AzureError

_STATUS = {
    "RESOURCE_DOES_NOT_EXIST": 404,
    "RESOURCE_ALREADY_EXISTS": 400,
    "INVALID_PARAMETER_VALUE": 400,
    "PERMISSION_DENIED": 403,
    "NOT_IMPLEMENTED": 501,
}


class MlflowError(AzureError):
    """An error with MLflow's `error_code`."""

    def __init__(self, code: str, message: str) -> None:
        """Args: code: MLflow's name, for example RESOURCE_DOES_NOT_EXIST."""
        super().__init__(_STATUS[code], code, message)

    def body(self, location: str = "") -> dict[str, Any]:
        """Return the answer's JSON."""
        return {"error_code": self.code, "message": self.message, **super().body(location)}
