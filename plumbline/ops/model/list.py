"""`plumbline model list`."""

from __future__ import annotations

import click

from plumbline.ops.job.options import Place, place_options
from plumbline.ops.output import output_options, print_answer

CONTAINER_COLUMNS = {
    "Name": "name",
    "Latest version": "latest_version",
    "Description": "description",
    "Created": "creation_context.created_at",
}
VERSION_COLUMNS = {
    "Name": "name",
    "Version": "version",
    "Job": 'tags."plumbline.job"',
    "Approved by": 'tags."plumbline.approver"',
    "Created": "creation_context.created_at",
    "By": "creation_context.created_by",
}


@click.command("list")
@click.option("--name", "-n", help="The versions of this model, newest first.")
@click.option("--archived", is_flag=True, help="Archived ones too.")
@place_options
@output_options
def command(name: str | None, archived: bool, place: Place, output: str, query: str | None) -> None:
    """List models with their latest version, or the versions of one.

    \b
    Example: plumbline model list --name claims_release --stack local --output table
    """
    from plumbline.azure.api_versions import api_version
    from plumbline.ops.release.registered_model import (
        model_versions,
        shown_container,
        shown_model,
    )

    session = place.session()
    view = "All" if archived else "ActiveOnly"
    if name is None:
        path = f"{session.target.workspace_id}/models"
        rows = [
            shown_container(body)
            for body in session.pages(path, api_version=api_version("models"), listViewType=view)
        ]
    else:
        rows = [shown_model(body) for body in model_versions(session, name, view=view)]
    columns = CONTAINER_COLUMNS if name is None else VERSION_COLUMNS
    print_answer(rows, output=output, query=query, columns=columns, empty="No models.")
