"""`plumbline explain`: four whys, each by the smallest part that differs; one file a verb, imported when it is called."""

from __future__ import annotations

import click

from plumbline.ops.lazy_group import LazyGroup

# Verb -> one line for the list of commands. The help of the group must not import a verb.
VERBS = {
    "version": "Why an asset gets a new version: field, file and line.",
    "drift": "Why something is drift: field, line, who, when, how bad, what settles it.",
    "promotion": "Why a release would not be promoted: every refusal, with its next step.",
    "step": "Why a step of a job ran again instead of being reused.",
}


@click.group("explain", cls=LazyGroup, package=__name__, verbs=VERBS)
def command() -> None:
    """Say why something is as it is, by the smallest part that differs.

    \b
    Example: plumbline explain version claims_train --stack dev
    """
