"""Follow a job to its end and tell how it ended."""

from __future__ import annotations

import click

from plumbline.ops.azure_session import AzureSession, NoAnswerError, RefusedError
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
    Raises: UserError: somebody interrupted, or nobody answers any more; the job goes on.
    """
    history = RunHistory(session)
    watch = Watch(history, name, Pace(session.target))
    shown, overdue = progress(err=err), Overdue()
    again = f"Follow it again: plumbline job stream {name}{words}"
    try:
        with session.patient():
            try:
                for look in watch.looks():
                    shown.show(look, watch)
                    for warning in overdue.warnings(look):
                        click.echo(f"warning: {name}: {warning}", err=True)
            finally:
                shown.close()
            outcome = outcome_of(session, history, watch, look)
    except KeyboardInterrupt as error:
        raise UserError(
            f"job {name}: got an interrupt, expected to follow it to its end. It goes on. {again}"
        ) from error
    except (NoAnswerError, RefusedError) as error:
        if isinstance(error, RefusedError) and not error.may_pass:
            raise
        raise UserError(f"job {name}: {error}. What became of the job is not known. {again}") from error
    print_report(outcome, err=err, words=words)
    return outcome
