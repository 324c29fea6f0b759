"""Routes that refuse by name."""

from __future__ import annotations

from pathlib import Path

import yaml

from plumbline.emulator.errors import not_modelled
from plumbline.emulator.routing import Call, Reply, Route

_PATHS = [
    row["path"]
    for row in yaml.load(Path(__file__).with_name("paths.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
]


def refuse(call: Call) -> Reply:
    """Raises: AzureError: 501, with method and path."""
    raise not_modelled(call.method, call.path)


ROUTES = [
    Route(method=method, path=f"{path}/{{rest:path}}", handler=refuse, audience="none", logged=False)
    for path in _PATHS
    for method in ("GET", "PUT", "POST", "PATCH", "DELETE")
]
