"""Protects the table of published operations: it says what the installed packages say, and each row has its source."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.wire.generate import PUBLISHED, missing_packages, sources, table_text, tables
from tests.wire.table import published
from tests.wire.versions import arm_type, native_version

pytestmark = pytest.mark.filterwarnings("ignore")  # azure-ai-ml's own, on import
REPOSITORY = Path(__file__).resolve().parents[2]
LOCKED = [table for table in tables() if table != "azure_mgmt"]


@pytest.mark.parametrize("table", LOCKED)
def test_table_is_what_the_installed_packages_have(table: str) -> None:
    assert not missing_packages(table), "sources.yaml names another version than the lock"
    assert (PUBLISHED / f"{table}.yaml").read_text(encoding="utf-8") == table_text(table), (
        f"out of date; run: python -m tests.wire.generate {table}"
    )


def test_every_native_type_is_published_at_the_version_that_azure_native_sends() -> None:
    for token, kind in sources()["native"].items():
        rows = [row for row in published() if arm_type(row.template).lower() == kind.lower()]
        methods = {row.method for row in rows if native_version(token) in row.versions}
        assert {"GET", "PUT", "DELETE"} <= methods, (token, methods)


def test_every_type_of_the_stand_in_is_in_the_table() -> None:
    types = yaml.safe_load((REPOSITORY / "plumbline" / "azure_native_plugin" / "types.yaml").read_text())
    assert set(types) <= set(sources()["native"])


def test_every_row_has_a_source_and_a_template_from_the_root() -> None:
    for row in published():
        assert row.source, row
        assert row.template.startswith("/"), row
        assert row.versions or row.source.startswith(
            ("azure-storage-blob", "azure-identity", "azure-ai-ml")
        ), row
