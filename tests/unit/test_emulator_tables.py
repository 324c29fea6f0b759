"""Protects the emulator's tables: every row is read, sourced and used; every noise has its row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import plumbline.emulator
from plumbline.emulator.services.resource_manager import actions
from plumbline.emulator.services.resource_manager.resource_types import ResourceTypes

EMULATOR = Path(plumbline.emulator.__file__).parent
TYPES = ResourceTypes.load(EMULATOR / "services" / "resource_manager" / "types")


@pytest.mark.parametrize("kind", list(TYPES), ids=lambda kind: kind.type)
def test_each_type_is_sourced_and_its_actions_and_recipes_exist(kind):
    assert kind.source
    assert kind.api_versions
    assert len(set(kind.api_versions)) == len(kind.api_versions)
    assert set(kind.actions.values()) <= set(actions.HANDLERS)
    assert set(kind.generated.values()) <= {"guid", "hex", "time", "offset_time"}
    assert kind.route.endswith("/{name}")


def test_an_unknown_member_of_a_row_is_refused(tmp_path):
    table = tmp_path / "types.yaml"
    table.write_text("types: [{type: A/b, api_versions: ['1'], source: x, sekrets: [y]}]")
    with pytest.raises(ValueError, match="sekrets"):
        ResourceTypes.load(table)


def test_each_noise_in_the_code_has_a_row_and_each_row_is_in_the_code():
    rows = [row["id"] for row in yaml.safe_load((EMULATOR / "noises.yaml").read_text())["noises"]]
    source = "\n".join(path.read_text() for path in EMULATOR.rglob("*.py"))
    registered = set(re.findall(r'^@noise\("(\w+)"\)', source, re.MULTILINE))
    assert len(rows) == len(set(rows))
    assert registered <= set(rows)
    assert [row for row in rows if f'"{row}"' not in source] == []


def test_built_in_roles_have_real_ids_and_some_right():
    rows = yaml.safe_load((EMULATOR / "roles.yaml").read_text())["roles"]
    guid = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    assert all(guid.fullmatch(row["id"]) for row in rows)
    assert all(row.get("actions") or row.get("data_actions") for row in rows)
    assert len({row["name"] for row in rows}) == len({row["id"] for row in rows}) == len(rows)
