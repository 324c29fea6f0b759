"""The checks, by area; importing this package registers them all."""

from tests.verify_azure.checks import (
    access,
    activity_log,
    asset,
    asset_form,
    batch_endpoint,
    blob,
    change_record,
    compute,
    history,
    job,
    job_form,
    mlflow,
    platform_type,
    resource_manager,
    schedule,
    token,
    workspace,
)

__all__ = [
    "access", "activity_log", "asset", "asset_form", "batch_endpoint", "blob", "change_record", "compute", "history", "job", "job_form", "mlflow", "platform_type",
    "resource_manager", "schedule", "token", "workspace",
]  # fmt: skip
