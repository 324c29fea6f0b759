"""`plumbline model list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from plumbline.ops.job.options import Place, place_options
from plumbline.ops.output import output_options, print_answer

if TYPE_CHECKING:
    from plumbline.ops.azure_session import AzureSession

CONTAINER_COLUMNS = {
    "Name": "name",
    "Latest version": "latest_version",
    "Description": "description",
    "Created": "creation_context.created_at",
}
VERSION_COLUMNS = {
    "Name": "name",
    "Version": "version",
    "Release": "release",
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

    What is said of a version's release is recomputed from its run, its evidence and its approval, never from tags;
    a model that no release.yml of this checkout names has no gate.

    \b
    Example: plumbline model list --name claims_release --stack local --output table
    """
    from plumbline.azure.api_versions import api_version
    from plumbline.ops.release.registered_model import (
        shown_container,
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
        rows = released_rows(session, name, view)
    columns = CONTAINER_COLUMNS if name is None else VERSION_COLUMNS
    print_answer(rows, output=output, query=query, columns=columns, empty="No models.")


def released_rows(session: AzureSession, name: str, view: str) -> list[dict[str, Any]]:
    """The versions of a model, each with what stands behind it."""
    from plumbline.ops.release.contract import pipeline_of_model
    from plumbline.ops.release.registered_model import model_versions, shown_model
    from plumbline.ops.release.standing import standing

    bodies = list(model_versions(session, name, view=view))
    if pipeline_of_model(name) is None:
        return [{**shown_model(body), "release": "no gate"} for body in bodies]
    found = session.side_by_side(lambda body: standing(session, name, body), bodies)
    return [
        {
            **shown_model(body),
            "release": one.shown,
            "released": one.is_released,
            "release_faults": list(one.faults),
        }
        for body, one in zip(bodies, found, strict=True)
    ]
