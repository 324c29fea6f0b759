"""The engine's messages, without the rest of the Pulumi SDK.

`import pulumi` starts all of it, which takes longer than the rest of this process's start, and the engine waits for it. The
generated messages need only each other, so they are loaded from the SDK's folder as a package of ours. The SDK may be
imported beside them: one description of a message is one message.
Source: pulumi 3.272 `pulumi/runtime/proto`.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi.runtime.proto import (
        engine_pb2,
        engine_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        status_pb2,
    )

__all__ = [
    "engine_pb2",
    "engine_pb2_grpc",
    "plugin_pb2",
    "provider_pb2",
    "provider_pb2_grpc",
    "status_pb2",
]

_PACKAGE = f"{__name__}.generated"


def _folder() -> Path:
    found = importlib.util.find_spec("pulumi")
    if found is None or found.origin is None:
        raise ImportError("pulumi is not installed in this environment")
    return Path(found.origin).parent / "runtime" / "proto"


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    if _PACKAGE not in sys.modules:
        package = ModuleType(_PACKAGE)
        package.__path__ = [str(_folder())]
        sys.modules[_PACKAGE] = package
    return import_module(f"{_PACKAGE}.{name}")
