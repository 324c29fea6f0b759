"""Ask Azure about names that are unique in all Azure before the program declares what carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True, kw_only=True)
class NameFinding:
    """One thing to know about a declared name: the noun that carries it, the name, got, expected and next step."""

    noun: str
    name: str
    message: str


@dataclass(frozen=True, kw_only=True)
class NameCheck:
    """Names that Azure would refuse, and what could not be asked."""

    problems: tuple[NameFinding, ...]
    warnings: tuple[NameFinding, ...]


def check_names(*, resource_group_name: str, names: Mapping[str, str]) -> NameCheck:
    """Ask whether names are free or this resource group's own, in preview and in up.

    A replacement deletes first: a name that somebody else has must be known before.

    Args:
        names: Noun (storage account, key vault, container registry) -> name.
    Source: the provider's function plumbline:azureml:checkNames.
    """
    answer = pulumi.runtime.invoke(
        "plumbline:azureml:checkNames",
        {
            "resourceGroupName": resource_group_name,
            "names": [{"noun": noun, "name": name} for noun, name in names.items()],
        },
    ).value
    answer = answer or {}
    return NameCheck(problems=_findings(answer.get("problems")), warnings=_findings(answer.get("warnings")))


def _findings(rows: Any) -> tuple[NameFinding, ...]:
    return tuple(
        NameFinding(noun=row["noun"], name=row["name"], message=row["message"]) for row in rows or ()
    )
