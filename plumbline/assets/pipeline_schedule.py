"""Builds a schedule's definition: its trigger, checked, and the job it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cronsim import CronSim, CronSimError
from tzlocal.windows_tz import tz_win, win_tz

from plumbline.assets.canonical import canonical_text
from plumbline.assets.definition import ScheduleDefinition
from plumbline.assets.document import Document, FieldPath
from plumbline.assets.inline import clean_name
from plumbline.assets.inputs import resolve_inputs
from plumbline.assets.job import job_with
from plumbline.assets.pipeline_job import BuiltJob, check_computes
from plumbline.assets.scalars import literal_text
from plumbline.assets.schedule import normal_time, normal_trigger
from plumbline.assets.schema import describe, suggestion

if TYPE_CHECKING:
    from plumbline.assets.resolve import Resolver

_FIELDS = 5
_DAY, _MONTH = 2, 3
_FREQUENCIES = ("minute", "hour", "day", "week", "month")
_OVERRIDES = (
    "inputs", "outputs", "settings", "experiment_name", "display_name", "description", "tags", "compute", "identity",
)  # fmt: skip
JobAt = Callable[[Document], BuiltJob | None]


def build_schedule(document: Document, resolver: Resolver, job_at: JobAt) -> ScheduleDefinition | None:
    """The schedule in a document; None, and problems there, when something is wrong.

    Args:
        job_at: The built job of a pipeline job's document.
    """
    data = document.data
    if not isinstance(data, Mapping):
        return None
    trigger = data.get("trigger")
    if isinstance(trigger, Mapping):
        _check_trigger(document, trigger)
    found = _job(document, data.get("create_job"), resolver, job_at)
    if found is None or any(problem.severity == "error" for problem in document.problems):
        return None
    job, built = found
    assert isinstance(trigger, Mapping)
    return ScheduleDefinition(
        name=data["name"],
        spec=canonical_text({"trigger": normal_trigger(trigger), "create_job": job}),
        source=document.source,
        display_name=data.get("display_name"),
        description=data.get("description"),
        tags={name: literal_text(value) for name, value in (data.get("tags") or {}).items()},
        lines=document.dotted_lines(),
        references=built.links.references,
    )


def _job(
    document: Document, value: Any, resolver: Resolver, job_at: JobAt
) -> tuple[dict[str, Any], BuiltJob] | None:
    """The job that a schedule starts, and what it was made from; a path, an inline form, or a name of ours."""
    path: FieldPath = ("create_job",)
    text: Any = value
    if isinstance(value, Mapping):
        text, path = value.get("job"), ("create_job", "job")
    if not isinstance(text, str):
        return None
    target = _job_document(document, path, text, resolver)
    built = job_at(target) if target else None
    if built is None:
        return None
    if not isinstance(value, Mapping):
        return dict(built.job), built
    inputs = resolve_inputs(
        document, ("create_job", "inputs"), value.get("inputs"), resolver, built.links,
        prefix=clean_name(str(document.data.get("name"))),
    )  # fmt: skip
    for side in ("inputs", "outputs"):
        known = list(built.job.get(side, {}))
        given = value.get(side)
        for name in given if isinstance(given, Mapping) else ():
            if name not in known:
                document.report(
                    ("create_job", side, name), f'the unknown name "{name}"',
                    f"one of the job's {side}: {', '.join(known) or '(none)'}", suggestion(name, known),
                )  # fmt: skip
    check_computes(document, ("create_job",), value)
    if any(problem.severity == "error" for problem in document.problems):
        return None
    overrides = {name: value[name] for name in _OVERRIDES if name in value}
    return job_with(built.job, {**overrides, **({"inputs": inputs} if inputs else {})}), built


def _job_document(document: Document, path: FieldPath, text: str, resolver: Resolver) -> Document | None:
    home = resolver.library.home(document.path)
    if text.startswith("azureml:"):
        name = text.removeprefix("azureml:").partition(":")[0]
        jobs = resolver.library.of_kind(home, "pipeline_job") if home else []
        leading = next(
            (job for job in jobs if job.path.stem == "pipeline"), jobs[0] if len(jobs) == 1 else None
        )
        if home and name == home.name and leading:
            return leading
        document.report(
            path, describe(text), "the pipeline job of this folder, by path: a job that ran once cannot be pinned",
            'Write "create_job: ./pipeline.yml".',
        )  # fmt: skip
        return None
    target = resolver.library.open(document.folder / text.removeprefix("file:"))
    if target is None:
        document.report(
            path, f"no file at {describe(text)}", "the file of a pipeline job", "Correct the path."
        )
        return None
    if resolver.library.kind(target) != "pipeline_job":
        document.report(
            path, describe(text), "the file of a pipeline job (type: pipeline, with jobs)",
            "Make what it runs a step of one: an inline step with the same fields will do.",
        )  # fmt: skip
        return None
    return target


def _check_trigger(document: Document, trigger: Mapping[str, Any]) -> None:
    if isinstance(trigger.get("expression"), str):
        _check_cron(document, trigger["expression"])
    _check_zone(document, trigger.get("time_zone"))
    times = {name: _time(document, name, trigger.get(name)) for name in ("start_time", "end_time")}
    start, end = times["start_time"], times["end_time"]
    if start and end and end <= start:
        document.report(("trigger", "end_time"), describe(trigger["end_time"]), "a time after start_time")
    schedule, frequency = trigger.get("schedule"), str(trigger.get("frequency", "")).lower()
    if isinstance(schedule, Mapping):
        _check_pattern(document, schedule, frequency)


def _check_cron(document: Document, expression: str) -> None:
    path = ("trigger", "expression")
    fields = expression.split()
    if len(fields) != _FIELDS:
        document.report(path, describe(expression), "five fields: minute hour day month weekday")
        return
    for at, word in ((_DAY, "day"), (_MONTH, "month")):
        if fields[at] != "*":
            document.report(
                path, f"{describe(fields[at])} as {word}", '"*": Azure ignores the day and month of a cron expression',
                "Use weekdays, or a recurrence with month_days.",
            )  # fmt: skip
    try:
        CronSim(expression, datetime(2026, 1, 1))  # noqa: DTZ001 - any moment will do to parse it
    except CronSimError as error:
        document.report(path, describe(expression), "a cron expression", f"{error}.")


def _check_zone(document: Document, zone: Any) -> None:
    if not isinstance(zone, str) or zone in win_tz:
        return
    near = tz_win.get(zone)
    step = f'Azure\'s name for it is "{near}".' if near else suggestion(zone, win_tz)
    document.report(("trigger", "time_zone"), describe(zone), "the Windows name of a time zone", step)


def _time(document: Document, name: str, value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(normal_time(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or ":" not in value:
        document.report(
            ("trigger", name),
            describe(value),
            "YYYY-MM-DDTHH:MM:SS without a zone",
            "time_zone says the zone.",
        )
        return None
    return found


def _check_pattern(document: Document, schedule: Mapping[str, Any], frequency: str) -> None:
    limits = {"hours": 23, "minutes": 59, "month_days": 31}
    for name, limit in limits.items():
        value = schedule.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, int) and item > limit:
                document.report(("trigger", "schedule", name), str(item), f"at most {limit}")
    for name, needed in (("week_days", "week"), ("month_days", "month")):
        if schedule.get(name) is not None and frequency in _FREQUENCIES and frequency != needed:
            document.report(
                ("trigger", "schedule", name),
                f"{name} with frequency {frequency or 'nothing'}",
                f"frequency {needed}",
            )
