"""By what a change was made: a person and with which client, an application, a managed identity, Azure Policy. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from plumbline.azure.activity_log import Operation
from plumbline.azure.change_record import SYSTEM, ChangeRecord


def actor_of_operation(operation: Operation) -> str | None:
    """Of a write in the activity log; None when its claims do not say."""
    if operation.policy is not None:
        return f"Azure Policy {operation.policy}"
    if operation.is_person is None:
        return None
    if not operation.is_person:
        return _table()["types"]["Application"]
    client = _table()["clients"].get(operation.client_id or "")
    return f"{_table()['types']['User']} with {client}" if client else _table()["types"]["User"]


def actor_of_record(record: ChangeRecord) -> str | None:
    """Of a change record; None when it does not say."""
    if record.changed_by == SYSTEM:
        return "Azure itself, without a request"
    kind = _table()["types"].get(record.changed_by_type)
    client = _table()["client_types"].get(record.client_type)
    return f"{kind} with {client}" if kind and client and record.changed_by_type == "User" else kind


def actor_of_type(created_by_type: str) -> str | None:
    """Of systemData; None when it has no such member."""
    return _table()["types"].get(created_by_type)


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    table: Mapping[str, Mapping[str, str]] = yaml.load(
        Path(__file__).with_name("actors.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return table
