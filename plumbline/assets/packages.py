"""Checks of a conda file's packages: forms that conda or pip refuse only after minutes of building."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from plumbline.assets.document import Document, FieldPath

_CONDA = re.compile(
    r"^([\w.-]+::)?[a-zA-Z0-9_][\w.-]*(\s*(=|==|>=|<=|!=|>|<|~=)\s*[\w.*+!,|<>=~ -]+)?(\[.*\])?$"
)
_PIP_NAME = re.compile(r"^[a-zA-Z0-9][\w.-]*\s*(\[[\w\s,.-]+\])?")
_PIP_VERSION = re.compile(
    r"^\s*((===|==|~=|!=|<=|>=|<|>)\s*[\w.*+!-]+\s*(,\s*(===|==|~=|!=|<=|>=|<|>)\s*[\w.*+!-]+\s*)*)?(;.*)?$"
)


def check_packages(document: Document, data: Any, path: FieldPath) -> None:
    """Check the dependencies of a conda file, parsed or inline."""
    rows = data.get("dependencies") if isinstance(data, Mapping) else None
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        here = (*path, "dependencies", index)
        if isinstance(row, str):
            if not _CONDA.match(row.strip()):
                document.report(here, f'"{row}"', "a conda package as name=version", "")
        elif isinstance(row, Mapping):
            pip = row.get("pip")
            for place, text in enumerate(pip if isinstance(pip, list) else ()):
                if isinstance(text, str):
                    _check_pip(document, text.strip(), (*here, "pip", place))


def _check_pip(document: Document, text: str, path: FieldPath) -> None:
    if text.startswith(("-", "git+", "http:", "https:", "file:", "./")) or " @ " in text:
        return
    name = _PIP_NAME.match(text)
    if name is None or not _PIP_VERSION.match(text[name.end() :]):
        single = re.search(r"[^=<>!~]=[^=]", text)
        step = f'Write "{text.replace("=", "==", 1)}": pip takes two signs.' if single else ""
        document.report(path, f'"{text}"', "a pip requirement as name==version", step)
