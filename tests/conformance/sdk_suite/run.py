"""Runs the suite in parallel processes and writes its outcomes.

python -m tests.conformance.sdk_suite.run [--configs FOLDER[:FOLDER]] [--results FILE] [AREA | AREA/FILE]... [-- PYTEST ARGUMENTS]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from tests.conformance import outcome
from tests.conformance.sdk_suite import sources

PROJECT = Path(__file__).resolve().parents[3]
RESULTS = PROJECT / ".plumbline" / "conformance" / "sdk.jsonl"
PROCESSES = 2


def known_areas() -> dict[str, dict[str, int]]:
    """Area to test file to its seconds."""
    found: dict[str, dict[str, int]] = yaml.safe_load(
        Path(__file__).with_name("areas.yaml").read_text(encoding="utf-8")
    )["areas"]
    return found


def chosen(areas: Mapping[str, Mapping[str, int]], wanted: Sequence[str]) -> dict[str, int]:
    """Test path to seconds: of the areas, or "area/file"s, that are wanted; of all when none is.

    Raises: ValueError: when one is not known.
    """
    files = {f"{area}/{file}": seconds for area, found in areas.items() for file, seconds in found.items()}
    unknown = [name for name in wanted if name not in areas and name not in files]
    if unknown:
        raise ValueError(f"areas: got {', '.join(unknown)}, expected any of {', '.join(areas)} or AREA/FILE.")
    return {
        name.replace("/", "/e2etests/", 1): seconds
        for name, seconds in files.items()
        if not wanted or name in wanted or name.split("/")[0] in wanted
    }


def shared_out(files: Mapping[str, int], processes: int) -> list[list[str]]:
    """Files for each process, so that all take about as long: the longest first, each to who has least."""
    shares: list[list[str]] = [[] for _ in range(processes)]
    loads = [0] * processes
    for name, seconds in sorted(files.items(), key=lambda item: (-item[1], item[0])):
        place = loads.index(min(loads))
        shares[place].append(f"tests/{name}.py")
        loads[place] += seconds
    return [share for share in shares if share]


def run(
    configs: Sequence[Path], results: Path, wanted: Sequence[str], processes: int, arguments: Sequence[str]
) -> list[outcome.Outcome]:
    """Runs what is wanted and writes the result file.

    Raises: SuiteNotFound; ValueError: for an unknown area.
    """
    from tests.conformance.sdk_suite import lab  # the official client takes seconds to import

    files = chosen(known_areas(), wanted)
    cache = sources.cache_folder()
    unpacked, python = sources.fetch_tests(cache), sources.python_of_suite(cache)
    work = Path(tempfile.mkdtemp(prefix="plumbline-sdk-suite-"))
    started = []
    try:
        for number, share in enumerate(shared_out(files, processes)):
            folder = work / str(number)
            sources.lay_out(unpacked, configs, folder, lab.contents()["replaced"])
            command = [
                sys.executable, "-m", "tests.conformance.sdk_suite.process", "--suite", str(folder), "--python",
                str(python), "--outcomes", str(work / f"{number}.jsonl"), *share, "--", *arguments,
            ]  # fmt: skip
            started.append(subprocess.Popen(command, cwd=PROJECT))
        for process in started:
            process.wait()
        found = list(outcome.read(*sorted(work.glob("*.jsonl"))))
    finally:
        for process in started:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=30)
        shutil.rmtree(work)
    outcome.write(results, found)
    return found


def _choose_failed(results: Path) -> list[str]:
    """Leaves the names of what failed to the suite's processes. Returns: the test files that they are in."""
    failed = [one.name for one in outcome.read(results) if one.result == "failed"]
    chosen = RESULTS.with_name("sdk-again.txt")
    chosen.parent.mkdir(parents=True, exist_ok=True)
    chosen.write_text("\n".join(failed), encoding="utf-8")
    os.environ["CONFORMANCE_ONLY"] = str(chosen)
    return sorted({name.split("::")[0] for name in failed})


def main() -> int:
    """The command line. Exit code 0 when all could be run, whatever came of it; the page's check judges that."""
    words = sys.argv[1:]
    own, arguments = (
        (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    )
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--configs", default="", help="folders with the SDK's test_configs, joined by ':'")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--again", type=Path, help="run only what failed in this result file")
    parser.add_argument("areas", nargs="*")
    options = parser.parse_args(own)
    folders = [Path(folder).resolve() for folder in options.configs.split(":") if folder]
    try:
        if options.again:
            options.areas = _choose_failed(options.again)
        found = run(folders, options.results.resolve(), options.areas, options.processes, arguments)
    except (sources.SuiteNotFound, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for result in outcome.RESULTS:
        print(f"{result:14}{sum(1 for one in found if one.result == result):5}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
