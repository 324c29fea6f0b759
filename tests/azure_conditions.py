"""Azure Pipelines' expressions of conditions and `$[ ]` variables, evaluated as the service does. Pure.

Source: learn.microsoft.com, Azure Pipelines: "Expressions" (functions; text is compared in any case), "Specify conditions".
A path that leads nowhere is null, as it is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.azure_pipelines import AzurePipeline, AzureStage

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|([A-Za-z_][\w.]*)|([\[\](),]))")
Lookup = Callable[[str, str | None], Any]


def evaluate(text: str, lookup: Lookup, statuses: Mapping[str, bool]) -> Any:
    """Value of an expression.

    Args:
        lookup: Answers `a.b['c']`, called with `a.b` and `c`; without an index, with None.
        statuses: What `succeeded()`, `failed()` and `canceled()` are here.
    """
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        assert match is not None, f"{text!r}: not understood from {text[at:]!r}"
        tokens.append(match.groups())
        at = match.end()
    value, rest = _expression(tokens, lookup, statuses)
    assert not rest, f"{text!r}: got more than one expression"
    return value


def stage_is_due(
    stage: AzureStage,
    pipeline: AzurePipeline,
    results: Mapping[str, str],
    outputs: Mapping[str, Mapping[str, Mapping[str, str]]],
) -> bool:
    """Whether a stage runs, after the results of those that it depends on.

    Args:
        outputs: Stage -> job -> `STEP.VARIABLE` -> value.
    """
    before = [results[name] for name in _all_before(stage, pipeline)]
    statuses = {
        "succeeded": all(one == "Succeeded" for one in before),
        "failed": "Failed" in before,
        "canceled": False,
    }

    def lookup(path: str, index: str | None) -> Any:
        kind, name, noun = path.split(".")
        assert kind == "dependencies", path
        # Of a stage that it does not depend on, a stage is told nothing.
        if name not in stage.depends_on:
            return None
        if noun == "result":
            return results[name]
        assert noun == "outputs", path
        job, _, variable = str(index).partition(".")
        return outputs.get(name, {}).get(job, {}).get(variable)

    return bool(evaluate(stage.condition, lookup, statuses))


def _all_before(stage: AzureStage, pipeline: AzurePipeline) -> set[str]:
    known = {one.name: one for one in pipeline.stages}
    found, todo = set[str](), list(stage.depends_on)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += known[name].depends_on
    return found


_Tokens = list[tuple[str | None, ...]]


def _expression(tokens: _Tokens, lookup: Lookup, statuses: Mapping[str, bool]) -> tuple[Any, _Tokens]:
    (literal, name, _), rest = tokens[0], tokens[1:]
    if literal is not None:
        return literal.replace("''", "'"), rest
    assert name is not None, tokens
    if _is(rest, "("):
        arguments, rest = [], rest[1:]
        while not _is(rest, ")"):
            value, rest = _expression(rest, lookup, statuses)
            arguments.append(value)
            rest = rest[1:] if _is(rest, ",") else rest
        return _call(name, arguments, statuses), rest[1:]
    if _is(rest, "["):
        assert _is(rest[2:], "]"), tokens
        return lookup(name, rest[1][0]), rest[3:]
    return lookup(name, None), rest


def _is(tokens: _Tokens, mark: str) -> bool:
    return bool(tokens) and tokens[0][2] == mark


def _call(name: str, arguments: list[Any], statuses: Mapping[str, bool]) -> bool:
    if name in statuses:
        assert not arguments, f"{name}: none of our files names a job here"
        return statuses[name]
    match name, arguments:
        case "and", _:
            return all(arguments)
        case "or", _:
            return any(arguments)
        case "not", [one]:
            return not one
        case "eq", [one, other]:
            return _plain(one) == _plain(other)
        case "ne", [one, other]:
            return _plain(one) != _plain(other)
        case "in", [one, *others]:
            return _plain(one) in [_plain(other) for other in others]
    raise AssertionError(f"{name} of {len(arguments)}: no function that our files use")


def _plain(value: Any) -> str:
    return "" if value is None else str(value).lower()
