"""What can go wrong, drawn as a tree.

StandInError           anything the stand-in reports to the person, as one clean line
├── ConfigurationError  no emulator, wrong endpoint, wrong tenant or subscription: nothing was started
├── ShapeError          inputs that no request can be made of
└── ArmError            ARM answered with an error: status, code and message
    ├── NoAnswer        ARM did not answer, also after many tries
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
        said = " ".join(message.split())
        super().__init__(
            " ".join(part for part in (f"{target}: {answered}: {said}", _next_step(status)) if part)
        )


def _next_step(status: int) -> str:
    """What to do about a refusal, where the service's own text does not say."""
    match status:
        case 400:
            return "Mend the resource's arguments in the program; the previous state is kept."
        case 401:
            return "Log in again; the token may be of another cloud."
        case 403:
            return "Ask an owner of that scope for a role with this action, or run as somebody who has one."
        case 404:
            return "Create what is missing first, or put its name right."
        case 409:
            return "Run pulumi refresh to see what is live, then up again."
        case 429:
            return "Run it again with a smaller --parallel."
        case _ if status >= 500:
            return "Run the command again: what was acknowledged is found again."
    return ""


class NoAnswer(ArmError):
    """Nobody answered.

    Args:
        why: what to tell the person, once.
    """

    def __init__(self, *, why: str, target: str) -> None:
        super().__init__(status=0, code="NoAnswer", message=why, target=target)
        self.brief = f"{target}: no answer either; another resource's message says why and what to do."


class OperationFailed(ArmError):
    """A long operation that was accepted ended as Failed or Canceled."""
