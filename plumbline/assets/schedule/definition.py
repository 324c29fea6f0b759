"""From a schedule's YAML to its definition: its trigger, checked, and the job it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cronsim import CronSim, CronSimError
from tzlocal.windows_tz import tz_win, win_tz

from plumbline.assets.canonical import canonical_text
from plumbline.assets.command_job import BuiltCommandJob, command_job_with, is_command_job
from plumbline.assets.definition import ScheduleDefinition
from plumbline.assets.document import Document, FieldPath
from plumbline.assets.inline import clean_name
from plumbline.assets.inputs import resolve_inputs
from plumbline.assets.job import job_with
from plumbline.assets.pipeline_job import BuiltJob, check_computes
from plumbline.assets.scalars import literal_text
from plumbline.assets.schedule.normal_form import normal_time, normal_trigger
from plumbline.assets.schema import describe, suggestion

if TYPE_CHECKING:
    from plumbline.assets.resolve import Resolver

_FIELDS = 5
_DAY, _MONTH = 2, 3
_FREQUENCIES = ("minute", "hour", "day", "week", "month")
_OVERRIDES = (
    "inputs", "outputs", "settings", "experiment_name", "display_name", "description", "tags", "compute", "identity",
)  # fmt: skip
_OF_PIPELINES = ("settings",)
_OF_COMMANDS = ("environment_variables", "resources", "distribution", "limits")


@dataclass(frozen=True, kw_only=True)
class JobsAt:
    """The built job of a document, by the kind of job that it holds."""

    pipeline: Callable[[Document], BuiltJob | None]
    command: Callable[[Document], BuiltCommandJob | None]


def build_schedule(document: Document, resolver: Resolver, jobs_at: JobsAt) -> ScheduleDefinition | None:
    """The schedule in a document; None, and problems there, when something is wrong.

    Args:
        jobs_at: The built job of a document.
    """
    data = document.data
    if not isinstance(data, Mapping):
        return None
    trigger = data.get("trigger")
    if isinstance(trigger, Mapping):
        _check_trigger(document, trigger)
    found = _job(document, data.get("create_job"), resolver, jobs_at)
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
        code_path=built.code_path if isinstance(built, BuiltCommandJob) else None,
        references=built.links.references,
    )


def _job(
    document: Document, value: Any, resolver: Resolver, jobs_at: JobsAt
) -> tuple[dict[str, Any], BuiltJob | BuiltCommandJob] | None:
    """The job that a schedule starts, and what it was made from; a path, an inline form, or a name of ours."""
    path: FieldPath = ("create_job",)
    text: Any = value
    if isinstance(value, Mapping):
        text, path = value.get("job"), ("create_job", "job")
    if not isinstance(text, str):
        return None
    target = _job_document(document, path, text, resolver)
    built = _built(target, resolver, jobs_at) if target else None
    if built is None:
        return None
    if isinstance(built, BuiltCommandJob):
        _refuse_beside_release(document, path, resolver)
    if not isinstance(value, Mapping):
        return dict(built.job), built
    _check_kind(document, value, built.job)
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
    overrides = {name: value[name] for name in (*_OVERRIDES, *_OF_COMMANDS) if name in value}
    laid_over = command_job_with if isinstance(built, BuiltCommandJob) else job_with
    return laid_over(built.job, {**overrides, **({"inputs": inputs} if inputs else {})}), built


def _built(target: Document, resolver: Resolver, jobs_at: JobsAt) -> BuiltJob | BuiltCommandJob | None:
    is_command = resolver.library.kind(target) == "command_job"
    return jobs_at.command(target) if is_command else jobs_at.pipeline(target)


def _refuse_beside_release(document: Document, path: FieldPath, resolver: Resolver) -> None:
    """A release is judged by a step of its pipeline: a command job has none."""
    home = resolver.library.home(document.path)
    if home is not None and resolver.library.of_kind(home, "release"):
        document.report(
            path, "a command job in the folder of a release", "a pipeline job: the gate of a release is one of its steps",
            "Move the schedule and its job to a folder of their own.",
        )  # fmt: skip


def _check_kind(document: Document, value: Mapping[str, Any], job: Mapping[str, Any]) -> None:
    """Refuse a type, and fields, of another kind of job than the file holds."""
    kind = "command" if is_command_job(job) else "pipeline"
    if isinstance(value.get("type"), str) and value["type"].lower() != kind:
        document.report(
            ("create_job", "type"), describe(value["type"]), f'"{kind}", which the job\'s file holds'
        )
    for name in _OF_PIPELINES if kind == "command" else _OF_COMMANDS:
        if name in value:
            document.report(
                ("create_job", name), describe(value[name]), f"it left out: a {kind} job has none",
                "Write it at the step." if kind == "pipeline" else "",
            )  # fmt: skip


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
        document.report(path, f"no file at {describe(text)}", "the file of a job", "Correct the path.")
        return None
    if resolver.library.kind(target) not in ("pipeline_job", "command_job"):
        document.report(
            path, describe(text), "the file of a pipeline job (type: pipeline, with jobs) or of a command job",
            "Make what it runs a step of a pipeline job: an inline step with the same fields will do.",
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
