"""`plumbline model show`."""

from __future__ import annotations

import click

from plumbline.ops.errors import UsageError, UserError
from plumbline.ops.job.options import Place, place_options
from plumbline.ops.output import output_options, print_answer

COLUMNS = {
    "Name": "name",
    "Version": "version",
    "Type": "type",
    "Job": 'tags."plumbline.job"',
    "Approved by": 'tags."plumbline.approver"',
    "Commit": 'tags."plumbline.commit"',
    "Created": "creation_context.created_at",
}


@click.command("show")
@click.argument("model", required=False)
@click.option("--name", "-n", help="The model, as `az ml` takes it.")
@click.option("--version", "-v", help="A version. Default: the newest.")
@click.option("--label", "-l", type=click.Choice(["latest"]), help="The newest version. The default.")
@place_options
@output_options
def command(
    model: str | None,
    name: str | None,
    version: str | None,
    label: str | None,
    place: Place,
    output: str,
    query: str | None,
) -> None:
    """Show one version of a model; NAME:VERSION is taken too.

    \b
    Example: plumbline model show claims_release --query tags --output json --stack local
    """
    if (model is None) == (name is None):
        raise UsageError("model: got no name or two, expected one: as an argument, or with --name.")
    wanted, _, tail = (model or name or "").partition(":")
    version = version or tail or None
    if version and label:
        raise UsageError("--label: got it with a version, expected one of the two.")
    from plumbline.azure.api_versions import api_version
    from plumbline.ops.release.registered_model import model_versions, shown_model

    session = place.session()
    if version:
        path = f"{session.target.workspace_id}/models/{wanted}/versions/{version}"
        body = session.get(path, api_version=api_version("models"))
    else:
        body = next(iter(model_versions(session, wanted)), None)
    if body is None:
        raise UserError(
            f"model {wanted}{':' if version else ''}{version or ''}: got nothing in workspace "
            f"{session.target.workspace_name}, expected it registered. See what is: plumbline model list{place.words}"
        )
    print_answer(shown_model(body), output=output, query=query, columns=COLUMNS)
