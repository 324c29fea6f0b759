"""`plumbline evidence`: write and verify the evidence of a run; one file a verb, imported when it is called."""

from __future__ import annotations

import click

from plumbline.ops.lazy_group import LazyGroup

# Verb -> one line for the list of commands. The help of the group must not import a verb.
VERBS = {
    "write": "Write the evidence of an ended run: JSON, Markdown, one HTML page, copies of what was judged.",
    "verify": "Recompute digests and verdict from an evidence folder, offline.",
}


@click.group("evidence", cls=LazyGroup, package=__name__, verbs=VERBS)
def command() -> None:
    """Write and verify the evidence of a run, for the release ticket and for whoever asks later.

    \b
    Example: plumbline evidence write claims-release-885320a146 --stack local
    """
