"""The Pulumi package schema, made from the rule table: what `pulumi package get-schema` and `pulumi import` read."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from plumbline.kinds import KINDS, PACKAGE, Kind
from plumbline.provider.functions.asset_lookup import lookup_schemas
from plumbline.provider.settings import SETTING_ROWS
from plumbline.provider.table import PropertyRow, property_rows

_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "strings": {"type": "array", "items": {"type": "string"}},
    "string_map": {"type": "object", "additionalProperties": {"type": "string"}},
    "object": {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}},
}

_FUNCTIONS = Path(__file__).with_name("functions") / "schema.json"
_FUNCTION_TYPES = _FUNCTIONS.with_name("types.json")
_HOME = "https://github.com/plumbline/plumbline"
_LANGUAGES: dict[str, dict[str, Any]] = {
    # The resource classes of the wheel are `plumbline.azureml`; what `pulumi package gen-sdk` makes lies beside it.
    "python": {
        "packageName": "pulumi_plumbline",
        "requires": {"pulumi": ">=3.165.0,<4.0.0"},
        "pyproject": {"enabled": True},
        "respectSchemaVersion": True,
    },
    "nodejs": {"packageName": "@plumbline/pulumi-plumbline", "respectSchemaVersion": True},
    "go": {
        "importBasePath": "github.com/plumbline/plumbline/sdk/go/plumbline",
        "respectSchemaVersion": True,
    },
    "csharp": {
        "rootNamespace": "Plumbline",
        "namespaces": {"azureml": "AzureML", "plumbline": "Plumbline"},
        "respectSchemaVersion": True,
    },
    "java": {"basePackage": "com.plumbline", "buildFiles": "gradle"},
}


@cache
def schema_text(version: str) -> str:
    """The schema as JSON text."""
    return json.dumps(package_schema(version), separators=(",", ":"))


def package_schema(version: str) -> dict[str, Any]:
    """The schema as a mapping, in Pulumi's metaschema of provider packages."""
    settings = {row.name: _setting(row.description, secret=row.secret) for row in SETTING_ROWS}
    return {
        "name": PACKAGE,
        "displayName": "Plumbline",
        "version": version,
        "description": "Azure ML assets and schedules from az ml YAML, content-addressed, with drift reported field by field.",
        "keywords": ["azure", "machine-learning", "mlops", "category/cloud", "kind/native"],
        "license": "Apache-2.0",
        "publisher": "Plumbline",
        "homepage": _HOME,
        "repository": _HOME,
        "pluginDownloadURL": f"{_HOME}/releases/download/v${{VERSION}}",
        "meta": {"moduleFormat": "(.*)"},
        "config": {"variables": settings},
        "provider": {
            "description": "The provider of Azure ML assets. Takes the settings and environment variables of azure-native.",
            "inputProperties": settings,
        },
        "resources": {kind.token: _resource(kind) for kind in KINDS.values()},
        "functions": {**json.loads(_FUNCTIONS.read_text(encoding="utf-8")), **lookup_schemas()},
        "types": json.loads(_FUNCTION_TYPES.read_text(encoding="utf-8")),
        "language": _LANGUAGES,
    }


def _setting(description: str, *, secret: bool) -> dict[str, Any]:
    setting: dict[str, Any] = {"type": "string", "description": description}
    if secret:
        setting["secret"] = True
    return setting


def _resource(kind: Kind) -> dict[str, Any]:
    rows = property_rows(kind.name)
    inputs = {name: _property(property_row) for name, property_row in rows.items() if property_row.is_input}
    outputs = {name: _property(property_row) for name, property_row in rows.items() if property_row.is_output}
    return {
        "description": f"{kind.description}\n\nSource: {kind.source}, api-version {kind.api_version}.",
        "inputProperties": inputs,
        "requiredInputs": [name for name, property_row in rows.items() if property_row.required],
        "properties": outputs,
        "required": [name for name in outputs if _always_there(rows[name])],
    }


def _property(row: PropertyRow) -> dict[str, Any]:
    made: dict[str, Any] = {**_TYPES[row.type], "description": row.description}
    if row.change == "replace" and row.is_input:
        made["willReplaceOnChanges"] = True
    return made


def _always_there(row: PropertyRow) -> bool:
    return (
        row.required
        or row.checked_in is not None
        or row.name
        in {
            "version",
            "contentHash",
            "reference",
            "registeredVersions",
        }
    )
