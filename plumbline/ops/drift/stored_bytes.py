"""`plumbline drift --deep`: the code and data that schedules pin, downloaded and hashed, held against what was registered.

Azure ML keeps code and uploaded data in the workspace's storage, where whoever may write blobs can overwrite them: the version
that names them stays the same, and every list and every field, too.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.assets import hash_data
from plumbline.assets.references import parse_reference
from plumbline.azure.live_version import CODE_HASH_PROPERTY
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.finding import Finding
from plumbline.ops.drift.inventory import LiveThing
from plumbline.ops.drift.stack_state import StackState
from plumbline.ops.errors import UserError
from plumbline.ops.release.live_code import LiveCode
from plumbline.ops.release.stored_files import StoredFiles

_SCHEDULE, _COMPONENT, _DATA = "PipelineSchedule", "Component", "DataAsset"
Pin = tuple[str, str]


def overwritten(
    session: AzureSession, things: Sequence[LiveThing], state: StackState, notes: list[str]
) -> list[Finding]:
    """A finding for each pinned version whose files are not those that were registered.

    Args:
        notes: Is told of what cannot be read or has no hash to hold it against.
    """
    by_pin: dict[Pin, list[LiveThing]] = {}
    for thing in things:
        if thing.noun in {_COMPONENT, _DATA} and thing.version is not None:
            by_pin.setdefault((thing.name, thing.version), []).append(thing)
    asked = [thing for pin in pinned(things, state) for thing in by_pin.get(pin, ())]
    code, files = LiveCode(session), StoredFiles(session)

    def judge(thing: LiveThing) -> str | None:
        return _code_problem(code, thing) if thing.noun == _COMPONENT else _data_problem(files, thing, state)

    found = []
    for thing, problem in zip(
        asked, session.side_by_side(lambda one: _tried(judge, one), asked), strict=True
    ):
        if isinstance(problem, UserError):
            notes.append(f"The files of {thing.name}:{thing.version} were not compared. {problem}")
        elif problem is not None:
            found.append(_finding(thing, problem, state))
    return found


def pinned(things: Sequence[LiveThing], state: StackState) -> list[Pin]:
    """(name, version) of everything that a live schedule runs, the steps of pipeline components among it.

    Azure answers no steps of a pipeline component: what the stack registered says them.
    """
    specs = {
        (str(row["inputs"].get("name")), str(row["inputs"].get("version"))): row["inputs"]["spec"]
        for row in state.resources.values()
        if isinstance((row.get("inputs") or {}).get("spec"), str) and (row["inputs"]).get("version")
    }
    found: dict[Pin, None] = {}
    waiting = [pin for thing in things if thing.noun == _SCHEDULE for pin in _pins_in(thing.body)]
    while waiting:
        pin = waiting.pop()
        if pin not in found:
            found[pin] = None
            if pin in specs:
                waiting += _pins_in(json.loads(specs[pin]))
    return sorted(found)


def _pins_in(value: Any) -> Iterator[Pin]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _pins_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pins_in(inner)
    elif isinstance(value, str):
        address = parse_reference(value)
        if address is not None and address.version and not address.registry:
            yield address.name, address.version


def _tried(judge: Any, thing: LiveThing) -> str | UserError | None:
    try:
        found: str | None = judge(thing)
    except UserError as error:
        return error
    return found


def _code_problem(code: LiveCode, thing: LiveThing) -> str | None:
    address = ((thing.body.get("properties") or {}).get("componentSpec") or {}).get("code")
    return code.find(str(address)).problem if address else None


def _data_problem(files: StoredFiles, thing: LiveThing, state: StackState) -> str | None:
    properties = thing.body.get("properties") or {}
    expected = (properties.get("properties") or {}).get(CODE_HASH_PROPERTY) or _kept_hash(thing, state)
    if not expected:
        return None  # it names files that somebody else keeps: nothing was registered of their bytes
    uri = str(properties.get("dataUri") or "")
    with tempfile.TemporaryDirectory(prefix="plumbline-data-") as folder:
        files.stored_in(uri, Path(folder))
        single = properties.get("dataType") == "uri_file"
        got = hash_data(next(Path(folder).iterdir()) if single else Path(folder)).hash
    if got == expected:
        return None
    return (
        f"data: got files with hash {got} at {uri}, expected {expected} as it was registered: changed since"
    )


def _kept_hash(thing: LiveThing, state: StackState) -> str | None:
    inputs = _row(thing, state).get("inputs") or {}
    return (
        str(inputs["codeHash"]) if inputs.get("version") == thing.version and inputs.get("codeHash") else None
    )


def _row(thing: LiveThing, state: StackState) -> Mapping[str, Any]:
    return next((row for row in state.resources.values() if str(row["id"]).lower() == thing.id.lower()), {})


def _finding(thing: LiveThing, problem: str, state: StackState) -> Finding:
    row = _row(thing, state)
    return Finding(
        change="overwritten",
        noun=thing.noun,
        resource=str(row["urn"]).rpartition("::")[2] if row else f"{thing.name}:{thing.version}",
        urn=str(row["urn"]) if row else None,
        type=str(row["type"]) if row else thing.type,
        resource_id=thing.id,
        field="code" if thing.noun == _COMPONENT else "path",
        desired="the files that were registered",
        last_known=None,
        live=problem,
        version=thing.version,
        stamp=thing.stamp,
    )
