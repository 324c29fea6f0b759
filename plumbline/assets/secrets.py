"""Secrets that stand in definitions: named by form and place, never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.assets.document import Document, FieldPath


def check_secrets(document: Document) -> None:
    """Refuse what has the form of a secret, in any text of a definition."""
    for path, text in _texts(document.data, ()):
        what = secret_in(text)
        if what is not None:
            document.report(
                path, f"what has the form of {what}",
                "no secret: a definition is shown to every reader of the workspace and of the repository",
                "Keep it in the key vault and let the step read it with its identity; make that one invalid.",
            )  # fmt: skip


def secret_in(text: str) -> str | None:
    """What kind of secret a text holds, None when it has the form of none."""
    return next((what for what, form in _forms() if form.search(text)), None)


def _texts(value: Any, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    text = Path(__file__).with_name("secrets.yaml").read_text("utf-8")
    return tuple((row["what"], re.compile(row["form"])) for row in yaml.load(text, Loader=yaml.CSafeLoader))
