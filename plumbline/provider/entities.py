"""Definitions as azure-ai-ml's entities: it reads them from YAML, so that its own checks see what people wrote."""

from __future__ import annotations

import io
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from plumbline.assets import ScheduleDefinition, to_az_ml_yaml
from plumbline.assets.az_ml import job_to_az_ml_yaml
from plumbline.azure.client_libraries import import_client_libraries
from plumbline.kinds import KINDS, SCHEDULE
from plumbline.provider.cloud_metadata import know_cloud_metadata
from plumbline.provider.errors import Refusal

_JOB_FILE = "job.yml"


def loaded(kind: str, mapping: Mapping[str, Any]) -> Any:
    """Return azure-ai-ml's entity of an asset, from its az ml YAML as a mapping."""
    load_azure_ai_ml()
    return KINDS[kind].loaded(io.StringIO(_yaml(mapping)))


def load_azure_ai_ml() -> None:
    """Import azure-ai-ml, and keep it from talking where nobody asked.

    Raises: azure.core.exceptions.AzureError: the cloud's metadata, which it needs to be imported, is not answered.
    """
    # Importing it warns of every experimental class that it merely defines (1.35.2); nobody asked for one.
    logging.getLogger("azure.ai.ml._utils._experimental").setLevel(logging.ERROR)
    # Its progress bars would be shown beside the resource; tqdm reads this when it is imported.
    os.environ.setdefault("TQDM_DISABLE", "1")
    import_client_libraries()
    know_cloud_metadata()
    import azure.ai.ml  # noqa: F401

    # It writes to stderr of its own accord; a plugin's stderr is shown to the user beside the resource.
    logger = logging.getLogger("azure.ai.ml")
    logger.handlers.clear()
    logger.propagate = True
    _settle_component_schemas()


def _settle_component_schemas() -> None:
    """Take out what the first schema of each class of azure-ai-ml takes out of its class (1.35.2).

    A thread that copies those fields at that moment fails: "dictionary changed size during iteration".
    """
    from azure.ai.ml._schema.component.component import ComponentSchema

    classes = [ComponentSchema]
    for schema in classes:  # it grows while it is read
        schema._declared_fields.pop("schema_ignored", None)  # noqa: SLF001
        classes += schema.__subclasses__()


def loaded_job(job: Mapping[str, Any], root: Path) -> Any:
    """Return azure-ai-ml's entity of a job.

    Raises: Refusal: azure-ai-ml finds fault with it.
    """
    from azure.ai.ml import load_job
    from marshmallow import ValidationError

    try:
        # The origin is the file that was read; paths start from its folder.
        return load_job(io.StringIO(_yaml(job)), relative_origin=str(root / _JOB_FILE))
    except ValidationError as error:
        raise Refusal(f"job: azure-ai-ml: got fault with the file. {faults(str(error))}") from error


def faults(text: str) -> str:
    """What azure-ai-ml finds fault with, a line each; it wraps JSON into pages of advice."""
    try:
        rows = json.loads(text[text.index("{") : text.rindex("}") + 1])["errors"]
        return "".join(f"\n  {row['path']}: {row['message'].split('; [')[-1][:300]}" for row in rows)
    except (ValueError, KeyError, TypeError):
        return text[:600]


def loaded_schedule(definition: ScheduleDefinition, root: Path) -> Any:
    """Return azure-ai-ml's entity of a schedule with its job."""
    from plumbline.assets.command_job import is_command_job

    load_azure_ai_ml()
    # A schedule's job is read from a file beside it.
    with tempfile.TemporaryDirectory(prefix="plumbline-schedule-") as folder:
        files = Path(folder)
        code = root / definition.code_path if definition.code_path else None
        job = job_to_az_ml_yaml(definition.fields["create_job"], files=code)
        (files / _JOB_FILE).write_text(_yaml(job), encoding="utf-8")
        mapping = to_az_ml_yaml(definition, root=root, job_file=f"./{_JOB_FILE}")
        (files / "schedule.yml").write_text(_yaml(mapping), encoding="utf-8")
        if is_command_job(job):
            _let_schedules_start_command_jobs()
        return SCHEDULE.loaded(files / "schedule.yml")


def _let_schedules_start_command_jobs() -> None:
    """Lift azure-ai-ml's own bar: it sends the job of such a schedule only where private previews are on (1.35.2).

    The word that turns those on for the whole process would change other kinds too. Azure takes these schedules: rests on
    ml-schedule-command-job.
    """
    from azure.ai.ml.entities._schedule import schedule

    schedule.is_private_preview_enabled = lambda: True


def _yaml(mapping: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(mapping), sort_keys=False, allow_unicode=True)
