"""What is asked: each of the emulator's routes, with the official operation behind it where one is published."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from tests.conformance.generated.shape import Shape
from tests.wire.generate import PUBLISHED, sources

# Without a service's own work behind them, or with a secret of their own.
LEFT_OUT = {"control": "no client knows it", "identity": "gives tokens", "unmodelled": "refuses everything"}
_METHODS_WITH_BODY = ("PUT", "PATCH", "POST")


@dataclass(frozen=True, kw_only=True)
class Target:
    """One route.

    Args:
        audience: Who the token is for.
        versions: api-versions that the official operation has.
        body: What is sent; None for anything.
        answer: The class that reads a 2xx answer; None when nothing official does.
        of_list: `answer` reads the items of `value`.
    """

    service: str
    method: str
    path: str
    audience: str
    versions: tuple[str, ...] = ()
    body: Shape | None = None
    answer: type | None = None
    of_list: bool = False

    @property
    def name(self) -> str:
        """ "PUT /path"."""
        return f"{self.method} {self.path}"

    @property
    def has_body(self) -> bool:
        """Whether a body is sent at all."""
        return self.method in _METHODS_WITH_BODY


def targets() -> Iterator[Target]:
    """All routes but those left out."""
    from plumbline.emulator.app import SERVICES

    for service in SERVICES:
        if service in LEFT_OUT:
            continue
        for route in importlib.import_module(f"plumbline.emulator.services.{service}.routes").ROUTES:
            yield _target(service, route.method, route.path, route.audience)


def _target(service: str, method: str, path: str, audience: str) -> Target:
    operations = published_operations()
    operation = operations.get((method, anonymous(path)))
    kept = operations.get(("PUT", anonymous(path)))
    inner = operations.get(("PUT", anonymous(f"{path}/{{name}}")))
    of_list = method == "GET" and kept is None and inner is not None
    read_by = inner if of_list else kept
    return Target(
        service=service,
        method=method,
        path=path,
        audience=audience,
        versions=operation.versions if operation else (),
        body=operation.body if operation else None,
        answer=read_by.model if read_by and method not in {"DELETE", "POST"} else None,
        of_list=of_list,
    )


def anonymous(path: str) -> str:
    """A path without the names of its parameters, in lower case; a registry's region serves ARM's own paths."""
    return re.sub(r"\{[^}]*\}", "{}", path).lower().removeprefix("/mferp/managementfrontend").rstrip("/")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A published operation.

    Args:
        model: The class of its body; None when it has none or its package is not installed.
        body: What the body looks like: as the class says, or as the published table of field names does.
    """

    source: str
    versions: tuple[str, ...]
    body_name: str
    model: type | None
    body: Shape | None


@cache
def published_operations() -> dict[tuple[str, str], Operation]:
    """(method, anonymous path) to the operation."""
    found: dict[tuple[str, str], Operation] = {}
    modules = {
        f"{row['package'].replace('==', ' ')}, {module}": module
        for row in sources()["sources"]
        for module in row["modules"]
    }
    for table in sorted(PUBLISHED.glob("*.yaml")):
        for source in yaml.load(table.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["sources"]:
            models = _models(modules.get(source["source"], ""))
            for row in source["operations"]:
                if "path" in row:
                    key = (row["method"], anonymous(row["path"]))
                    found.setdefault(key, _operation(source, row, models))
    return found


def _operation(source: dict[str, Any], row: dict[str, Any], models: Any) -> Operation:
    name = row.get("body") or ""
    model = getattr(models, name, None) if name else None
    body = None
    if model is not None:
        body = Shape(kind="object", model=model)
    elif name in source.get("models", ()):
        body = Shape(kind="object", table=(source["models"], name))
    return Operation(
        source=source["source"],
        versions=tuple(row.get("versions", ())),
        body_name=name,
        model=model,
        body=body,
    )


def _models(module: str) -> Any:
    if not module:
        return None
    try:
        return importlib.import_module(f"{module}.models")
    except ModuleNotFoundError:
        return None
