"""What a release pins: every asset that its schedules' job reaches, each after what it refers to."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from plumbline.assets import AssetDefinition, MLPipeline, ScheduleDefinition, content_hash
from plumbline.assets.command_job import is_command_job
from plumbline.assets.lock import LockedSchedule, Pin, in_registry, steps_of
from plumbline.assets.lock.document import PINNED
from plumbline.ops.errors import UserError


def definitions_of(pipeline: MLPipeline) -> tuple[AssetDefinition, ...]:
    """The definitions that the schedules reach, in the order in which they are published.

    Raises: UserError: the pipeline has no schedule, one starts another job, or one reaches an asset that it does not define.
    """
    known = {(one.kind, one.name, one.version): one for one in pipeline.assets}
    wanted = [(ref.kind, ref.name, ref.version) for one in _schedules(pipeline) for ref in one.references]
    reached: set[tuple[str, str, str]] = set()
    while wanted:
        key = wanted.pop()
        definition = known.get(key)
        if definition is None or key in reached:
            continue
        reached.add(key)
        wanted += [(ref.kind, ref.name, ref.version) for ref in definition.references]
    found = tuple(one for one in pipeline.assets if (one.kind, one.name, one.version) in reached)
    if odd := [one.reference for one in found if one.kind not in PINNED]:
        raise UserError(
            f"{pipeline.folder}: got a schedule that reads {', '.join(odd)}, expected environments, components and "
            "data only: a release does not pin models. Read the model from a data asset."
        )
    return found


def pins_of(definitions: tuple[AssetDefinition, ...]) -> list[Pin]:
    """Definitions as a lock pins them."""
    return [
        Pin.model_validate(
            {
                "kind": one.kind,
                "name": one.name,
                "version": one.version,
                "content_hash": one.content_hash,
                "code_hash": one.code_hash,
                "reference_hashes": dict(one.reference_hashes),
                "spec": one.fields,
            }
        )
        for one in definitions
    ]


def locked_schedules(pipeline: MLPipeline, pins: list[Pin], registry: str) -> list[LockedSchedule]:
    """The pipeline's schedules over registry versions, the leading one first."""
    kinds = kinds_of(pins)
    found = []
    for one in _schedules(pipeline):
        spec: dict[str, Any] = in_registry(one.fields, registry, kinds)
        found.append(
            LockedSchedule(
                name=one.name,
                file=PurePosixPath(one.source).name,
                display_name=one.display_name,
                description=one.description,
                tags=dict(one.tags),
                content_hash=content_hash("schedule", spec),
                spec=spec,
            )
        )
    return found


def kinds_of(pins: list[Pin]) -> dict[tuple[str, str], str]:
    """(name, version) -> kind."""
    return {(pin.name, pin.version): pin.kind for pin in pins}


def _schedules(pipeline: MLPipeline) -> tuple[ScheduleDefinition, ...]:
    """All of them, each of the job that a run released: nothing vouches for another one."""
    if pipeline.schedule is None:
        raise UserError(
            f"{pipeline.folder}: got no schedule, expected one: it is what a stack runs of a release. Add schedule.yml."
        )
    for one in pipeline.schedules:
        if is_command_job(one.fields["create_job"]):
            raise UserError(
                f"{one.source}: got a schedule of a command job, expected one of a pipeline job: a registry holds no code "
                "that is no component's. Make what it runs a step of pipeline.yml, or keep it in a folder of its own."
            )
    released = steps_of(pipeline.schedule.fields)
    if others := [one for one in pipeline.schedules if steps_of(one.fields) != released]:
        names = ", ".join(f"{one.name} ({one.source})" for one in others)
        raise UserError(
            f"{pipeline.folder}: got schedules of another job than {pipeline.schedule.name} starts: {names}, expected the "
            "job whose run released it. Keep the others in a folder of their own."
        )
    return pipeline.schedules
