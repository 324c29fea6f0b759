"""Ask the registry whether it holds what a lock pins, before the program declares anything of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi


def check_pins(
    *,
    registry_name: str,
    pins: Iterable[Mapping[str, Any]],
    code_downloaded: bool,
) -> tuple[str, ...]:
    """Hold every pin against the registry's version of it, hashed again, in preview and in up.

    Args:
        pins: kind, name, version, content_hash, code_hash, reference_hashes, spec of each.
        code_downloaded: Download the code behind components and hash it too.
    Returns: what does not hold, a line each.
    Source: the provider's function plumbline:azureml:checkPins.
    """
    answer = pulumi.runtime.invoke(
        "plumbline:azureml:checkPins",
        {
            "registryName": registry_name,
            # As text: what a spec holds is nobody's input, whatever its keys are called.
            "pins": json.dumps([dict(pin) for pin in pins], sort_keys=True),
            "codeDownloaded": code_downloaded,
        },
    ).value
    return tuple(str(problem) for problem in (answer or {}).get("problems") or ())
