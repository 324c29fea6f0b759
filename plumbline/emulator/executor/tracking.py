"""What a step is told so that a plain `mlflow` client logs onto its own run."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from plumbline.emulator.executor.run import Run
from plumbline.emulator.store import Resource
from plumbline.emulator.tokens import RUN_AUDIENCE

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_TOKEN_SECONDS = 7 * 24 * 3600


def experiment_id(workspace_id: str, name: str) -> str:
    """Return the id of an experiment: the same for the same name in a workspace."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{workspace_id.lower()}/experiments/{name}"))


def tracking_uri(emulator: Emulator, workspace_id: str) -> str:
    """Return the tracking server's address for a workspace, as an MLflow client takes it."""
    return f"{emulator.settings.base_url}/mlflow/v1.0{workspace_id}"


def tracking_variables(
    emulator: Emulator, workspace: Resource, run: Run, certificate: str
) -> tuple[dict[str, str], str]:
    """Return the variables and the step's token.

    The token is bound to the run: it may track it and write its artifacts, nothing else. Only MLflow is told to trust
    the emulator's certificate; everything else in the step keeps the certificates that it would have anyway.
    """
    principal = emulator.principals.find(run.submitter.get("object_id", ""))
    if principal is None:
        principal = emulator.principals.seeded["pipeline"]
    token = emulator.tokens.mint(
        principal, RUN_AUDIENCE, _TOKEN_SECONDS, {"run": run.name, "workspace": workspace.id.lower()}
    )
    parts = workspace.id.split("/")
    return {
        "MLFLOW_TRACKING_URI": tracking_uri(emulator, workspace.id),
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_TRACKING_SERVER_CERT_PATH": certificate,
        "MLFLOW_RUN_ID": run.name,
        "MLFLOW_EXPERIMENT_NAME": run.experiment,
        "MLFLOW_EXPERIMENT_ID": experiment_id(workspace.id, run.experiment),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        "GIT_PYTHON_REFRESH": "quiet",
        "AZUREML_RUN_ID": run.name,
        "AZUREML_ROOT_RUN_ID": run.root,
        "AZUREML_ARM_PROJECT_NAME": run.experiment,
        "AZUREML_ARM_SUBSCRIPTION": parts[2],
        "AZUREML_ARM_RESOURCEGROUP": parts[4],
        "AZUREML_ARM_WORKSPACE_NAME": workspace.name,
    }, token
