"""The `plumbline` command group: every verb lives in a module of its own and is imported when called."""

from __future__ import annotations

import gc
import sys

import click

from plumbline import __version__
from plumbline.ops.errors import BugError, UserError, report_bug
from plumbline.ops.lazy_group import LazyGroup

# Verb -> one line for the list of commands. The help of the group must not import a verb.
VERBS = {
    "doctor": "Say of each prerequisite whether it is there, or the next step.",
    "local": "Run the platform on this machine: up, start, stop, status, env, logs, reset.",
    "rehearse": "Run a command for a stack's unedited file against an emulator of its own.",
    "validate": "Check every definition offline, before anything is planned.",
    "pin": "Write the exact versions behind labels and other people's assets to pins.yaml.",
    "drift": "Name what changed in the cloud behind the code: field, desired, live, who, when.",
    "adopt": "Write an existing workspace as a project: YAML, code, pins, import file.",
    "codify": "Write what was changed live back into the YAML, comments kept.",
    "review": "Say what a change would do to a stack, as one comment for a pull request.",
    "up": "Apply a saved plan: those changes and no others, or none.",
    "explain": "Say why: a new version, drift, a step that ran again, a release that is not promoted.",
    "job": "Submit, watch, rerun and fetch pipeline jobs.",
    "plugin": "Bring the provider plugin to where the Pulumi engine looks for it.",
    "template": "Print where the wheel keeps the template of a whole platform.",
    "component": "List and show registered components.",
    "model": "Approve and register models that passed their gate.",
    "evidence": "Write and verify the evidence of a run.",
    "promote": "Bring a release one stack further: verify it, publish it, write the lock.",
    "rollback": "Restore the release before, and prove what the stack holds.",
    "releases": "List, prove and compare the releases that stacks run.",
}


@click.group(
    cls=LazyGroup,
    package="plumbline.ops",
    verbs=VERBS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="plumbline", message="%(prog)s %(version)s")
def group() -> None:
    """Azure Machine Learning platforms that match their code.

    \b
    Exit codes: 0 clean, 1 failure, 2 usage, 3 drift found or gate closed.
    Example: plumbline drift --stack local --output json
    """


def main() -> None:
    """Run the command line; a user's mistake is one message, a bug of ours is a report with a log."""
    # What an import makes stays: looking for garbage in it as often as by default is a quarter of azure-ai-ml's import.
    gc.set_threshold(100_000)
    try:
        group(prog_name="plumbline")
    except UserError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except BugError as error:
        sys.exit(report_bug(error))
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the outermost edge: a person gets no traceback
        sys.exit(report_bug(error))


if __name__ == "__main__":
    main()
