"""What is asked: each of the emulator's routes, with the official operation behind it where one is published."""

from __future__ import annotations

import importlib
import importlib.util
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
    operation = _operations().get((method, _anonymous(path)))
    kept = _operations().get(("PUT", _anonymous(path)))
    inner = _operations().get(("PUT", _anonymous(f"{path}/{{name}}")))
    of_list = method == "GET" and kept is None and inner is not None
    read_by = inner if of_list else kept
    return Target(
        service=service,
        method=method,
        path=path,
        audience=audience,
        versions=tuple(operation["versions"]) if operation else (),
        body=operation["body"] if operation else None,
        answer=read_by["model"] if read_by and method not in {"DELETE", "POST"} else None,
        of_list=of_list,
    )


def _anonymous(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).lower().rstrip("/")


@cache
def _operations() -> dict[tuple[str, str], dict[str, Any]]:
    """(method, path without names) to the published operation and the class of its body, where that is installed."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    modules = {
        f"{row['package'].replace('==', ' ')}, {module}": module
        for row in sources()["sources"]
        for module in row["modules"]
    }
    for table in sorted(PUBLISHED.glob("*.yaml")):
        for source in yaml.safe_load(table.read_text(encoding="utf-8"))["sources"]:
            models = _models(modules.get(source["source"], ""))
            for row in source["operations"]:
                if "path" in row:
                    name = row.get("body") or ""
                    model = getattr(models, name, None)
                    fields = (
                        Shape(kind="object", table=(source["models"], name))
                        if name in source.get("models", ())
                        else None
                    )
                    body = Shape(kind="object", model=model) if model is not None else fields
                    key = (row["method"], _anonymous(row["path"]))
                    found.setdefault(key, {"versions": row.get("versions", []), "model": model, "body": body})
    return found


def _models(module: str) -> Any:
    if not module or importlib.util.find_spec(module.split(".", maxsplit=1)[0]) is None:
        return None
    try:
        return importlib.import_module(f"{module}.models")
    except ModuleNotFoundError:
        return None
