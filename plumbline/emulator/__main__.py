"""``python -m plumbline.emulator serve``: the launcher's and the tests' way in."""

from __future__ import annotations

import argparse
import sys
import uuid
from pathlib import Path

from plumbline.emulator.errors import HomeError


def main(arguments: list[str] | None = None) -> int:
    """Parses the command line and serves. Returns: the exit code (0 stopped, 1 could not start, 2 usage)."""
    parser = argparse.ArgumentParser(prog="python -m plumbline.emulator", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    command = verbs.add_parser("serve", help="serve one emulator home over TLS on 127.0.0.1")
    command.add_argument("--home", type=Path, required=True, help="folder of everything it keeps")
    command.add_argument("--stack", required=True, help="stack that it plays for")
    command.add_argument(
        "--also-stack", action="append", default=[], help="another stack of the same rehearsal"
    )
    command.add_argument(
        "--other-subscription", action="append", default=[], metavar="STACK=GUID", type=_stack_and_guid,
        help="the subscription of such a stack that lies in one of its own",
    )  # fmt: skip
    command.add_argument("--cloud", required=True, help="cloud name in its metadata")
    command.add_argument("--tenant-id", type=_guid, required=True)
    command.add_argument("--subscription-id", type=_guid, required=True)
    command.add_argument("--location", default="westeurope", help="default: %(default)s")
    command.add_argument(
        "--port", type=int, default=None, help="default: the last one when free, else a free one"
    )
    command.add_argument(
        "--azure-noise", action="store_true", help="answer with the variations that Azure has"
    )
    options = parser.parse_args(arguments)
    from plumbline.emulator.server import serve  # after parsing: a usage error answers at once

    try:
        serve(
            folder=options.home, stack=options.stack, cloud=options.cloud, tenant_id=options.tenant_id,
            subscription_id=options.subscription_id, location=options.location, port=options.port,
            azure_noise=options.azure_noise, also_stacks=tuple(options.also_stack),
            other_subscriptions=dict(options.other_subscription),
        )  # fmt: skip
    except HomeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _stack_and_guid(text: str) -> tuple[str, str]:
    stack, _, guid = text.partition("=")
    return stack, _guid(guid)


def _guid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a GUID") from error


if __name__ == "__main__":
    sys.exit(main())
