"""`plumbline drift`: show what changed behind the code, and settle it; one file a verb, imported when it is called."""

from __future__ import annotations

import click

from plumbline.ops.lazy_group import LazyGroup

# Verb -> one line for the list of commands. The help of the group must not import a verb.
VERBS = {
    "show": "List every finding; what `plumbline drift` does without a verb.",
    "fix": "Settle findings: put back what the code says, write it into YAML, or accept it until a date.",
}


class _ShowsWithoutVerb(LazyGroup):
    """`plumbline drift --stack local` is `plumbline drift show --stack local`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asks_for_help = args[:1] in (["--help"], ["-h"])
        if not asks_for_help and (not args or args[0].startswith("-")):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group("drift", cls=_ShowsWithoutVerb, package=__name__, verbs=VERBS)
def command() -> None:
    """Report what changed in the cloud behind the code, and settle it.

    Without a verb it is `show`.

    \b
    Exit codes: 0 no finding that is not accepted, 3 findings, 1 what could not be read.
    Example: plumbline drift --stack local --output json
    """
