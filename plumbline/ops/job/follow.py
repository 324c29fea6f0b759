"""Follow a job to its end and tell how it ended."""

from __future__ import annotations

import click

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.job.outcome import Outcome, outcome_of
from plumbline.ops.job.overdue import Overdue
from plumbline.ops.job.progress import progress
from plumbline.ops.job.report import print_report
from plumbline.ops.job.watch import Pace, Watch
from plumbline.ops.run_history import RunHistory


def follow(session: AzureSession, name: str, *, err: bool = False, words: str = "") -> Outcome:
    """Show a job's progress until it has ended, then its report.

    Args:
        err: Talk on stderr, because stdout is for the answer.
        words: Options that name the workspace, for the command that takes it up again.
    Raises: UserError: somebody interrupted; the job goes on.
    """
    history = RunHistory(session)
    watch = Watch(history, name, Pace(session.target))
    shown, overdue = progress(err=err), Overdue()
    try:
        for look in watch.looks():
            shown.show(look, watch)
            for warning in overdue.warnings(look):
                click.echo(f"warning: {name}: {warning}", err=True)
    except KeyboardInterrupt as error:
        raise UserError(
            f"job {name}: got an interrupt, expected to follow it to its end. It goes on. "
            f"Follow it again: plumbline job stream {name}{words}"
        ) from error
    finally:
        shown.close()
    outcome = outcome_of(session, history, watch, look)
    print_report(outcome, err=err, words=words)
    return outcome
