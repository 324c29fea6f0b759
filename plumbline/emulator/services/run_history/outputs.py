"""Outputs of a run as run history names them, and where they lie.

Source: recorded test_pipeline_job_download, 2023-01-05 (tests/recorded/rows/run_history.yaml).
"""

from __future__ import annotations

import re
from typing import Any

from plumbline.emulator.executor.run import Run
from plumbline.emulator.routing import Call
from plumbline.emulator.store import Resource

_DATA_TYPES = ("uri_file", "uri_folder", "mltable")
_NAMES = {"uri_file": "UriFile", "uri_folder": "UriFolder", "mltable": "MLTable"}
_OUTPUT_ID = re.compile(r"data/azureml_(?P<run>.+)_output_data_(?P<output>[^/]+)/versions/", re.IGNORECASE)
_DEFAULT = "default"


def outputs_answer(call: Call, workspace: Resource, run: Run) -> dict[str, Any] | None:
    """Return the outputs by asset id, which `batchGetResolvedUris` turns into addresses.

    A run that failed has none, one that was cancelled the default one only.
    """
    if run.status == "Failed":
        return None
    found = {_DEFAULT: (run.name, _DEFAULT, "uri_folder")}
    if run.status != "Canceled":
        for name, output in run.outputs.items():
            found[name] = (output.get("run", run.name), output.get("output", name), output["type"])
    return {
        name: {"assetId": _asset_id(call, workspace, owner, output), "type": type_name(call, kind)}
        for name, (owner, output, kind) in found.items()
    }


def type_name(call: Call, kind: str) -> str:
    """Return a data type as the data plane spells it; a model output is a folder for it."""
    plain = kind if kind in _DATA_TYPES else "uri_folder"
    return plain if call.emulator.noises.has("output_types_in_lower_case") else _NAMES[plain]


def output_of(asset_id: str) -> tuple[str, str] | None:
    """Return (run, output) of an id that `outputs_answer` made."""
    match = _OUTPUT_ID.search(asset_id)
    return (match["run"], match["output"]) if match else None


def output_address(run: Run, output: str) -> tuple[str, str] | None:
    """Return (address, type) of one output of a run, None when it has no such output."""
    if output == _DEFAULT:
        return (
            f"azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.{run.name}/",
            "uri_folder",
        )
    kept = run.outputs.get(output)
    return (str(kept["uri"]), str(kept["type"])) if kept else None


def _asset_id(call: Call, workspace: Resource, run: str, output: str) -> str:
    guid = workspace.body["properties"].get("workspaceId", "")
    return (
        f"azureml://locations/{call.emulator.settings.location}/workspaces/{guid}/data/"
        f"azureml_{run}_output_data_{output}/versions/1"
    )
