"""What REST bodies of every kind have in common: other names for fields, addresses of files, jobs within them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.job import normal_job
from plumbline.assets.rules import field_rules
from plumbline.assets.yaml_kind import HashOf


def renamed(kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties under the names of az ml YAML."""
    names = {row["wire"]: name for name, row in field_rules(kind).items() if "wire" in row}
    return {names.get(name, name): value for name, value in properties.items()}


def hashed(address: str, code_hash_of: HashOf) -> str:
    """Files as the spec has them: their hash, or their address where that is not known."""
    found = code_hash_of(address) if address else None
    return f"sha256:{found}" if found else address


def job_from_rest(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    """The canonical form of a pipeline or command job."""
    # Imported here: with it comes all that reads files, and nearly nobody schedules a command job.
    from plumbline.assets.command_job import is_command_job, normal_command_job

    if not is_command_job(properties):
        return normal_job(properties)
    return normal_command_job(
        {**properties, "codeId": hashed(str(properties.get("codeId") or ""), code_hash_of)}
    )
