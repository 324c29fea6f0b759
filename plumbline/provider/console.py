"""`pulumi-resource-plumbline`: the console script that pip installs and the engine finds on PATH."""

from __future__ import annotations

import os
import sys

from plumbline.provider.server import main as serve


def main() -> None:
    """Serve the engine that started this process, and end with it."""
    os.environ.setdefault("PLUMBLINE_ENGINE_PID", str(os.getppid()))
    sys.exit(serve(sys.argv[1:]))
