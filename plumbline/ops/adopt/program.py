"""The program and the settings that carry what was adopted, and the file that imports it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from plumbline.ops.adopt.definition_file import dumped
from plumbline.ops.adopt.live_asset import LiveAsset
from plumbline.ops.target import Target

_MAIN = '''"""What was adopted from workspace {workspace}: each definition below pipelines/ as a resource."""

from pathlib import Path

import pulumi

from plumbline import azureml
from plumbline.assets import load_ml_pipelines

# az ml YAML cannot say that a schedule is paused.
PAUSED = {paused}

root = Path.cwd()
folders = sorted(folder for folder in (root / "pipelines").iterdir() if folder.is_dir())
config = pulumi.Config("plumbline")
place = {{
    "resource_group_name": config.require("resourceGroupName"),
    "workspace_name": config.require("workspaceName"),
}}
declared: list[pulumi.Resource] = []
for pipeline in load_ml_pipelines(folders, root=root):
    declared = azureml.declare_pipeline(pipeline, paused=PAUSED, after=declared, **place)
azureml.export_workspace(**place)
'''


def main_text(target: Target, assets: Sequence[LiveAsset]) -> str:
    """`__main__.py`."""
    paused = sorted(
        asset.name for asset in assets if asset.version is None and not asset.live.values["enabled"][0]
    )
    shown = "{" + ", ".join(json.dumps(name) for name in paused) + "}" if paused else "frozenset[str]()"
    return _MAIN.format(workspace=target.workspace_name, paused=shown)


def project_text(name: str) -> str:
    """`Pulumi.yaml`."""
    return dumped({"name": name, "runtime": {"name": "python", "options": {"virtualenv": ".venv"}}})


def stack_text(target: Target, *, cloud: str, tenant_id: str) -> str:
    """`Pulumi.<stack>.yaml`."""
    config = {
        "plumbline:cloud": cloud,
        "plumbline:tenantId": tenant_id,
        "plumbline:subscriptionId": target.subscription_id,
        "plumbline:resourceGroupName": target.resource_group_name,
        "plumbline:workspaceName": target.workspace_name,
    }
    return dumped({"config": config})


def import_text(target: Target, assets: Sequence[LiveAsset]) -> str:
    """What `pulumi import --file` reads: every resource by the logical name that `declare_pipeline` gives it."""
    resources = [
        {"type": asset.kind.token, "name": f"{asset.kind.name}-{asset.name}", "id": _id(target, asset)}
        for asset in assets
    ]
    return json.dumps({"resources": resources}, indent=2) + "\n"


def _id(target: Target, asset: LiveAsset) -> str:
    container = f"{target.workspace_id}/{asset.kind.collection}/{asset.name}"
    return container if asset.version is None else f"{container}/versions/{asset.version}"
