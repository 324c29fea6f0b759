"""What a review holds, and the findings that also become annotations at a file's line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from plumbline.assets import Problem
from plumbline.ops.review.code_change import CodeChanges, FileChange
from plumbline.ops.review.danger import Danger, FileDanger
from plumbline.ops.review.planned_change import PlannedChange
from plumbline.ops.review.preview import Preview
from plumbline.ops.review.reach import Reach
from plumbline.ops.review.trampled import DELETED, Trampled

Level = Literal["error", "warning", "notice"]


@dataclass(frozen=True, kw_only=True)
class Review:
    """Everything that one review says.

    Attributes:
        commit: The reviewed commit, with `+dirty` when files differ from it.
        code: (kind, name) of an asset with a new version -> its changed files.
        release_gaps: Pipeline -> what its graph lacks for a release.
    """

    stack: str
    commit: str
    preview: Preview
    changes: tuple[PlannedChange, ...]
    dangers: tuple[Danger, ...]
    trampled: tuple[Trampled, ...]
    reach: tuple[Reach, ...]
    problems: tuple[Problem, ...]
    code_base: CodeChanges = field(default_factory=lambda: CodeChanges(base="", files={}))
    code: dict[tuple[str, str], tuple[FileChange, ...]] = field(default_factory=dict)
    file_dangers: tuple[FileDanger, ...] = ()
    release_gaps: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def refused(self) -> bool:
        """Whether this change cannot be applied as it is."""
        return self.preview.refused or bool(self.errors)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to say at one place; `file` is empty when no file declares it."""

    level: Level
    text: str
    file: str = ""
    line: int = 0


def findings(review: Review) -> tuple[Finding, ...]:
    """What stands out, the worst first: problems, dangers, changes of others that would be undone."""
    found = [
        Finding(
            level="error" if problem.severity == "error" else "warning",
            text=str(problem),
            file=problem.file,
            line=problem.line,
        )
        for problem in review.problems
    ]
    if review.preview.refused and not review.errors:
        found += [Finding(level="error", text=message) for message in review.preview.messages]
    found += [
        Finding(level="warning", text=f"This {one.says}.", file=one.file.path, line=one.file.first_line)
        for one in review.file_dangers
    ]
    for danger in review.dangers:
        file, line = place_of(danger.change)
        found.append(
            Finding(
                level="warning" if danger.severity != "notable" else "notice",
                text=f"{danger.change.action} {danger.change.resource}: {danger.says}.",
                file=file,
                line=line,
            )
        )
    for one in review.trampled:
        file, line = place_of(one.change)
        found.append(Finding(level="warning", text=trampled_sentence(one), file=file, line=line))
    order = {"error": 0, "warning": 1, "notice": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.level]))


def place_of(change: PlannedChange) -> tuple[str, int]:
    """File and line of a change's declaration; a line of 0 stands for the file."""
    file, _, line = change.place.rpartition(":")
    return (file, int(line)) if file and line.isdigit() else (change.place, 0)


def trampled_sentence(one: Trampled) -> str:
    """`This would undo alice's change of Tuesday 24 November 2026, 17:55 UTC: ...`, for people."""
    from plumbline.azure.moment import moment

    when = moment(one.when)
    of = f" of {when:%A} {when.day} {when:%B %Y, %H:%M} UTC" if when else ""
    who = f"{one.who}'s change" if one.who else "a change that somebody made"
    # That a person made it, the name says already.
    who += f" ({one.by})" if one.by and one.by != "a person" else ""
    what = f"{one.change.resource}: {one.field}"
    if one.field == DELETED:
        return f"This would undo {who}{of}: {one.change.resource} was deleted and is created again."
    return f"This would undo {who}{of}: {what} is {one.live!r} now, was {one.before!r}, and becomes {one.after!r}."
