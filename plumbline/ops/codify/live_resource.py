"""Resources whose live form differs from the state's, as a refresh plan shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "plumbline:azureml:"


@dataclass(frozen=True, kw_only=True)
class LiveResource:
    """What is live of one resource.

    Attributes:
        resource: Its logical name in the stack.
        type: Its Pulumi type token.
        source: The YAML file that defines it, relative to the project's root; empty when no file does.
        inputs: The inputs as they would have to be to give what is live; None when it is gone.
        desired: The inputs that the state holds.
    """

    resource: str
    type: str
    source: str
    inputs: Mapping[str, Any] | None
    desired: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The asset's or schedule's name."""
        return str(self.desired.get("name", self.resource))


def live_resources(plan: Mapping[str, Any], also: Collection[str] = ()) -> list[LiveResource]:
    """Every changed resource of a `live_plan`, in its order.

    Args:
        also: Logical names that are taken though the state is as what is live: a refresh has brought the change there.
    """
    found = []
    for step in plan.get("steps", ()):
        old, new = step.get("oldState") or {}, step.get("newState") or {}
        resource = str(step["urn"]).rpartition("::")[2]
        if not old.get("custom") or (step.get("op") not in {"update", "delete"} and resource not in also):
            continue
        desired = old.get("inputs") or {}
        found.append(
            LiveResource(
                resource=resource,
                type=str(old.get("type", "")),
                source=str(desired.get("source") or ""),
                inputs=None if step["op"] == "delete" else (new or old).get("inputs") or {},
                desired=desired,
            )
        )
    return found
