"""Runs inside a parallel step: cuts its input into mini-batches and gives them to workers that call the entry script.

It stands for what Azure's image brings: the standard library only, for any Python from 3.7 on; pandas where the input is a
table. Source: learn, "Use parallel jobs in pipelines" and "ParallelRunStep" (init, run, shutdown, what counts as failed).
That the rows of a table are written with blanks between them and without a header is how Microsoft's samples read them.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import json
import multiprocessing
import multiprocessing.connection
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

WORKER = "--worker"
TABLE, REPORT = "parallel_input.json", "parallel_report.json"
DEFAULT_FILES, DEFAULT_BYTES = 10, 1024**2
_PANDAS = {"read_delimited": "read_csv", "read_parquet": "read_parquet", "read_json_lines": "read_json"}


class Refused(Exception):
    """The step cannot go on; the message says why."""


class Context:
    """What `run` may take beside its mini-batch."""

    def __init__(self, index: int, keys: dict[str, Any]) -> None:
        """Args: keys: the values of the partition keys."""
        self.minibatch_index = self.mini_batch_id = index
        self.partition_key_value = keys


def own_folder() -> Path:
    """Return where the executor and this program leave each other word."""
    return Path(os.environ["TMPDIR"])


# -- what there is to do


def batches_of(data: str, settings: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
    """Return each mini-batch, paths or a table, with the values of its partition keys."""
    told = own_folder() / TABLE
    table = json.loads(told.read_text()) if told.exists() else {}
    if table.get("reader"):
        return table_batches(table, settings)
    if settings["partition_keys"]:
        raise Refused("partition_keys: the input is no table, and files by partition are not emulated")
    place = Path(data)
    found = [data] if place.is_file() else sorted(str(one) for one in place.rglob("*") if one.is_file())
    files = table["files"] if table else found
    size = settings["mini_batch_size"] or DEFAULT_FILES
    return [(files[start : start + size], {}) for start in range(0, len(files), size)]


def table_batches(table: dict[str, Any], settings: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
    """Return the rows of a table, cut by size or by the values of the partition keys."""
    try:
        pandas = importlib.import_module("pandas")
    except ImportError as failure:
        raise Refused("the input is a table, and the step's environment has no pandas") from failure
    read = getattr(pandas, _PANDAS[table["reader"]])
    parts = [read(path, **table["options"]) for path in table["files"]]
    if not parts:
        return []
    rows = pandas.concat(parts, ignore_index=True)
    for name, columns in table["columns"]:
        rows = rows[columns] if name == "keep_columns" else rows.drop(columns=columns)
    keys = settings["partition_keys"]
    if keys:
        groups = rows.groupby(keys if len(keys) > 1 else keys[0])
        values = [(value if isinstance(value, tuple) else (value,), group) for value, group in groups]
        return [(group.reset_index(drop=True), dict(zip(keys, value))) for value, group in values]  # noqa: B905  `strict` is newer than Python 3.7
    size = sum(Path(path).stat().st_size for path in table["files"]) / max(len(rows), 1)
    count = max(int((settings["mini_batch_size"] or DEFAULT_BYTES) / max(size, 1)), 1)
    return [(rows[start : start + count], {}) for start in range(0, len(rows), count)]


# -- a worker: a process of its own that calls the entry script


def work(pipe: Any, script: str, arguments: list[str]) -> None:
    """Call `init` once, then `run` for each mini-batch that comes, and `shutdown` in the end."""
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path.cwd()))
    try:
        entry = loaded(script)
        takes_context = len(inspect.signature(entry.run).parameters) > 1
        if hasattr(entry, "init"):
            entry.init()
    except BaseException:  # noqa: BLE001  the script is the user's: whatever it raises is told
        pipe.send(("refused", traceback.format_exc()))
        return
    pipe.send(("ready", ""))
    while True:
        task = pipe.recv()
        if task is None:
            break
        index, batch, keys = task
        answer: Any
        try:
            result = entry.run(batch, Context(index, keys)) if takes_context else entry.run(batch)
            answer = ("done", (as_lines(result), len(result)))
        except BaseException:  # noqa: BLE001  as above
            answer = ("failed", traceback.format_exc())
        pipe.send(answer)
    if hasattr(entry, "shutdown"):
        entry.shutdown()


def loaded(script: str) -> Any:
    """Return the entry script as a module."""
    name = Path(script).stem
    spec = importlib.util.spec_from_file_location(name, script)
    if spec is None or spec.loader is None:
        raise ImportError(script)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def as_lines(result: Any) -> list[str]:
    """Return the result of a mini-batch as lines of the output file."""
    if hasattr(result, "to_csv"):
        return list(result.to_csv(sep=" ", header=False, index=False).splitlines())
    return [str(one) for one in result]


class Worker:
    """A worker as the driver sees it."""

    def __init__(self, script: str, arguments: list[str]) -> None:
        """Start it. Raises: Refused: the entry script could not be loaded, or `init` failed."""
        self.pipe, other = multiprocessing.Pipe()
        told = [sys.executable, __file__, WORKER, str(other.fileno()), script, *arguments]
        self.process = subprocess.Popen(told, pass_fds=[other.fileno()])
        other.close()
        state, told = self.received(None)
        if state != "ready":
            raise Refused(f"{script}: it could not be started: {told}")

    def asked(self, task: Any, seconds: float | None) -> tuple[str, Any]:
        """Return how a mini-batch ended: done, failed, timeout or gone."""
        self.pipe.send(task)
        return self.received(seconds)

    def received(self, seconds: float | None) -> tuple[str, Any]:
        """Return what it sends."""
        try:
            return self.pipe.recv() if self.pipe.poll(seconds) else ("timeout", f"after {seconds} s")
        except (EOFError, OSError):
            return "gone", "the worker ended"

    def end(self, *, kill: bool = False) -> None:
        """Let it shut down, or end it."""
        if kill:
            self.process.kill()
        else:
            self.pipe.send(None)
        self.process.wait()


# -- the driver


class Driver:
    """Gives mini-batches to workers and counts how they end."""

    def __init__(self, options: argparse.Namespace, arguments: list[str]) -> None:
        """Args: arguments: of the entry script."""
        self.options, self.arguments = options, arguments
        self.settings = json.loads(options.settings)
        self.batches = batches_of(options.input_data, self.settings)
        self.lines: list[list[str]] = [[] for _ in self.batches]
        self.lock = threading.Lock()
        self.next = self.failed = self.failed_items = 0
        self.refused = ""

    def go(self) -> None:
        """Run all mini-batches. Raises: Refused: too many failed, or no worker could be started."""
        count = min(self.settings["workers"], len(self.batches))
        print(f"[parallel] {len(self.batches)} mini-batches, {count} workers", flush=True)
        threads = [threading.Thread(target=self.carry) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.refused:
            raise Refused(self.refused)
        self.write()
        self.judge()

    def carry(self) -> None:
        """Keep one worker busy."""
        worker = None
        try:
            index = self.taken()
            while index is not None:
                for _ in range(self.settings["max_retries"] + 1):
                    worker = worker or Worker(self.options.entry_script, self.arguments)
                    state = self.tried(index, worker)
                    if state in ("timeout", "gone"):
                        worker.end(kill=True)
                        worker = None
                    if state == "complete":
                        break
                else:
                    self.count_failure(index)
                index = self.taken()
        except Refused as refusal:
            self.refused = str(refusal)
        if worker is not None:
            worker.end()

    def taken(self) -> int | None:
        """Return the next mini-batch, if there is one."""
        with self.lock:
            self.next += 1
            return self.next - 1 if self.next <= len(self.batches) and not self.refused else None

    def tried(self, index: int, worker: Worker) -> str:
        """Run one mini-batch; return complete, or how it failed."""
        batch, keys = self.batches[index]
        state, told = worker.asked((index, batch, keys), self.settings["timeout"])
        if state == "done":
            self.lines[index], count = told
            if count >= len(batch):
                return "complete"
            told = f"got {count} results, expected one for each of its {len(batch)} items"
        print(f"[parallel] mini-batch {index}: {state}: {told}", file=sys.stderr, flush=True)
        return state

    def count_failure(self, index: int) -> None:
        """Note that no try of a mini-batch succeeded."""
        with self.lock:
            self.failed += 1
            self.failed_items += len(self.batches[index][0]) - len(self.lines[index])

    def write(self) -> None:
        """Write the rows, in the order of the mini-batches."""
        if self.options.append_row_to:
            path = Path(self.options.append_row_to)
            path = path / "parallel_run_step.txt" if path.is_dir() else path
            path.write_text("".join(f"{line}\n" for lines in self.lines for line in lines))

    def judge(self) -> None:
        """Say how it went, to the executor too. Raises: Refused: more failed than the step tolerates."""
        report = {
            "mini_batches": len(self.batches),
            "failed": self.failed,
            "failed_items": self.failed_items,
        }
        (own_folder() / REPORT).write_text(json.dumps(report))
        for what, count in (
            ("mini_batch_error_threshold", self.failed),
            ("error_threshold", self.failed_items),
        ):
            if 0 <= self.settings[what] < count:
                raise Refused(f"{what}: got {count} failed, expected at most {self.settings[what]}")


def main() -> int:
    """Run the step, or one of its workers; return its exit code."""
    if sys.argv[1] == WORKER:
        work(multiprocessing.connection.Connection(int(sys.argv[2])), sys.argv[3], sys.argv[4:])
        return 0
    cut = sys.argv.index("--")
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("entry-script", "input-data", "settings"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--append-row-to", default="")
    try:
        Driver(parser.parse_args(sys.argv[1:cut]), sys.argv[cut + 1 :]).go()
    except Refused as refusal:
        print(f"[parallel] {refusal}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
