"""Azure ML's expressions: `${{ ... }}` in commands, paths and inputs, and the optional `$[[ ... ]]` of a command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

_EXPRESSION = re.compile(r"\$\{\{\s*(?P<inner>[^{}]+?)\s*\}\}")
_OPTIONAL = re.compile(r"\$\[\[(?P<inner>.*?)\]\]", re.DOTALL)
_DURATION = re.compile(
    r"^P(?:(?P<days>[\d.]+)D)?(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?$"
)
_CLOCK = re.compile(
    r"^(?:(?P<days>\d+)[ .](?:days?, )?)?(?P<hours>\d+):(?P<minutes>\d+):(?P<seconds>[\d.]+)$"
)


def expressions(text: object) -> Iterator[tuple[str, ...]]:
    """Yield what stands inside each `${{ }}` of a text, split at the dots; nothing for what is no text."""
    if isinstance(text, str):
        for match in _EXPRESSION.finditer(text):
            yield tuple(part.strip() for part in match["inner"].split("."))


def whole_expression(text: object) -> tuple[str, ...] | None:
    """Return the parts of the one expression that a text consists of, else None."""
    if isinstance(text, str) and (match := _EXPRESSION.fullmatch(text.strip())):
        return tuple(part.strip() for part in match["inner"].split("."))
    return None


def fill(text: str, value_of: Callable[[tuple[str, ...]], str | None]) -> str:
    """Replace each expression by its value; one that has none (None) stays as it is."""

    def replace(match: re.Match[str]) -> str:
        value = value_of(tuple(part.strip() for part in match["inner"].split(".")))
        return match[0] if value is None else value

    return _EXPRESSION.sub(replace, text)


def fill_command(command: str, inputs: Mapping[str, str | None], outputs: Mapping[str, str]) -> str:
    """Return the command that bash runs.

    An optional segment goes when an input that it names is not set. Values are put in as they are, without quotes,
    as Azure does.

    Args:
        inputs: Literal or path of each input; None when an optional one is not set.
        outputs: Path of each output.
    """

    def keep(match: re.Match[str]) -> str:
        named = [parts[1] for parts in expressions(match["inner"]) if parts[0] == "inputs" and len(parts) > 1]
        return "" if any(inputs.get(name) is None for name in named) else match["inner"]

    def value_of(parts: tuple[str, ...]) -> str | None:
        name = parts[1] if len(parts) > 1 else ""
        if parts[0] == "inputs":
            # In a dotted name (a group of parameters) the whole rest is the name.
            return inputs.get(".".join(parts[1:]), inputs.get(name)) or ""
        return outputs.get(name) if parts[0] == "outputs" else None

    return fill(_OPTIONAL.sub(keep, command), value_of)


def seconds_of(duration: object) -> float | None:
    """Read a duration as jobs carry it: seconds, ISO 8601 ("PT5M") or a clock ("0:05:00"); None when there is none.

    Raises: ValueError: it is none of these.
    """
    if duration is None or duration == "":
        return None
    if isinstance(duration, (int, float)) or str(duration).replace(".", "", 1).isdigit():
        return float(str(duration))
    match = _DURATION.match(str(duration)) or _CLOCK.match(str(duration))
    if not match:
        raise ValueError(f"got {duration!r}, expected seconds or a duration such as PT5M")
    parts = {unit: float(value or 0) for unit, value in match.groupdict().items()}
    return parts["days"] * 86400 + parts["hours"] * 3600 + parts["minutes"] * 60 + parts["seconds"]
