"""What differs from the state, as `plumbline drift` and `codify` compare it: `python tests/live_plan.py STACK [--engine]`.

In a stack's shell; it prints the plan and its findings. With `--engine` the findings are held against what the engine's own
refresh says of everything: the two must never disagree.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from plumbline.fence import CloudPins, live_cloud
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.engine_call import exported_state, refresh_plan
from plumbline.ops.drift.live_plan import live_plan
from plumbline.ops.drift.refresh_plan import findings
from plumbline.ops.errors import UserError
from plumbline.ops.target import Target


def main(stack: str, *rest: str) -> int:
    live = live_cloud(os.environ)
    pins = CloudPins(
        stack=stack,
        cloud=live.name,
        tenant_id=str(live.tenant_id),
        subscription_id=str(live.subscription_id),
    )
    target = Target(
        stack=stack,
        endpoint=live.resource_manager,
        is_emulated=True,
        subscription_id=pins.subscription_id,
        resource_group_name="",
        workspace_name="",
        pins=pins,
    )
    try:
        plan = live_plan(AzureSession(target), stack, exported_state(stack), project=Path.cwd(), whole=True)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    here = _found(plan)
    if "--engine" in rest:
        whole = _found(refresh_plan(stack))
        assert here == whole, f"here {here}\nthe engine {whole}"
    print(json.dumps({"steps": plan["steps"], "findings": here}))
    return 0


def _found(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted((asdict(one) for one in findings(plan)), key=lambda row: (row["urn"], row["field"]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
