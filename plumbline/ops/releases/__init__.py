"""`plumbline releases`: what locks pin, and whether a stack holds it."""

from __future__ import annotations

import click

from plumbline.ops.lazy_group import LazyGroup

VERBS = {
    "list": "List the releases that locks pin, and those before.",
    "show": "Show a stack's pins, or prove them against what is live.",
    "diff": "Name what differs between two releases, field by field.",
}


@click.group("releases", cls=LazyGroup, package="plumbline.ops.releases", verbs=VERBS)
def command() -> None:
    """See what each stack runs, since when, by whom, and what was before.

    \b
    Example: plumbline releases list
    """
