"""Who submitted what a release rests on: by the name that Azure shows, and by object id where run history says one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.azure.token_claims import TokenClaims


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who submitted one job.

    Attributes:
        name: systemData's createdBy, in lower case: a person's display name, which two people may share.
        object_ids: Of that person in Entra ID, in lower case; empty when run history does not say.
    """

    name: str
    object_ids: frozenset[str] = frozenset()

    def is_caller(self, caller: TokenClaims) -> bool:
        """Whether a login is this author. Names decide only where there is no object id."""
        if self.object_ids and caller.object_id:
            return caller.object_id in self.object_ids
        return self.name in caller.names


def author_of(job: Mapping[str, Any], runs: Iterable[Mapping[str, Any] | None]) -> Author:
    """The author of a job.

    Args:
        job: As ARM answers it.
        runs: Its own run and those of its steps, in run history's form.
    Source: recorded runs: `createdBy` has userName (the display name) and userObjectId.
    """
    ids = {str(((run or {}).get("createdBy") or {}).get("userObjectId") or "").lower() for run in runs}
    return Author(
        name=str((job.get("systemData") or {}).get("createdBy") or "").lower(),
        object_ids=frozenset(ids - {""}),
    )
