"""Resources of our own kinds, read and compared in this process by the very functions that the provider answers the engine with.

A step here is what `pulumi refresh --preview-only --json` says of a resource: what the provider reads, and what it answers when
it is asked how to get from there to what the state asks for.
Source: pulumi/pulumi `deploy.RefreshStep.Apply`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from plumbline.azure.reader import Reader
from plumbline.fence import LiveCloud
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.provider.cloud import Cloud
from plumbline.provider.codec import carried
from plumbline.provider.engine_log import EngineLog
from plumbline.provider.errors import Refusal
from plumbline.provider.registry import Registry
from plumbline.provider.settings import Settings
from plumbline.provider.urn import parse_urn


def own_steps(session: AzureSession, stack: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A refresh's step for every row, in their order.

    Args:
        rows: Of `own_resources.divided`.
    Raises: UserError: one cannot be read.
    """
    if not rows:
        return []

    async def steps(reader: Reader) -> list[dict[str, Any]]:
        registry = Registry(engine_log=EngineLog(), cloud=_cloud(session, reader))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_step(registry, row)) for row in rows]
        except ExceptionGroup as failures:
            strange = [one for one in failures.exceptions if not isinstance(one, Refusal)]
            if strange:
                raise strange[0] from failures
            lines = "\n".join(dict.fromkeys(str(one) for one in failures.exceptions))
            raise UserError(
                f"stack {stack}: refresh: got a failure, expected every resource to be readable.\n{lines}"
            ) from failures
        return [task.result() for task in tasks]

    return session.read_with(steps)


def _cloud(session: AzureSession, reader: Reader) -> Cloud:
    """The session's own cloud, which it entered through the fence, in the provider's words."""
    target, pins = session.target, session.target.pins
    assert pins is not None
    settings = Settings(
        stack=pins.stack,
        cloud=pins.cloud,
        tenant_id=pins.tenant_id,
        subscription_id=pins.subscription_id,
        values={},
    )
    return Cloud(settings, LiveCloud(name=pins.cloud, resource_manager=target.endpoint), reader)


async def _step(registry: Registry, row: Mapping[str, Any]) -> dict[str, Any]:
    urn = parse_urn(row["urn"])
    inputs, outputs = carried(row.get("inputs") or {}), carried(row.get("outputs") or {})
    found = await registry.read(urn, row["id"], inputs, outputs)
    if found is None:
        return {"op": "delete", "urn": row["urn"], "oldState": row}
    seen, shown = carried(found.inputs), carried(found.outputs)
    changes = registry.diff(urn, seen, inputs, shown)
    return {
        "op": "update" if changes else "refresh",
        "urn": row["urn"],
        "oldState": row,
        "newState": {**row, "inputs": seen.entries, "outputs": shown.entries},
        "detailedDiff": {change.path: {"inputDiff": True} for change in changes},
    }
