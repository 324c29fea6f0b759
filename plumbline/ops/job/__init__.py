"""`plumbline job`: submit, watch, rerun and fetch jobs; one file a verb, imported when it is called."""

from __future__ import annotations

import click

from plumbline.ops.lazy_group import LazyGroup

# Verb -> one line for the list of commands. The help of the group must not import a verb.
VERBS = {
    "create": "Submit a job whose components are registered, and watch it if asked.",
    "show": "Show a job and its steps.",
    "open": "Open a job in the studio.",
    "list": "List jobs, newest first, or the steps of one.",
    "stream": "Follow a job to its end, step by step.",
    "logs": "Print what the steps of a job printed.",
    "download": "Fetch outputs, logs and artifacts of a job.",
    "cancel": "End a job and everything that it runs.",
    "rerun": "Submit the same component versions again; what has been done is reused.",
}


@click.group("job", cls=LazyGroup, package=__name__, verbs=VERBS)
def command() -> None:
    """Submit, watch, rerun and fetch jobs; names, fields and statuses are those of `az ml job`.

    \b
    Exit codes of create --stream, rerun --stream and stream:
    0 Completed, 3 the release gate closed, 1 anything else.
    Example: plumbline job create --file pipelines/claims_release/pipeline.yml --stream --stack local
    """
