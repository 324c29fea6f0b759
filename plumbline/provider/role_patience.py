"""Waits for a role that was assigned a moment ago: storage honours a new assignment only after a while.

The first `up` of a platform grants its deployer a role on the storage and uploads data in the same run.
Source: Microsoft Learn, "Assign an Azure role for access to blob data" (up to ten minutes), and "Troubleshoot Azure
RBAC", "Role assignment changes are not being detected".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from plumbline.azure.no_answer import causes

T = TypeVar("T")
Say = Callable[[str], None]

_DENIED = "AuthorizationPermissionMismatch"
ROLE = "Storage Blob Data Contributor"
_TIMES = {True: (1.0, 8), False: (15.0, 24)}
"""Local or not -> seconds between two tries, and tries: eight seconds, or six minutes."""


def when_role_is_there(action: Callable[[], T], *, local: bool, say: Say) -> T:
    """Do it; again, for some minutes, as long as storage denies it for want of a role.

    Args:
        action: Idempotent.
        say: Told once, when the waiting begins.
    Raises: whatever the action raises, at last.
    """
    from azure.core.exceptions import AzureError

    pause, tries = _TIMES[local]
    for attempt in range(1, tries + 1):
        try:
            return action()
        except AzureError as error:
            if attempt == tries or not is_missing_role(error):
                raise
        if attempt == 1:
            say(
                f'storage denies the upload as yet: a new "{ROLE}" may take minutes to take effect. '
                f"Trying again for {pause * tries / 60:.0f} min."
                if not local
                else f'storage denies the upload as yet: waiting for "{ROLE}" to take effect.'
            )
        time.sleep(pause)
    raise AssertionError("unreachable")


def is_missing_role(error: BaseException) -> bool:
    """Whether storage denied a request of somebody it knows, for want of a data role."""
    return any(
        getattr(cause, "status_code", None) == 403 and _code(cause) == _DENIED for cause in causes(error)
    )


def _code(error: BaseException) -> str:
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code))
