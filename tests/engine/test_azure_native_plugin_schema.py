"""Protects the stand-in's facts: schema.json says what the installed pulumi_azure_native says, and no less."""

from __future__ import annotations

import importlib.metadata

from plumbline.azure_native_plugin import generate
from plumbline.azure_native_plugin.table import load


def test_schema_is_what_the_installed_sdk_says() -> None:
    assert generate.SCHEMA_FILE.read_text(encoding="utf-8") == generate.generate(), (
        "schema.json is out of date. Run `python -m plumbline.azure_native_plugin generate`."
    )


def test_plugin_has_the_version_the_sdk_asks_for() -> None:
    assert load().sdk_version == importlib.metadata.version("pulumi_azure_native")
