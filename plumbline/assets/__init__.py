"""Definitions of ML assets: read from az ml YAML, checked, put into one canonical form, hashed. No cloud import.

A name is imported when it is asked for: the provider, whose start the engine waits for, hashes definitions and reads none.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "AssetDefinition": "definition",
    "AssetKind": "definition",
    "ChangeWindow": "change_window",
    "CodeFile": "code",
    "CodeSnapshot": "code",
    "DefinitionErrors": "errors",
    "Edge": "graph",
    "FieldChange": "change",
    "ForeignReference": "pins",
    "Graph": "graph",
    "MLPipeline": "definition",
    "Node": "graph",
    "PipelineJob": "definition",
    "Problem": "errors",
    "Reading": "loading",
    "Reference": "definition",
    "ReleaseContract": "contract",
    "SCHEME": "canonical",
    "ScheduleDefinition": "definition",
    "az_ml_mapping": "az_ml",
    "canonical_text": "canonical",
    "changes": "change",
    "content_hash": "canonical",
    "field_rules": "rules",
    "hash_code": "code",
    "hash_data": "code",
    "immutable_fields": "rules",
    "is_content_version": "canonical",
    "job_to_az_ml_yaml": "az_ml",
    "job_with": "job",
    "load_ml_pipelines": "loading",
    "mutable_fields": "rules",
    "own_properties": "job",
    "read_ml_pipelines": "loading",
    "release_contract": "contract",
    "resolved_job": "job",
    "spec_from_rest": "rest",
    "to_az_ml_yaml": "az_ml",
    "version_from_hash": "canonical",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found
