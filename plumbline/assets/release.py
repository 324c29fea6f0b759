"""``release.yml`` of a pipeline: who owns it, what it must reach, how it is watched and taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from plumbline.assets.contract import gate_contract
from plumbline.assets.definition import AssetDefinition, PipelineJob
from plumbline.assets.document import Document, FieldPath
from plumbline.assets.library import Library
from plumbline.assets.model import MODEL
from plumbline.assets.references import parse_reference
from plumbline.assets.release_flow import release_flow
from plumbline.assets.schema import check_fields, describe, suggestion, table
from plumbline.assets.yaml_kinds import kind_of_input

# Names as ARM's systemData writes them; an id could never be compared with what it says.
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_HOURS = re.compile(r"\d\d:\d\d-\d\d:\d\d")


def read_release(
    document: Document,
    library: Library,
    *,
    name: str,
    job: PipelineJob | None,
    assets: Sequence[AssetDefinition] = (),
) -> dict[str, Any] | None:
    """The file's fields, checked, also against the job; None, and problems there, when something is wrong.

    A ``thresholds`` that names a file is replaced by what that file says, and ``thresholds_source`` names it,
    relative to the project's root.

    Args:
        name: The pipeline's folder, which ``pipeline`` must repeat.
        job: The pipeline job that is released; None when it has problems of its own.
        assets: Assets of the folder: a gated model may not be among them.
    """
    data = document.data
    if document.problems:
        return None
    check_fields(document, data, (), table("release")["release"])
    if not isinstance(data, Mapping):
        return None
    if isinstance(data.get("pipeline"), str) and data["pipeline"] != name:
        document.report(("pipeline",), describe(data["pipeline"]), f'"{name}", the name of the folder')
    is_whole = not document.problems
    steps = list((job.fields.get("jobs") or {}) if job else ())
    _check_steps(document, data.get("expected_seconds"), steps)
    _check_approvers(document, data.get("approval"))
    _check_window(document, data.get("change_window"))
    if is_whole and job is not None:
        _check_job(document, job)
        _check_data(document, job, assets)
    _check_models(document, data.get("model"), assets)
    _check_images(document, assets)
    release = dict(data)
    thresholds = data.get("thresholds")
    if isinstance(thresholds, str):
        file = library.open(document.folder / thresholds)
        if file is None:
            document.report(
                ("thresholds",),
                f"no file at {describe(thresholds)}",
                "a file of thresholds",
                "Correct the path.",
            )
        elif not file.problems:
            check_fields(file, file.data, (), table("release")["thresholds_file"])
            rows = file.data.get("thresholds") if isinstance(file.data, Mapping) else None
            _check_thresholds(file, rows)
            release["thresholds"], release["thresholds_source"] = rows, file.source
    else:
        _check_thresholds(document, thresholds)
    return release


def approvers_in(data: Any) -> frozenset[str] | None:
    """Who alone may approve, in lower case; None when the terms list nobody, and anybody but the author may.

    Args:
        data: The fields of a ``release.yml``, checked or not.
    Raises: ValueError: no mapping, or no list of names stands there; nobody's approval may count then.
    """
    approval = (data.get("approval") or {}) if isinstance(data, Mapping) else None
    if isinstance(approval, Mapping) and "approvers" not in approval:
        return None
    said = approval["approvers"] if isinstance(approval, Mapping) else None
    groups: list[Any] = list(said.values()) if isinstance(said, Mapping) else [said]
    if not groups or not all(
        isinstance(names, list) and all(isinstance(name, str) and name.strip() for name in names)
        for names in groups
    ):
        message = f"approval.approvers: got {describe(said)}, expected a list of names"
        raise ValueError(message)
    return frozenset(name.strip().lower() for names in groups for name in names)


def _check_approvers(document: Document, approval: Any) -> None:
    """An empty list closes the release for good, and a display name never matches: two people may share one."""
    if not isinstance(approval, Mapping) or "approvers" not in approval:
        return
    path: FieldPath = ("approval", "approvers")
    said = approval["approvers"]
    groups = (
        {(*path, role): names for role, names in said.items()} if isinstance(said, Mapping) else {path: said}
    )
    for place, names in groups.items() or {path: None}.items():
        if not names:
            document.report(place, "nobody", "at least one name", "Name who may approve, or remove the key.")
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str) and not ("@" in name or _GUID.fullmatch(name.strip())):
                document.report(
                    (*place, index), describe(name), "a sign-in name (bob@example.com) or an object id",
                    "See both: az ad user show --id bob@example.com",
                )  # fmt: skip


def _check_job(document: Document, job: PipelineJob) -> None:
    """Names that the job does not have would let a release through unjudged, or never let one through."""
    contract = gate_contract(document.data)
    steps = job.fields.get("jobs") or {}
    for member, step in (
        ("gate", contract.gate), ("evaluation", contract.evaluation.step), ("verdict", contract.verdict.step),
    ):  # fmt: skip
        if step not in steps:
            document.report(
                (member, "step"),
                f'the unknown step "{step}"',
                f"one of {', '.join(steps)}",
                suggestion(step, steps),
            )
    if all(step in steps for step in (contract.gate, contract.evaluation.step, contract.verdict.step)):
        for fault in release_flow(job.fields, contract).faults:
            document.report(fault.member, f"{fault.got} ({fault.where} of {job.source})", fault.expected)


def _check_data(document: Document, job: PipelineJob, assets: Sequence[AssetDefinition]) -> None:
    """Data that nobody approved; the thresholds' own asset is what the release is judged by."""
    contract = gate_contract(document.data)
    approved = {row["asset"] for row in document.data.get("data_approvals") or ()}
    own = release_flow(job.fields, contract).thresholds
    if own is None:
        return  # said where the gate is checked
    for where, reference in _data_of(job.fields):
        address = parse_reference(reference)
        named = address.name if address else reference
        if reference == own or named in approved:
            continue
        file = next((one.source for one in assets if (one.kind, one.name) == ("data", named)), None)
        document.report(
            ("data_approvals",), f"no approval of {named} ({where} of {job.source})", "one for all that the job reads",
            f"Add who approved it{f'; it is defined in {file}' if file else ''}.",
        )  # fmt: skip


def _data_of(job: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where a job reads data, and which: its own inputs, and those that a step names itself."""
    places = {"inputs": job.get("inputs") or {}}
    places |= {
        f"jobs.{step}.inputs": node.get("inputs") or {} for step, node in (job.get("jobs") or {}).items()
    }
    for place, inputs in places.items():
        for name, value in inputs.items():
            path = value.get("path") if isinstance(value, Mapping) else None
            # A model is no data: what made it was judged.
            is_model = isinstance(value, Mapping) and kind_of_input(value.get("type")) is MODEL
            if isinstance(path, str) and not path.startswith("${{") and not is_model:
                yield f"{place}.{name}", path


def _check_models(document: Document, model: Any, assets: Sequence[AssetDefinition]) -> None:
    """A file of a gated model would be registered by `pulumi up`, past the gate."""
    name = model.get("name") if isinstance(model, Mapping) else None
    for definition in assets:
        if (definition.kind, definition.name) == ("model", name):
            document.report(
                ("model", "name"), f'"{name}", which {definition.source} defines', "a model that only a release registers",
                f"Remove {definition.source}, or give it another name.",
            )  # fmt: skip


def _check_images(document: Document, assets: Sequence[AssetDefinition]) -> None:
    """What is evaluated on one image and runs on another is not what was approved: a tag that moves is no version."""
    for definition in assets:
        image = definition.fields.get("image") if definition.kind == "environment" else None
        if not isinstance(image, str) or "@sha256:" in image:
            continue
        tag = image.rpartition("/")[2].partition(":")[2]
        if tag in {"", "latest"}:
            document.report(
                (), f"{describe(image)} in {definition.source}, whose content may change",
                "an image by digest, or by the tag of a version", "Name one there: a release runs what was evaluated.",
            )  # fmt: skip


def _check_steps(document: Document, expected: Any, steps: Sequence[str]) -> None:
    rows = expected.get("steps") if isinstance(expected, Mapping) else None
    for step in rows if isinstance(rows, Mapping) and steps else ():
        if step not in steps:
            document.report(
                ("expected_seconds", "steps", step), f'the unknown step "{step}"',
                f"one of {', '.join(steps)}", suggestion(step, steps),
            )  # fmt: skip


def _check_thresholds(document: Document, rows: Any) -> None:
    """A threshold without a limit never closes the gate."""
    path: FieldPath = ("thresholds",)
    if isinstance(rows, Mapping) and not rows:
        document.report(path, "no threshold", "at least one: a gate that cannot close is none", "Add one.")
    for metric, row in rows.items() if isinstance(rows, Mapping) else ():
        if isinstance(row, Mapping) and row.get("at_least") is None and row.get("at_most") is None:
            document.report((*path, metric), "no limit", "at_least or at_most", "Add the limit.")


def _check_window(document: Document, window: Any) -> None:
    """A window that never opens, or whose clock nobody knows, would stop every promotion or none."""
    if not isinstance(window, Mapping):
        return
    path: FieldPath = ("change_window",)
    if window.get("days") == []:
        document.report((*path, "days"), "no day", "at least one", "Add a day, or remove the window.")
    hours, zone, exclusions = (window.get(name) for name in ("hours", "time_zone", "exclusions"))
    if isinstance(hours, str) and _HOURS.fullmatch(hours) and hours[:5] >= hours[6:]:
        document.report(
            (*path, "hours"), describe(hours), "an end after the beginning", "Write the earlier hour first."
        )
    if isinstance(zone, str) and zone not in available_timezones():
        document.report(
            (*path, "time_zone"), describe(zone), "a time zone such as Europe/Berlin",
            suggestion(zone, available_timezones()),
        )  # fmt: skip
    for index, row in enumerate(exclusions if isinstance(exclusions, list) else ()):
        if isinstance(row, Mapping):
            _check_exclusion(document, row, (*path, "exclusions", index))


def _check_exclusion(document: Document, row: Mapping[str, Any], path: FieldPath) -> None:
    names = {name for name in ("from", "to", "last_days_of", "days") if name in row}
    if names not in ({"from", "to"}, {"last_days_of", "days"}):
        got, expected = ", ".join(sorted(names)) or "neither", "from and to, or last_days_of and days"
        document.report(path, got, expected, "Write one of the two.")
        return
    try:
        first, last = (date.fromisoformat(str(row.get(name, "2000-01-01"))) for name in ("from", "to"))
    except ValueError as error:
        document.report(path, str(error), "dates that exist", "Correct the date.")
        return
    if first > last:
        document.report(path, f"{first} to {last}", "an end after the beginning", "Swap the two.")
