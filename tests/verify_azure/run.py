"""Runs checks side by side, and takes down whatever happens in a finding or in the removal of all that was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from azure.core.exceptions import AzureError

from tests.verify_azure.check import Check
from tests.verify_azure.cloud import Refused, Stopped
from tests.verify_azure.finding import ODD_ANSWERS, Finding, NotChecked
from tests.verify_azure.report import Result
from tests.verify_azure.room import remove, way_out
from tests.verify_azure.subject import Subject, World, first_line


def run(world: World, checks: Sequence[Check], say: Callable[[str], None]) -> tuple[list[Result], bool]:
    """Every check's result in the order given, and whether all that was made is gone.

    An interrupt (Ctrl-C) ends the checks, removes what was made, and is raised again.
    """
    results: dict[str, Result] = {}
    try:
        # A check waits most of its time: for a part, or for Azure. How many ask at once is the cloud's to bound.
        with ThreadPoolExecutor(max_workers=max(1, len(checks))) as pool:
            try:
                for done in as_completed([pool.submit(_ask, world, check) for check in checks]):
                    result = done.result()
                    results[result.id] = result
                    say(f"[{len(results)}/{len(checks)}] {result.finding.verdict:<12} {result.id}")
            except BaseException:
                world.cloud.stopping.set()
                pool.shutdown(cancel_futures=True)
                raise
    except KeyboardInterrupt:
        say("Interrupted: removing what was made. Press Ctrl-C again to leave it.")
        _remove_or_say(world, say)
        raise
    except BaseException:
        _remove_or_say(world, say)
        raise
    gone = _remove_or_say(world, say)
    return [results[check.id] for check in checks], gone


def _remove_or_say(world: World, say: Callable[[str], None]) -> bool:
    try:
        return remove(world, say)
    except KeyboardInterrupt:
        say("\n".join(["The removal was interrupted.", *way_out(world)]))
        raise


def _ask(world: World, check: Check) -> Result:
    subject = Subject(world)
    try:
        for name in check.parts:
            subject.part(name)
        finding = check.ask(subject)
    except NotChecked as error:
        finding = Finding(verdict="not checked", seen=str(error))
    except Stopped:
        finding = Finding(verdict="not checked", seen="the run was interrupted")
    except (Refused, AzureError) as error:
        finding = Finding(
            verdict="not checked", seen=f"a request on the way was refused: {first_line(error)}"
        )
    except ODD_ANSWERS as error:
        # An answer of a form that the check did not expect: what it was stands in the message, the run goes on.
        finding = Finding(
            verdict="not checked",
            seen=f"an answer had a form that the check cannot read: {type(error).__name__}: {error}",
        )
    return Result(id=check.id, finding=finding, versions=list(subject.versions))
