"""Who wrote an asset's version, by the activity log: the one record of it with an object id that no writer can choose.

The version's systemData has a display name alone, its tags and properties are what the writer put there. The log keeps an
entry for ninety days, and shows it minutes late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from plumbline.azure.activity_log import KEPT_DAYS
from plumbline.ops.azure_session import AzureSession, RefusedError
from plumbline.ops.last_change import CLOCKS, activity_of

_FORBIDDEN = 403
NOT_YET = "the activity log does not show yet who that is: try again in a few minutes"


@dataclass(frozen=True, kw_only=True)
class Writer:
    """A person by the names that are never given twice, the object id in lower case."""

    object_id: str
    sign_in_name: str

    @property
    def identifiers(self) -> frozenset[str]:
        """What a list of people may call them by, in lower case."""
        return frozenset({self.object_id, self.sign_in_name.lower()})


def writer_of(session: AzureSession, version_id: str, *, made: datetime | None) -> Writer | str:
    """Who made a version, or why the log does not say.

    Args:
        made: When it was made, by systemData: a later write by somebody else is not the making.
    """
    if made is None:
        return "Azure does not say when it was written"
    try:
        writes = [one for one in activity_of(session, version_id) if not one.is_delete]
    except RefusedError as error:
        if error.status != _FORBIDDEN:
            raise
        return "you may not read the activity log, which says who that is"
    # Rests on asset-writes-in-activity-log.
    making = [
        one
        for one in writes
        if one.object_id and (one.began_at or one.at) - CLOCKS <= made <= one.at + CLOCKS
    ]
    people = {Writer(object_id=str(one.object_id), sign_in_name=one.caller) for one in making}
    if len(people) == 1:
        return people.pop()
    if people:
        return "the activity log has several writers of that moment"
    if made < datetime.now(UTC) - timedelta(days=KEPT_DAYS):
        return f"the activity log, which says who that is, keeps {KEPT_DAYS + 1} days"
    return NOT_YET
