"""What can go wrong, drawn as a tree.

StandInError           anything the stand-in reports to the person, as one clean line
├── ConfigurationError  no emulator, wrong endpoint, wrong tenant or subscription: nothing was started
├── ShapeError          inputs that no request can be made of
└── ArmError            ARM answered with an error: status, code and message
    └── OperationFailed the request was accepted, then its long operation failed: the resource may exist
"""

from __future__ import annotations


class StandInError(Exception):
    """Base of all that is reported to the person as one line, without a traceback."""


class ConfigurationError(StandInError):
    """The stand-in refuses to work with what it was configured with."""


class ShapeError(StandInError):
    """The resource's inputs cannot be turned into a request."""


class ArmError(StandInError):
    """An answer of ARM with an error.

    Args:
        status: HTTP status, 0 when no answer came.
        code: Azure's error code, such as "AuthorizationFailed".
        message: Azure's text.
        target: what was asked for: method and resource id.
    """

    def __init__(self, *, status: int, code: str, message: str, target: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        answered = f"{status} {code}" if status else code
        super().__init__(f"{target}: {answered}: {' '.join(message.split())}")


class OperationFailed(ArmError):
    """A long operation that was accepted ended as Failed or Canceled."""
