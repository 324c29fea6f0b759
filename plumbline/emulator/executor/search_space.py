"""The points of a sweep's search space: drawn at random, or every combination of its choices.

Source: learn, "SweepJob YAML schema", search space; azure-ai-ml 1.35.2 sends each parameter as [kind, [arguments]].
"""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_Draw = Callable[[random.Random, Sequence[float]], float]
_ARGUMENTS = {
    "randint": 1, "uniform": 2, "quniform": 3, "loguniform": 2, "qloguniform": 3,
    "normal": 2, "qnormal": 3, "lognormal": 2, "qlognormal": 3,
}  # fmt: skip
_DRAWS: dict[str, _Draw] = {
    "randint": lambda dice, given: dice.randrange(int(given[0])),
    "uniform": lambda dice, given: dice.uniform(given[0], given[1]),
    "loguniform": lambda dice, given: math.exp(dice.uniform(given[0], given[1])),
    "normal": lambda dice, given: dice.gauss(given[0], given[1]),
    "lognormal": lambda dice, given: math.exp(dice.gauss(given[0], given[1])),
}


class SearchSpace:
    """A sweep's parameters and how each is drawn."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        """Args: given: `searchSpace` of a job. Raises: ValueError: a parameter is none that is known."""
        self._parameters = {name: _parameter(name, one) for name, one in given.items()}

    @property
    def names(self) -> set[str]:
        """What a trial's command may name as `${{search_space.NAME}}`."""
        return set(self._parameters)

    def points(self, *, grid: bool, seed: str, count: int) -> list[dict[str, str]]:
        """Return at most `count` points, each parameter's value as the text that a command gets.

        Raises: ValueError: a grid over what is no choice.
        """
        if grid:
            wrong = sorted(name for name, (kind, _) in self._parameters.items() if kind != "choice")
            if wrong:
                raise ValueError(f"got {wrong[0]}, expected choices only: a grid has no other points")
            values = [[_text(one) for one in given] for _, given in self._parameters.values()]
            combinations = itertools.islice(itertools.product(*values), count)
            return [dict(zip(self._parameters, one, strict=True)) for one in combinations]
        dice = random.Random(seed)  # noqa: S311  nothing secret is drawn
        return [
            {name: _drawn(dice, kind, given) for name, (kind, given) in self._parameters.items()}
            for _ in range(count)
        ]


def _parameter(name: str, given: Any) -> tuple[str, list[Any]]:
    kind, arguments = (str(given[0]).lower(), given[1]) if _is_pair(given) else ("", [])
    if kind == "choice":
        # azure-ai-ml wraps the values of a choice once more.
        values = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
        if values:
            return kind, list(values)
    elif len(arguments) == _ARGUMENTS.get(kind, -1):
        return kind, [float(one) for one in arguments]
    raise ValueError(f"{name}: got {given!r}, expected choice, {', '.join(_ARGUMENTS)} with its arguments")


def _is_pair(given: Any) -> bool:
    return isinstance(given, list) and len(given) == 2 and isinstance(given[1], list)


def _drawn(dice: random.Random, kind: str, given: list[Any]) -> str:
    if kind == "choice":
        return _text(dice.choice(given))
    step = given[2] if kind.startswith("q") else 0
    value = _DRAWS[kind.removeprefix("q")](dice, given)
    return _text(round(value / step) * step if step else value)


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
