"""A parallel step: its input cut into mini-batches, for each of which the entry script's `run` is called.

Azure's image for it is not here: the executor brings a program of its own (parallel_driver.py), which the step starts.
Source: learn, "Use parallel jobs in pipelines": the entry script, the settings and their defaults; azure-ai-ml 1.35.2,
`Parallel._to_rest_object`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.job_fields import mapping_of
from plumbline.emulator.executor.problem import Problems
from plumbline.emulator.executor.step_plan import Literal, Produced, Source, Uri

DRIVER = "parallel_driver.py"
_SIZE = re.compile(r"^\s*(?P<number>\d+)\s*(?P<unit>[kmg]?b)?\s*$", re.IGNORECASE)
_BYTES = {"": 1, "b": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}
_SETTINGS = (
    "input_data", "mini_batch_size", "partition_keys", "resources", "retry_settings", "error_threshold",
    "mini_batch_error_threshold", "max_concurrency_per_instance",
)  # fmt: skip
_ALL_NODES = "resources.instance_count -1 (every node of the compute): the workers of one node are started"
_NUMBERS = ("error_threshold", "mini_batch_error_threshold", "max_concurrency_per_instance")


class ParallelStep:
    """One node of type parallel, with the component that it runs."""

    def __init__(
        self,
        node: Mapping[str, Any],
        spec: Mapping[str, Any],
        *,
        place: str,
        problems: Problems,
        fill: Callable[[str, str], str],
    ) -> None:
        """Make one.

        Args:
            spec: Of the component; what the node says itself wins.
            fill: A text and its place -> the text with the pipeline's inputs put in.
        """
        self._fill = fill
        own = {name: node[name] for name in _SETTINGS if node.get(name) is not None}
        self._given: dict[str, Any] = {**spec, **own}
        self._task = mapping_of(spec.get("task")) or mapping_of(node.get("task"))
        self._spec = spec
        self._place = place
        self._problems = problems
        self.input_name = self._input_name()
        self._nodes = self._number(
            "instance_count", mapping_of(self._given.get("resources")).get("instance_count")
        )

    @property
    def command_spec(self) -> dict[str, Any]:
        """Return the component as the command component that stands for it."""
        return {
            **self._spec,
            "command": self._command(),
            "code": self._task.get("code"),
            "environment": self._task.get("environment"),
        }

    def sources(self, inputs: Mapping[str, Source]) -> dict[str, Source]:
        """Return the inputs, the one that is cut into mini-batches as content, whatever mode it asks for."""
        source = inputs.get(self.input_name)
        if isinstance(source, Uri | Produced):
            return {**inputs, self.input_name: replace(source, mode="ReadOnlyMount")}
        if isinstance(source, Literal) or source is None:
            self._problems.add(
                f"{self._place}.input_data", f"got the input '{self.input_name}', expected one with data"
            )
        return dict(inputs)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the run's warnings say of the settings."""
        return (_ALL_NODES,) if self._nodes == -1 else ()

    def counted(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the node with a number of nodes in the place of -1, which stands for all that the compute has."""
        if self._nodes != -1:
            return node
        return {**node, "resources": {**mapping_of(self._given.get("resources")), "instance_count": 1}}

    def _input_name(self) -> str:
        parts = binding.whole_expression(self._given.get("input_data")) or ()
        if parts[:1] != ("inputs",) or len(parts) < 2:
            self._problems.add(
                f"{self._place}.input_data",
                f"got {self._given.get('input_data')!r}, expected one input, as in ${{{{inputs.NAME}}}}",
            )
            return ""
        return ".".join(parts[1:])

    def _command(self) -> str:
        script, rows = str(self._task.get("entry_script") or ""), str(self._task.get("append_row_to") or "")
        if not script:
            self._problems.add(f"{self._place}.task.entry_script", "the task has no entry script")
        told = f"--append-row-to {rows} " if rows else ""
        return (
            f'python "$TMPDIR/{DRIVER}" --entry-script {shlex.quote(script)} --input-data '
            f"{self._given.get('input_data') or ''} {told}--settings {shlex.quote(json.dumps(self._settings()))} "
            f"-- {self._task.get('program_arguments') or ''}"
        ).rstrip()

    def _settings(self) -> dict[str, Any]:
        retry = mapping_of(self._given.get("retry_settings"))
        found = {name: self._number(name, self._given.get(name)) for name in _NUMBERS}
        return {
            "workers": max(self._nodes or 1, 1) * max(found.pop("max_concurrency_per_instance") or 1, 1),
            **{name: -1 if value is None else value for name, value in found.items()},
            "max_retries": _or(self._number("max_retries", retry.get("max_retries")), 2),
            "timeout": _or(self._number("timeout", retry.get("timeout")), 60),
            "mini_batch_size": self._size(),
            "partition_keys": self._keys(),
        }

    def _size(self) -> int | None:
        given = self._given.get("mini_batch_size")
        if given is None or given == "":
            return None
        match = _SIZE.match(self._fill(str(given), f"{self._place}.mini_batch_size"))
        if match is None:
            self._problems.add(
                f"{self._place}.mini_batch_size",
                f"got {given!r}, expected a number of files or a size: 5, 10kb",
            )
            return None
        return int(match["number"]) * _BYTES[(match["unit"] or "").lower()]

    def _keys(self) -> list[str]:
        given = self._given.get("partition_keys")
        found = json.loads(given) if isinstance(given, str) and given.startswith("[") else given
        return [str(one) for one in found] if isinstance(found, list) else []

    def _number(self, name: str, given: Any) -> int | None:
        if given is None or given == "":
            return None
        try:
            return int(self._fill(str(given), f"{self._place}.{name}"))
        except (TypeError, ValueError):
            self._problems.add(f"{self._place}.{name}", f"got {given!r}, expected a number")
            return None


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
