"""Protects registrations side by side: what azure-ai-ml's schemas share does not change while one is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plumbline.provider.entities import load_azure_ai_ml


def every_schema(schema: Any) -> Iterator[Any]:
    yield schema
    for below in schema.__subclasses__():
        yield from every_schema(below)


def test_making_a_component_schema_changes_nothing_that_another_thread_copies() -> None:
    load_azure_ai_ml()
    from azure.ai.ml._schema.component.component import ComponentSchema

    schemas = list(every_schema(ComponentSchema))
    assert len(schemas) > 20
    before = [set(schema._declared_fields) for schema in schemas]
    for schema in schemas:
        schema(context={"base_path": Path()})
    assert [set(schema._declared_fields) for schema in schemas] == before
