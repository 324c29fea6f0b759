"""Protects the emulator's table of body types: it is what the installed official packages declare."""

from __future__ import annotations

import importlib.metadata

from tests.conformance.generated import emulator_types


def test_the_table_is_what_the_installed_packages_declare() -> None:
    committed = emulator_types.committed()
    made = emulator_types.table(committed)
    installed = [source for source in committed if _installed(source.partition(",")[0])]
    assert "azure-ai-ml 1.35.2, azure.ai.ml._restclient.arm_ml_service" in installed
    assert {source: made[source] for source in installed} == {
        source: committed[source] for source in installed
    }
    assert set(made) == set(committed)


def _installed(package: str) -> bool:
    name, version = package.split(" ")
    try:
        return importlib.metadata.version(name) == version
    except importlib.metadata.PackageNotFoundError:
        return False
