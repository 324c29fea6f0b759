"""`plumbline adopt`: an existing workspace as a project: YAML, code, pins, program and import file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from plumbline.ops.errors import UserError
from plumbline.ops.output import output_options, print_answer

SCHEMA = "plumbline.adopt/1"
IMPORT = "adopt.import.json"
COLUMNS = {
    "Kind": "kind",
    "Name": "name",
    "Version": "version",
    "Older versions": "older",
    "File": "file",
    "Not adopted because": "reason",
}


@click.command("adopt")
@click.option(
    "--workspace", "-w", "workspace", help="The workspace. Default: the stack's, or the environment's."
)
@click.option("--resource-group", "-g", help="Its resource group.")
@click.option("--stack", "-s", help="A stack of this project, whose workspace is taken.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to write."
)
@output_options
def command(
    workspace: str | None,
    resource_group: str | None,
    stack: str | None,
    out: Path,
    output: str,
    query: str | None,
) -> None:
    """Write what people made in a workspace as a project, and the file that imports it. Reads only; Azure is not changed.

    The newest version of every environment, component, data asset and model, and every schedule, become YAML below
    OUT/pipelines; code is downloaded, data stays where it lies. Older versions that something points to are pinned.
    What Azure or a run made is left out and counted.

    \b
    Then, in OUT: pulumi stack init STACK; pulumi import --file adopt.import.json; pulumi preview
    Exit codes: 0 everything was adopted, 3 something was not; the answer says why.
    Example: plumbline adopt --workspace mlw-claims --resource-group rg-claims --out claims
    """
    from plumbline.ops.adopt.definition_file import definition_path
    from plumbline.ops.adopt.live_asset import read_workspace
    from plumbline.ops.adopt.writing import write_definitions
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.errors import FOUND
    from plumbline.ops.target import enter_target

    if (out / IMPORT).exists():
        raise UserError(f"--out: got {out}, where a workspace was adopted before. Name another folder.")
    target = enter_target(stack, resource_group, workspace)
    session = AzureSession(target)
    found = read_workspace(session)
    out.mkdir(parents=True, exist_ok=True)
    done = write_definitions(session, found.assets, out)
    _write_program(target, session, done.assets, out)
    rows: list[dict[str, Any]] = [
        {
            "kind": asset.kind.name,
            "name": asset.name,
            "version": asset.version,
            "older": len(asset.older),
            "file": None if reason else str(definition_path(asset)),
            "reason": reason,
        }
        for asset, reason in [
            *((asset, None) for asset in done.assets),
            *((one.asset, one.reason) for one in done.not_adopted),
        ]
    ]
    left_out = [
        {"class": kind, "reason": reason, "count": count} for (kind, reason), count in found.left_out.items()
    ]
    print_answer(
        {"schema": SCHEMA, "workspace": target.workspace_id, "assets": rows, "left_out": left_out}
        if output == "json" or query
        else rows,
        output=output,
        query=query,
        columns=COLUMNS,
        empty="Nothing that people made is in this workspace.",
    )
    if output == "table":
        for row in left_out:
            click.echo(f"Left out, {row['class']}: {row['count']} ({row['reason']})", err=True)
        click.echo(f"\nNext, in {os.path.relpath(out)}: pulumi import --file {IMPORT}", err=True)
    if done.not_adopted:
        raise SystemExit(FOUND)


def _write_program(target: Any, session: Any, assets: Any, out: Path) -> None:
    """The import file; and the program and its stack's settings where there is no project yet."""
    from plumbline.azure.clouds import cloud_at
    from plumbline.fence import claims_of_token, live_cloud
    from plumbline.ops.adopt.program import import_text, main_text, project_text, stack_text

    (out / IMPORT).write_text(import_text(target, assets), encoding="utf-8")
    if (out / "Pulumi.yaml").exists():
        return
    live = live_cloud(os.environ)
    cloud = live.name if target.is_emulated else cloud_at(target.endpoint) or live.name
    tenant = target.pins.tenant_id if target.pins else str(claims_of_token(session.token()).get("tid"))
    stack = target.stack or live.emulates_stack or "adopted"
    texts = {
        "Pulumi.yaml": project_text(target.workspace_name),
        f"Pulumi.{stack}.yaml": stack_text(target, cloud=cloud, tenant_id=tenant),
        "__main__.py": main_text(target, assets),
        ".gitignore": ".plumbline/\n.venv/\n__pycache__/\n",
    }
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
