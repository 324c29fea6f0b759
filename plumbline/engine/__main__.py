"""`python -m plumbline.engine ensure|sync`: what the Makefile runs before there is a `plumbline` command."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from plumbline.engine import EngineError, Lines, ensure_engine
from plumbline.engine.venv import sync_environment


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 done, 1 not possible on this machine, 2 usage."""
    parser = argparse.ArgumentParser(prog="python -m plumbline.engine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    ensure = commands.add_parser("ensure", help="find, download or build the Pulumi engine")
    ensure.add_argument(
        "--print-path", action="store_true", help="print only the folder to put on PATH, on stdout"
    )
    commands.add_parser("sync", help="make .venv what requirements.lock says")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    progress = Lines(sys.stderr)
    try:
        if chosen.command == "sync":
            sync_environment(Path.cwd(), progress)
            return 0
        engine = ensure_engine(progress)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.print_path:
        print(engine.path)
    else:
        print(f"engine: pulumi {engine.version} ({engine.way}) in {engine.path}\n        {engine.reason}")
    return 0


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    # As an exception, so that temporary folders are removed and a compiler is stopped on the way out.
    raise SystemExit(128 + signal.SIGTERM)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
