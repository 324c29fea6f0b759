"""What can go wrong while an engine is found or made.

EngineError                 the user's machine lacks something; the message ends with the next step
├── WayClosed               this one way is not open here; the next way is tried
└── InstallFailed           the last way failed too
"""


class EngineError(Exception):
    """The engine or the environment cannot be set up on this machine as it is."""


class WayClosed(EngineError):
    """One way of getting the engine is not open; the message is the reason, in one line."""


class InstallFailed(EngineError):
    """No way of getting the engine is open."""
