"""The review as one Markdown comment: the verdict first, then what matters most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from plumbline.ops.review.finding import Review, trampled_sentence
from plumbline.ops.review.markdown import Block, code, fenced, page, value, words
from plumbline.ops.review.masking import masked, masked_lines, masked_value
from plumbline.ops.review.planned_change import PlannedChange
from plumbline.ops.review.reach import ScheduleReach
from plumbline.ops.review.trampled import DELETED, Trampled

LIMIT = 59_000  # below 60 kB, and below the 65,536 characters that GitHub takes
_MOST_FIELDS = 40
_MOST_LINES = 60
_LONGEST_LINE = 1_000
_MOST_PROBLEMS = 40
_SIGN = {"critical": "🛑", "high": "⚠️", "notable": "👀"}
_REACH_HEAD = (
    "| Pipeline | Steps with a new version | Steps after those | Also | Next runs |\n|---|---|---|---|---|"
)
_PAST = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}


def marker(stack: str) -> str:
    """The first line of a stack's comment: a workflow finds its own by it."""
    return f"<!-- plumbline-review stack={stack} -->"


def comment(review: Review) -> str:
    """The whole comment, always shorter than 60 kB."""
    text = page(
        [replace(block, text=masked(block.text)) for block in _blocks(review)],
        limit=LIMIT,
        left_out="\n_Left out to stay below 60 kB: {what}. All of it: "
        f"`plumbline review --stack {review.stack} --output json`_",
    )
    return text.rstrip() + "\n"


def verdict(review: Review) -> str:
    """One sentence: what this would do, and whether to look twice."""
    if review.errors:
        return f"Refused: {_count(len(review.errors), 'problem')} in the definitions."
    if review.preview.refused:
        return "Refused: the preview failed."
    if not review.changes and review.file_dangers:
        return f"No change of this stack; but look first: {_count(len(review.file_dangers), 'file')} of the rules around it."
    if not review.changes:
        return "No change: this stack already is what the code says."
    total = _count(len(review.changes), "change")
    serious = sum(danger.severity != "notable" for danger in review.dangers)
    if serious:
        plural = "is" if serious == 1 else "are"
        head = f"Look first: {serious} of {total} {plural} dangerous."
    else:
        head = f"{total[0].upper()}{total[1:]}, none dangerous."
    if review.file_dangers:
        head += f" {_count(len(review.file_dangers), 'file')} of the rules around it changed, too."
    if review.trampled:
        head += f" {_count(len(review.trampled), 'field')} that others changed would be put back."
    return head


def _blocks(review: Review) -> Iterator[Block]:
    yield Block(text=marker(review.stack))
    yield Block(
        text=f"## Plumbline review: stack {code(review.stack)}\n\n**{verdict(review)}**\n{_counts(review)}"
    )
    if review.refused:
        yield from _refusal(review)
    if review.dangers or review.file_dangers:
        yield Block(text="\n### Look here first\n")
        yield from _dangers(review)
    if review.trampled:
        yield Block(text="\n### Changes of others that this would undo\n")
        yield from _trampled(review)
    if review.reach:
        yield Block(text="\n### What this reaches\n\n" + _REACH_HEAD)
        yield from _reach(review)
    if review.changes:
        yield Block(text="\n### Changes\n")
        yield from _changes(review)
    yield from _findings(review)
    yield from _graphs(review)
    yield Block(
        text=f"\n<sub>Commit {code(review.commit[:12])}{_compared(review)}. No step was run, nothing was changed.</sub>"
    )


def _counts(review: Review) -> str:
    actions = Counter(change.action for change in review.changes)
    parts = [f"{count} {_PAST[action]}" for action, count in sorted(actions.items())]
    versions = sum(change.has_new_version for change in review.changes)
    if versions:
        parts.append(_count(versions, "new version"))
    return f"{', '.join(parts)}.\n" if parts else ""


def _refusal(review: Review) -> Iterator[Block]:
    yield Block(text="### Why it is refused\n")
    lines = [str(problem) for problem in review.errors] or [
        line for message in review.preview.messages for line in message.splitlines() if line.strip()
    ]
    for at, line in enumerate(lines):
        yield Block(text=f"- {words(line)}", rank=0 if at < 20 else 2, noun=("problem", "problems"))


def _dangers(review: Review) -> Iterator[Block]:
    for at, danger in enumerate(review.dangers):
        field = danger.field
        moved = (
            f" ({code(field.path)}: {_moved(field.path, field.old, field.new)})" if field is not None else ""
        )
        text = f"{at + 1}. {_SIGN[danger.severity]} **{danger.change.action}** {_named(danger.change)} {danger.says}{moved}"
        yield Block(text=text, rank=0 if at < 20 else 2, noun=("danger", "dangers"))

    for one in review.file_dangers:
        size = f"(+{one.file.added} -{one.file.removed})"
        text = f"- {_SIGN[one.severity]} {code(f'{one.file.path}:{one.file.first_line}')} {size} {one.says}"
        yield Block(text=text, rank=2, noun=("danger", "dangers"))


def _trampled(review: Review) -> Iterator[Block]:
    for at, one in enumerate(review.trampled):
        sentence = words(trampled_sentence(_hidden(one)))
        why = f" Who is not known: {words(one.unknown_because)}." if one.unknown_because else ""
        keep = "" if one.field == DELETED else " To keep it, write the live value into the code."
        place = f" ({code(one.change.place)})" if one.change.place else ""
        yield Block(
            text=f"- {sentence}{place}{why}{keep}",
            rank=0 if at < 20 else 2,
            noun=("undone change", "undone changes"),
        )


def _hidden(one: Trampled) -> Trampled:
    return replace(
        one,
        before=masked_value(one.field, one.before),
        live=masked_value(one.field, one.live),
        after=masked_value(one.field, one.after),
    )


def _reach(review: Review) -> Iterator[Block]:
    for at, reach in enumerate(review.reach):
        cells = [
            code(reach.pipeline),
            ", ".join(map(code, reach.steps)) or "none",
            ", ".join(map(code, reach.later)) or "none",
            ", ".join(map(words, reach.because)),
            "<br>".join(map(_runs, reach.schedules)) or "no schedule",
        ]
        yield Block(text=f"| {' | '.join(cells)} |", rank=0 if at < 20 else 2, noun=("pipeline", "pipelines"))


def _runs(schedule: ScheduleReach) -> str:
    if schedule.paused:
        return f"{code(schedule.name)}: paused"
    times = ", ".join(f"{moment:%a} {moment.isoformat(' ', 'minutes')}" for moment in schedule.fires)
    return f"{code(schedule.name)}: {times or 'never again'} ({words(schedule.zone)})"


def _changes(review: Review) -> Iterator[Block]:
    worst = {danger.change.urn: at for at, danger in enumerate(review.dangers)}
    shown = 0
    order = {"delete": 0, "replace": 1, "update": 2, "create": 3}
    ordered = sorted(
        review.changes, key=lambda change: (worst.get(change.urn, len(worst)), order[change.action])
    )
    for at, change in enumerate(ordered):
        old, new = change.versions
        version = f": version {code(old)} becomes {code(new)}" if change.has_new_version and old else ""
        yield Block(
            text=f"- **{change.action}** {_named(change)}{version}",
            rank=1 if at < 100 else 3,
            noun=("change", "changes"),
        )
        said = {"version"} if version else set()
        # Two digests say less than the lines below them.
        said |= {"code"} if change.asset and review.code.get(change.asset) else set()
        fields = [field for field in change.fields if field.path not in said]
        if fields:
            lines = [
                f"  - {code(field.path)}: {_moved(field.path, field.old, field.new)}"
                for field in fields[:_MOST_FIELDS]
            ]
            if len(fields) > _MOST_FIELDS:
                lines.append(f"  - and {len(fields) - _MOST_FIELDS} more fields")
            yield Block(text="\n".join(lines), rank=4, noun=("list of fields", "lists of fields"))
        if change.asset in review.code and change.has_new_version:
            # What cannot fit is not written at all; it goes first, and is counted as left out.
            fits = shown < LIMIT
            text = _code(review, change) if fits else ""
            shown += len(text)
            yield Block(text=text, rank=5 if fits else 7, noun=("diff of code", "diffs of code"))


def _code(review: Review, change: PlannedChange) -> str:
    assert change.asset is not None
    files = review.code[change.asset]
    if not files:
        return f"  - code: no file of it changed since {code(review.code_base.base[:12])}; this stack holds an older version"
    lines: list[str] = []
    for file in files:
        # A few more than are shown: a key that begins on the last of them is still recognised.
        near = [_shortened(line) for line in file.lines[: 2 * _MOST_LINES]]
        hidden = ["..."] if len(file.lines) > len(near) else []
        lines += [f"--- {file.path} (+{file.added} -{file.removed})", *masked_lines(near), *hidden]
    if len(lines) > _MOST_LINES:
        rest = f"... more lines: git diff {review.code_base.base[:12]} -- {' '.join(file.path for file in files)}"
        lines = [*lines[:_MOST_LINES], rest]
    names = ", ".join(
        f"{code(f'{file.path}:{file.first_line}')} (+{file.added} -{file.removed})" for file in files[:8]
    )
    more = f" and {len(files) - 8} more" if len(files) > 8 else ""
    return f"  - code: {names}{more}\n\n<details><summary>Lines</summary>\n\n{fenced(lines, 'diff')}\n\n</details>\n"


def _shortened(line: str) -> str:
    more = len(line) - _LONGEST_LINE
    return line if more <= 0 else f"{line[:_LONGEST_LINE]} ... {more} more characters"


def _findings(review: Review) -> Iterator[Block]:
    warnings = [problem for problem in review.problems if problem.severity != "error"]
    lines = [f"- {words(str(problem))}" for problem in warnings]
    if not review.preview.refused:
        lines += [f"- {words(message)}" for message in review.preview.messages]
    lines += [
        f"- {code(pipeline)} cannot be released as it is: {words(gap)}"
        for pipeline, gaps in review.release_gaps.items()
        for gap in gaps
    ]
    if lines:
        yield Block(text="\n### Findings\n")
    for at, line in enumerate(lines):
        yield Block(text=line, rank=1 if at < _MOST_PROBLEMS else 3, noun=("finding", "findings"))


def _graphs(review: Review) -> Iterator[Block]:
    for reach in review.reach:
        if not reach.graph.nodes:
            continue
        lines = reach.graph.mermaid().splitlines()
        lines += [f"  style {step} fill:#f9d67a" for step in reach.steps]
        lines += [f"  style {step} stroke-dasharray:4" for step in reach.later]
        yield Block(
            text=f"\n### {words(reach.pipeline)}\n\nFilled steps get a new version, dashed ones run after them.\n\n{fenced(lines, 'mermaid')}",
            rank=6,
            noun=("graph", "graphs"),
        )


def _named(change: PlannedChange) -> str:
    place = f" at {code(change.place)}" if change.place else ""
    name = change.asset[1] if change.asset else change.resource
    return f"{code(name)} ({change.noun}{place})"


def _moved(path: str, old: object, new: object) -> str:
    return f"{value(masked_value(path, old))} → {value(masked_value(path, new))}"


def _compared(review: Review) -> str:
    if review.code_base.base:
        return f", compared with {code(review.code_base.base[:12])}"
    return f"; code was not compared: {words(review.code_base.missing)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
