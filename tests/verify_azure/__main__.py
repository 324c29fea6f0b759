"""`make verify-azure SUBSCRIPTION=GUID`: python -m tests.verify_azure --subscription GUID | --emulator."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from datetime import UTC, datetime

from plumbline.fence import FenceError
from tests.verify_azure import checks as _all_checks  # noqa: F401 - importing registers them
from tests.verify_azure.check import CHECKS
from tests.verify_azure.cloud import Cloud
from tests.verify_azure.plan import plan
from tests.verify_azure.register import rows
from tests.verify_azure.report import learned, lines
from tests.verify_azure.room import new_world
from tests.verify_azure.run import run

EPILOG = """
The login is that of `az login` (or whatever azure-identity's DefaultAzureCredential finds); it must own the
subscription or be Contributor and User Access Administrator. Exit codes: 0 nothing was contradicted, 1 something was
left behind or nothing could be asked, 2 usage, 3 something was contradicted.
"""


def main(arguments: list[str] | None = None) -> int:
    """Plans, asks, runs, removes, reports."""
    parser = argparse.ArgumentParser(prog="make verify-azure", description=__doc__, epilog=EPILOG)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--subscription", metavar="GUID", help="the subscription that is asked")
    where.add_argument(
        "--emulator",
        action="store_true",
        help="ask the emulator that this shell leads to, else one started for it",
    )
    parser.add_argument(
        "--location", default="westeurope", help="region of everything (default: %(default)s)"
    )
    parser.add_argument("--only", metavar="ID[,ID]", help="rows to check, by the beginning of their ids")
    parser.add_argument("--yes", action="store_true", help="do not ask before anything is made")
    options = parser.parse_args(arguments)
    chosen = [
        CHECKS[row["id"]]
        for row in rows()
        if row["id"] in CHECKS and (not options.only or row["id"].startswith(tuple(options.only.split(","))))
    ]
    if not chosen:
        parser.error(
            f"--only: got {options.only!r}, expected the beginning of an id in docs/reference/assumptions.yaml"
        )
    with ExitStack() as stack:
        try:
            if options.emulator:
                from tests.verify_azure.emulated import emulated_subscription

                options.subscription = stack.enter_context(emulated_subscription())
            cloud = Cloud(subscription=options.subscription, location=options.location)
        except FenceError as error:
            print(error, file=sys.stderr)
            return 1
        if cloud.is_emulated and not options.emulator:
            parser.error(
                "--subscription: this shell leads to an emulator, expected Azure. Open a new shell, or say --emulator"
            )
        date = datetime.now(UTC).strftime("%Y-%m-%d")
        world = new_world(cloud, date=date)
        _say(
            plan(chosen, group=world.group_name, subscription=options.subscription, location=options.location)
        )
        if not (options.yes or options.emulator or _agreed()):
            _say("Nothing was made.")
            return 0
        try:
            results, gone = run(world, chosen, _say)
        except KeyboardInterrupt:
            return 130
    known = {row["id"]: row for row in rows()}
    by_hand = [row for row in rows() if row.get("check") == "by hand" and not options.only]
    _say("\n" + lines(results))
    for row in by_hand:
        _say(f"by hand      {row['id']}: {row['how']}")
    name = "the emulator" if options.emulator else "a subscription"
    print(learned(results, known, date=date, region=options.location, where=name), end="")
    verdicts = {result.finding.verdict for result in results}
    return 3 if "contradicted" in verdicts else 0 if gone and verdicts != {"not checked"} else 1


def _agreed() -> bool:
    try:
        return input("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
