"""Pulumi's gRPC messages, without the rest of its SDK.

`import pulumi` takes 0.9 s, and the engine waits for each plugin. The generated messages need nothing of it
but its folder, so `pulumi` and `pulumi.runtime` are put in place as empty packages over that folder. This
process never runs a program; nothing else in it may import pulumi.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _without_the_sdk() -> None:
    if "pulumi" in sys.modules:
        return  # a test process that has the SDK already: its messages are the same
    found = importlib.util.find_spec("pulumi")
    if found is None or found.origin is None:
        raise ImportError("pulumi is not installed in this environment")
    folder = Path(found.origin).parent
    for name, place in (("pulumi", folder), ("pulumi.runtime", folder / "runtime")):
        package = ModuleType(name)
        package.__path__ = [str(place)]
        sys.modules[name] = package


_without_the_sdk()

from pulumi.runtime.proto import (  # noqa: E402 - after the packages are in place
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

__all__ = ["plugin_pb2", "provider_pb2", "provider_pb2_grpc", "status_pb2"]
