"""`plumbline drift`: what changed in the cloud behind the code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from plumbline.azure.moment import moment
from plumbline.ops.drift_finding import LOST, Finding, findings
from plumbline.ops.errors import FOUND, UserError
from plumbline.ops.output import output_options, print_answer
from plumbline.ops.stack_file import project_root

COLUMNS = {
    "Resource": "resource",
    "Field": "field",
    "Desired": "desired",
    "Live": "live",
    "Who": "who",
    "When": "when",
    "Note": "note",
}


@click.command("drift")
@click.option("--stack", "-s", required=True, help="The stack whose resources are compared.")
@output_options
def command(stack: str, output: str, query: str | None) -> None:
    """Name every field that differs from what the last update left: desired, live, who, when.

    Reads only: nothing is changed, in the cloud or in the state. Exit code 3 when something drifted.

    \b
    Example: plumbline drift --stack local --output json
    """
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.target import enter_target

    target = enter_target(stack)
    plan = refresh_plan(stack)
    found = findings(plan)
    answer: dict[str, Any] = {"schemaVersion": 1, "stack": stack, "findings": []}
    if found:
        session = AzureSession(target)
        answer["findings"] = _with_last_change(session, found, stack)
    print_answer(
        answer if output == "json" or query else answer["findings"],
        output=output,
        query=query,
        columns=COLUMNS,
        empty=f"No drift: stack {stack} matches its last update.",
    )
    if found:
        if output == "table":
            click.echo(f"\n{_count(found)}. To put back what the code says: pulumi up -s {stack}", err=True)
        raise SystemExit(FOUND)


def refresh_plan(stack: str) -> dict[str, Any]:
    """What a refresh of a stack would take into its state, as the engine plans it.

    Raises: UserError: no engine, or a resource that cannot be read.
    """
    try:
        answer = subprocess.run(
            ["pulumi", "refresh", "--preview-only", "--json", "--non-interactive", "--stack", stack],
            cwd=project_root(),
            check=False,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise UserError(
            "pulumi: got none on PATH, expected the engine. Install Pulumi, or bring ours: make up"
        ) from error
    if answer.returncode != 0:
        raise UserError(
            f"stack {stack}: refresh: got a failure, expected every resource to be readable.\n{_reason(answer)}"
        )
    plan: dict[str, Any] = json.loads(answer.stdout)
    return plan


def own_writes(state: Mapping[str, Any]) -> dict[str, datetime]:
    """URN -> when the stack itself wrote the resource last, of an exported state."""
    rows = (state.get("deployment") or {}).get("resources") or ()
    found = {str(row["urn"]): moment(row.get("modified") or row.get("created")) for row in rows}
    return {urn: when for urn, when in found.items() if when is not None}


def _state(stack: str) -> dict[str, Any]:
    answer = subprocess.run(
        ["pulumi", "stack", "export", "--stack", stack],
        cwd=project_root(),
        check=False,
        capture_output=True,
        text=True,
    )
    if answer.returncode != 0:
        raise UserError(f"stack {stack}: export: got {answer.stderr.strip()}, expected its state.")
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def _reason(answer: subprocess.CompletedProcess[str]) -> str:
    """What the engine said, without the plan that it may have printed around it."""
    messages = []
    try:
        document = json.loads(answer.stdout)
        messages = [entry.get("message", "").strip() for entry in document.get("diagnostics", ())]
    except ValueError:
        messages = answer.stdout.splitlines()
    return "\n".join(line for line in [*messages, answer.stderr.strip()] if line)


def _with_last_change(session: Any, found: list[Finding], stack: str) -> list[dict[str, Any]]:
    from plumbline.ops.last_change import NOT_KEPT, last_change

    written = own_writes(_state(stack))
    resources = list({finding.id: finding for finding in found}.values())
    made = session.side_by_side(
        lambda finding: last_change(
            session,
            resource_type=finding.type,
            resource_id=finding.id,
            version=finding.version,
            deleted=finding.is_deleted,
            own_write=written.get(finding.urn),
        ),
        resources,
    )
    by_id = {finding.id: change for finding, change in zip(resources, made, strict=True)}
    return [
        {
            "resource": finding.resource,
            "type": finding.type,
            "id": finding.id,
            "field": finding.field,
            "desired": finding.desired,
            "live": finding.live,
            "who": change.who or "unknown",
            "when": change.when or "unknown",
            "source": change.source,
            "unknownBecause": change.unknown_because,
            "note": change.note or change.unknown_because,
            "repair": f"pulumi up -s {stack} --target '{finding.urn}'",
        }
        for finding in found
        for change in [NOT_KEPT if finding.live == LOST else by_id[finding.id]]
    ]


def _count(found: list[Finding]) -> str:
    resources = len({finding.id for finding in found})
    fields = f"{len(found)} field{'s' if len(found) != 1 else ''}"
    return f"{fields} of {resources} resource{'s' if resources != 1 else ''} drifted"
