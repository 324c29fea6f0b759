"""Azure ML assets and schedules as Pulumi resources, made from definitions that `plumbline.assets` read.

from plumbline.assets import load_ml_pipelines
from plumbline.azureml import Component

for definition in load_ml_pipelines([Path("pipelines/claims_release")], root=Path.cwd())[0].components:
Component(definition.name, definition=definition, resource_group_name="rg", workspace_name="ws")
"""

from __future__ import annotations

from plumbline.azureml.asset import ASSETS, Asset
from plumbline.azureml.asset_lookup import (
    AssetLookup,
    FoundAsset,
    get_component,
    get_data,
    get_environment,
    get_model,
)
from plumbline.azureml.batch_endpoint import BatchEndpoint, PipelineDeployment
from plumbline.azureml.cluster_check import ClusterCheck, ClusterFinding, check_clusters
from plumbline.azureml.component import Component
from plumbline.azureml.data_asset import DataAsset
from plumbline.azureml.declared_pipeline import declare_pipeline
from plumbline.azureml.environment import Environment
from plumbline.azureml.garbage import look_for_garbage_less_often
from plumbline.azureml.model import Model
from plumbline.azureml.name_check import NameCheck, NameFinding, check_names
from plumbline.azureml.pin_check import check_pins
from plumbline.azureml.pipeline_schedule import PipelineSchedule
from plumbline.azureml.provider import Provider
from plumbline.azureml.workspace_export import export_workspace

look_for_garbage_less_often()

__all__ = [
    "ASSETS",
    "Asset",
    "AssetLookup",
    "BatchEndpoint",
    "ClusterCheck",
    "ClusterFinding",
    "Component",
    "DataAsset",
    "Environment",
    "FoundAsset",
    "Model",
    "NameCheck",
    "NameFinding",
    "PipelineDeployment",
    "PipelineSchedule",
    "Provider",
    "check_clusters",
    "check_names",
    "check_pins",
    "declare_pipeline",
    "export_workspace",
    "get_component",
    "get_data",
    "get_environment",
    "get_model",
]
