"""What a refusal of Azure says: its codes and its message, in each of the forms that Azure writes them.

Source: recorded answers of Azure ML (nested error with additionalInfo), Azure Monitor (flat `code` and `message`, in 2019
`Code` and `Message`) and Azure Container Registry; Resource Manager API reference, "Common API details: error response".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_INNER = ("innererror", "innerError", "InnerError")


@dataclass(frozen=True, kw_only=True)
class ErrorAnswer:
    """The body of a refusal.

    Attributes:
        codes: Every code in it, the outermost first: branch on these.
        message: For people. Empty when the body says nothing.
    """

    codes: tuple[str, ...] = ()
    message: str = ""

    @property
    def code(self) -> str:
        """The outermost code, empty when there is none."""
        return self.codes[0] if self.codes else ""


def read_error(document: Any) -> ErrorAnswer:
    """Read a refusal's JSON document; anything that is not one says nothing."""
    if not isinstance(document, Mapping):
        return ErrorAnswer()
    error = document.get("error")
    found = error if isinstance(error, Mapping) else document
    messages = [_text(found, "message"), *(_text(one, "message") for one in _details(found))]
    return ErrorAnswer(
        codes=tuple(dict.fromkeys(_codes(found))),
        message=" ".join(dict.fromkeys(" ".join(one.split()) for one in messages if one)),
    )


def _codes(error: Mapping[str, Any]) -> Iterator[str]:
    if code := _text(error, "code"):
        yield code
    for name in _INNER:
        if isinstance(inner := error.get(name), Mapping):
            yield from _codes(inner)
    for detail in _details(error):
        yield from _codes(detail)
    for row in error.get("additionalInfo") or ():
        info = row.get("info") if isinstance(row, Mapping) and row.get("type") == "InnerError" else None
        if isinstance(info, Mapping) and isinstance(info.get("value"), Mapping):
            yield from _codes(info["value"])


def _details(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in error.get("details") or () if isinstance(one, Mapping)]


def _text(error: Mapping[str, Any], name: str) -> str:
    return str(error.get(name) or error.get(name.capitalize()) or "")
