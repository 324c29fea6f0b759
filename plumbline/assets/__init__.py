"""Definitions of ML assets: read from az ml YAML, checked, put into one canonical form, hashed. No cloud import."""

from __future__ import annotations

from plumbline.assets.az_ml import az_ml_mapping, job_to_az_ml_yaml, to_az_ml_yaml
from plumbline.assets.canonical import (
    SCHEME,
    canonical_text,
    content_hash,
    is_content_version,
    version_from_hash,
)
from plumbline.assets.change import FieldChange, changes
from plumbline.assets.change_window import ChangeWindow
from plumbline.assets.code import CodeFile, CodeSnapshot, hash_code, hash_data
from plumbline.assets.contract import ReleaseContract, release_contract
from plumbline.assets.definition import (
    AssetDefinition,
    AssetKind,
    MLPipeline,
    PipelineJob,
    Reference,
    ScheduleDefinition,
)
from plumbline.assets.errors import DefinitionErrors, Problem
from plumbline.assets.graph import Edge, Graph, Node
from plumbline.assets.job import job_with, own_properties, resolved_job
from plumbline.assets.loading import Reading, load_ml_pipelines, read_ml_pipelines
from plumbline.assets.pins import ForeignReference
from plumbline.assets.rest import spec_from_rest
from plumbline.assets.rules import field_rules, immutable_fields, mutable_fields

__all__ = [
    "SCHEME",
    "AssetDefinition",
    "AssetKind",
    "ChangeWindow",
    "CodeFile",
    "CodeSnapshot",
    "DefinitionErrors",
    "Edge",
    "FieldChange",
    "ForeignReference",
    "Graph",
    "MLPipeline",
    "Node",
    "PipelineJob",
    "Problem",
    "Reading",
    "Reference",
    "ReleaseContract",
    "ScheduleDefinition",
    "az_ml_mapping",
    "canonical_text",
    "changes",
    "content_hash",
    "field_rules",
    "hash_code",
    "hash_data",
    "immutable_fields",
    "is_content_version",
    "job_to_az_ml_yaml",
    "job_with",
    "load_ml_pipelines",
    "mutable_fields",
    "own_properties",
    "read_ml_pipelines",
    "release_contract",
    "resolved_job",
    "spec_from_rest",
    "to_az_ml_yaml",
    "version_from_hash",
]
