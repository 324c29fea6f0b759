"""What passes between the executor and the program that a parallel step starts: the input's table, and how it went."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from plumbline.emulator.executor.step_error import StepFailed
from plumbline.emulator.executor.step_folder import StepFolder
from plumbline.emulator.executor.step_plan import StepPlan

_TABLE, _REPORT = "parallel_input.json", "parallel_report.json"
_READERS = ("read_delimited", "read_parquet", "read_json_lines")
_COLUMNS = ("keep_columns", "drop_columns")
_PLACES = ("file", "folder", "pattern")


def prepare_driver(plan: StepPlan, folder: StepFolder, inputs: Mapping[str, str | None]) -> None:
    """Put the program into the step's temporary folder, and what the MLTable of its input says.

    Raises: StepFailed: the MLTable holds what is not emulated.
    """
    shutil.copyfile(Path(__file__).parent / plan.driver, folder.temporary / plan.driver)
    for name, path in inputs.items():
        if path and plan.input_types.get(name) == "mltable" and (table := Path(path) / "MLTable").is_file():
            found = _described(f"input {name}", table)
            (folder.temporary / _TABLE).write_text(json.dumps(found))


def parallel_warnings(folder: StepFolder) -> Iterator[str]:
    """Yield what a green end of a parallel step hides: mini-batches that failed, or that there were none."""
    path = folder.temporary / _REPORT
    if not path.is_file():
        return
    report = json.loads(path.read_text())
    if not report["mini_batches"]:
        yield "the parallel step had no mini-batch: its input is empty"
    if report["failed"]:
        yield f"{report['failed']} of {report['mini_batches']} mini-batches failed; the step's thresholds ignore them"


def _described(place: str, path: Path) -> dict[str, Any]:
    """Return the files, how they are read, and which columns stay. Source: learn, "CLI (v2) MLtable YAML schema"."""
    table = _table(place, path)
    found: dict[str, Any] = {"files": _files(place, path.parent, _list(place, table, "paths")), "columns": []}
    for one in _list(place, table, "transformations"):
        name, options = next(iter(one.items())) if isinstance(one, Mapping) and one else (str(one), None)
        if name in _READERS and isinstance(options, Mapping | None):
            found |= {"reader": name, "options": _options(name, options or {})}
        elif name in _COLUMNS and isinstance(options, str | list):
            found["columns"].append([name, [options] if isinstance(options, str) else options])
        elif name in (*_READERS, *_COLUMNS):
            raise _unreadable(place, f"got {options!r} for {name}, expected its options")
        else:
            raise _unreadable(place, f"the transformation {name} is not emulated")
    return found


def _table(place: str, path: Path) -> Mapping[str, Any]:
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _unreadable(place, f"got what is no YAML ({' '.join(str(error).split())[:120]})") from error
    if not isinstance(table, Mapping):
        raise _unreadable(place, f"got {table!r:.80}, expected paths and transformations")
    return table


def _list(place: str, table: Mapping[str, Any], key: str) -> list[Any]:
    found = table.get(key) or []
    if not isinstance(found, list):
        raise _unreadable(place, f"got {found!r:.80} for {key}, expected a list")
    return found


def _files(place: str, folder: Path, paths: list[Any]) -> list[str]:
    found: list[str] = []
    for one in paths:
        kind, path = next(iter(one.items())) if isinstance(one, Mapping) and len(one) == 1 else ("", None)
        if kind not in _PLACES or not isinstance(path, str) or not path:
            raise _unreadable(
                place, f"got the path {one!r:.80}, expected one of {', '.join(_PLACES)} with its path"
            )
        relative = path.removeprefix("./")
        if ":" in path or relative.startswith("/") or ".." in Path(relative).parts:
            raise _unreadable(place, f"got the path {path}, expected one below its own folder")
        pattern = f"{relative.rstrip('/')}/**/*" if kind == "folder" else relative
        found += sorted(str(each) for each in folder.glob(pattern) if each.is_file())
    return found


def _unreadable(place: str, why: str) -> StepFailed:
    return StepFailed(f"{place}: MLTable: {why}.", reason="input")


def _options(reader: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what pandas gets for a reader's options."""
    if reader == "read_json_lines":
        return {"lines": True}
    if reader == "read_parquet":
        return {}
    header = None if given.get("header") in ("no_header", False) else 0
    return {
        "sep": str(given.get("delimiter") or ","),
        "encoding": str(given.get("encoding") or "utf8"),
        "header": header,
    }
