"""How far a change reaches: pipelines and their steps, schedules and when these run next. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plumbline.assets import Graph, MLPipeline, PipelineJob, ScheduleDefinition
from plumbline.assets.command_job import is_command_job
from plumbline.assets.fire_times import next_fire_times
from plumbline.kinds import SCHEDULE
from plumbline.ops.review.planned_change import PlannedChange


@dataclass(frozen=True, kw_only=True)
class ScheduleReach:
    """One schedule that starts what changes.

    Attributes:
        paused: Whether it does not fire.
        zone: Windows name of its time zone.
        fires: The next times, in that zone.
    """

    name: str
    paused: bool
    zone: str
    fires: tuple[datetime, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reach:
    """One pipeline job that planned changes reach.

    Attributes:
        pipeline: The pipeline's name; with its job's file when the pipeline has several jobs.
        graph: The job's steps.
        steps: Steps whose component gets another version.
        later: Steps that read what those write.
        because: The other changes that reach it: data, environments, clusters, schedules.
    """

    pipeline: str
    graph: Graph
    steps: tuple[str, ...]
    later: tuple[str, ...]
    because: tuple[str, ...]
    schedules: tuple[ScheduleReach, ...] = ()


def reached(
    pipelines: Iterable[MLPipeline],
    changes: Sequence[PlannedChange],
    steps: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
) -> tuple[Reach, ...]:
    """The pipeline jobs that a preview's changes reach, in the order of their names.

    Args:
        steps: The preview's: a schedule that does not change is read from the state that they show.
    """
    moved = {change.asset for change in changes if change.has_new_version}
    clusters = {
        str((change.desired or change.live or {}).get("computeName"))
        for change in changes
        if change.type.endswith(":Compute")
    }
    planned = _schedules(steps, changes)
    changed = {
        str((change.desired or change.live or {}).get("name")) for change in changes if change.is_schedule
    }
    found = []
    for pipeline in pipelines:
        for job in pipeline.jobs:
            names = [
                schedule.name
                for schedule in pipeline.schedules
                if _starts(schedule, job, alone=len(pipeline.jobs) == 1)
            ]
            direct = tuple(
                node.name
                for node in job.graph.nodes
                if ("component", node.component.removeprefix("azureml:").partition(":")[0]) in moved
            )
            later = {step for name in direct for step in job.graph.after(name)} - set(direct)
            because = [
                f"{reference.kind} {reference.name}"
                for reference in job.references
                if reference.kind != "component" and (reference.kind, reference.name) in moved
            ]
            because += [f"cluster {name}" for name in sorted(clusters & _computes(job.fields))]
            because += [f"schedule {name}" for name in names if name in changed]
            if direct or because:
                found.append(
                    Reach(
                        pipeline=pipeline.name
                        if len(pipeline.jobs) == 1
                        else f"{pipeline.name} ({job.source})",
                        graph=job.graph,
                        steps=direct,
                        later=tuple(step for step in job.graph.names if step in later),
                        because=tuple(because),
                        schedules=tuple(
                            _schedule(
                                schedule.name, planned.get(schedule.name) or {"spec": schedule.spec}, now
                            )
                            for schedule in pipeline.schedules
                            if schedule.name in names
                        ),
                    )
                )
    return tuple(sorted(found, key=lambda reach: reach.pipeline))


def _starts(schedule: ScheduleDefinition, job: PipelineJob, *, alone: bool) -> bool:
    """Whether a schedule starts a job of its folder; one of a command job starts none of them."""
    started = schedule.fields["create_job"]
    return not is_command_job(started) and (alone or started.get("jobs") == job.fields.get("jobs"))


def _schedule(name: str, inputs: Mapping[str, Any], now: datetime) -> ScheduleReach:
    trigger = json.loads(str(inputs["spec"]))["trigger"]
    paused = inputs.get("enabled") is False
    return ScheduleReach(
        name=name,
        paused=paused,
        zone=str(trigger["time_zone"]),
        fires=() if paused else next_fire_times(trigger, now),
    )


def _schedules(
    steps: Sequence[Mapping[str, Any]], changes: Sequence[PlannedChange]
) -> dict[str, Mapping[str, Any]]:
    """Inputs of every schedule as the update will leave them, by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        old = step.get("oldState") or {}
        if step["op"] == "refresh" and old.get("type") == SCHEDULE.token:
            found[str(old["inputs"].get("name"))] = old["inputs"]
    for change in changes:
        if change.is_schedule and change.desired is not None:
            found[str(change.desired.get("name"))] = change.desired
    return found


def _computes(job: Mapping[str, Any]) -> set[str]:
    named = [(job.get("settings") or {}).get("default_compute"), job.get("compute")]
    named += [node.get("compute") for node in (job.get("jobs") or {}).values()]
    return {str(name).removeprefix("azureml:").rpartition("/")[2] for name in named if name}
