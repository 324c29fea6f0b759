"""Why a run is not released.

UserError
├── GateClosedError       its metrics miss the thresholds: a verdict, exit 3
├── NotReleasableError    the run is not one that could be released, or was tampered with: exit 1
├── AuthorError           the author may not approve: exit 1
├── ApproverError         release.yml lists who may approve, and not this login: exit 1
└── AlreadyApprovedError  somebody else did already: exit 1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plumbline.ops.errors import FOUND, UserError

if TYPE_CHECKING:
    from plumbline.ops.release.approval import Approval


class GateClosedError(UserError):
    """The metrics do not reach the thresholds."""

    exit_code = FOUND


class NotReleasableError(UserError):
    """Something that a release needs is missing, or two accounts of it differ; all of it is named."""


class AuthorError(UserError):
    """Who submitted a run wants to approve it."""


class ApproverError(UserError):
    """Who wants to approve is not among those whom the release's terms list."""


class AlreadyApprovedError(UserError):
    """The digest has an approval that counts."""

    def __init__(self, message: str, approval: Approval) -> None:
        super().__init__(message)
        self.approval = approval
