"""`plumbline model`: approve, register, list, show; one file a verb, imported when it is called."""

from __future__ import annotations

import click

from plumbline.ops.lazy_group import LazyGroup

# Verb -> one line for the list of commands. The help of the group must not import a verb.
VERBS = {
    "approve": "Approve a run for release, as a reviewer who did not submit it.",
    "register": "Register the model of an approved run that passed its gate.",
    "list": "List registered models, or the versions of one.",
    "show": "Show one version of a model.",
}


@click.group("model", cls=LazyGroup, package=__name__, verbs=VERBS)
def command() -> None:
    """Approve and register models that passed their gate; fields are those of `az ml model`.

    \b
    Exit codes of approve and register: 0 done, 3 the metrics miss a threshold, 1 anything else that refuses.
    Example: plumbline model register claims-release-885320a146 --stack local
    """
