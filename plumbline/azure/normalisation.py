"""What Azure is known to make of a definition: the rows of normalisations.yaml, and what each form means. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml

from plumbline.assets.references import parse_reference
from plumbline.assets.scalars import literal_text

MISSING: Any = None
"""A part that one side lacks; a canonical spec never holds a null."""

CURATED_REGISTRY = "azureml"
UPLOADS = "/LocalUpload/"
"""In the address of everything that azure-ai-ml uploads as data, model or build context, before its hash of it."""

Path = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Normalisation:
    """One row: a form that Azure was seen to give a value."""

    id: str
    kinds: tuple[str, ...]
    paths: tuple[Path, ...]
    form: str
    source: Mapping[str, Any]
    type: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def needs_voucher(self) -> bool:
        """Whether the answer shows too little to tell one content from another."""
        return self.form in ("hidden", "uploaded")

    def covers(self, path: Path, sent: Any, got: Any) -> bool:
        """Whether it explains that `got` came back for `sent`."""
        if not any(_fits(pattern, path) for pattern in self.paths):
            return False
        if self.form == "filled":
            return sent is MISSING and any(equal(got, value) for value in self.values)
        if self.form == "words":
            return isinstance(sent, str) and self.words.get(sent) == got
        return _FORMS[self.form](sent, got)


@cache
def all_normalisations() -> tuple[Normalisation, ...]:
    """Every row, in the table's order."""
    return tuple(_row(row) for row in _table()["rows"])


@cache
def normalisations(kind: str, type_name: str) -> tuple[Normalisation, ...]:
    """The rows for a spec of this kind and type, in the table's order."""
    return tuple(
        row for row in all_normalisations() if kind in row.kinds and (not row.type or type_name in row.type)
    )


def equal(one: Any, other: Any) -> bool:
    """Equal in value and in type: 1 is not True here."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _dropped(sent: Any, got: Any) -> bool:
    return sent is not MISSING and got is MISSING


def _text(sent: Any, got: Any) -> bool:
    return isinstance(sent, bool | int | float) and isinstance(got, str) and literal_text(sent) == got


def _slash(sent: Any, got: Any) -> bool:
    return isinstance(sent, str) and got == f"{sent}/" and sent.startswith("azureml://")


def _bare(sent: Any, got: Any) -> bool:
    return isinstance(sent, str) and sent.startswith("azureml:") and got == sent.removeprefix("azureml:")


def _curated(sent: Any, got: Any) -> bool:
    asked, answered = _address(sent), _address(got)
    if asked is None or answered is None or (answered.registry or "").lower() != CURATED_REGISTRY:
        return False
    return asked.curated and asked.name == answered.name and asked.version in (None, answered.version)


def _uploaded(sent: Any, got: Any) -> bool:
    return str(sent).startswith("sha256:") and isinstance(got, str) and UPLOADS in got


_FORMS: Mapping[str, Callable[[Any, Any], bool]] = {
    "dropped": _dropped,
    "text": _text,
    "slash": _slash,
    "bare": _bare,
    "curated": _curated,
    "hidden": _dropped,
    "uploaded": _uploaded,
}


def _address(value: Any) -> Any:
    return parse_reference(value) if isinstance(value, str) else None


def _fits(pattern: Path, path: Path) -> bool:
    if pattern == ("**",):
        return True
    return len(pattern) == len(path) and all(
        wanted in ("*", name) for wanted, name in zip(pattern, path, strict=True)
    )


def _row(row: Mapping[str, Any]) -> Normalisation:
    return Normalisation(
        id=row["id"],
        kinds=tuple(row["kinds"]),
        paths=tuple(tuple(path.split(".")) for path in row["paths"]),
        form=row["form"],
        source=row["source"],
        type=tuple(row.get("type", ())),
        values=tuple(row.get("values", ())),
        words=row.get("words", {}),
    )


@cache
def _table() -> Mapping[str, Any]:
    text = (resources.files("plumbline.azure") / "normalisations.yaml").read_text("utf-8")
    loaded: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return loaded
