"""`plumbline component`: what is registered, under the field names of `az ml component`.

Source: azure-ai-ml 1.35.2 ComponentOperations and `Component._to_dict`, compared field by field in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from plumbline.azure.api_versions import api_version
from plumbline.ops.errors import UsageError, UserError
from plumbline.ops.job.options import Place, place_options
from plumbline.ops.output import output_options, print_answer

NEWEST = {"$orderBy": "createdtime desc", "$top": "1"}
CONTAINER_COLUMNS = {
    "Name": "name",
    "Latest version": "latest_version",
    "Description": "description",
    "Created": "creation_context.created_at",
}
VERSION_COLUMNS = {
    "Name": "name",
    "Version": "version",
    "Display name": "display_name",
    "Created": "creation_context.created_at",
    "By": "creation_context.created_by",
}
SHOW_COLUMNS = {
    "Name": "name",
    "Version": "version",
    "Type": "type",
    "Display name": "display_name",
    "Created": "creation_context.created_at",
    "By": "creation_context.created_by",
}


@click.group("component")
def command() -> None:
    """List and show registered components; names and fields are those of `az ml component`.

    \b
    Example: plumbline component list --stack local
    """


@command.command("list")
@click.option("--name", "-n", help="The versions of this component, newest first.")
@click.option("--archived", is_flag=True, help="Archived ones too.")
@place_options
@output_options
def list_components(name: str | None, archived: bool, place: Place, output: str, query: str | None) -> None:
    """List components with their latest version, or the versions of one.

    \b
    Example: plumbline component list --name claims_train --stack local --output table
    """
    session = place.session()
    base = f"{session.target.workspace_id}/components"
    view = {"listViewType": "All" if archived else "ActiveOnly"}
    if name is None:
        rows = [
            shown_container(body)
            for body in session.pages(base, api_version=api_version("components"), **view)
        ]
    else:
        order = {"$orderBy": NEWEST["$orderBy"]}
        pages = session.pages(
            f"{base}/{name}/versions", api_version=api_version("components"), **view, **order
        )
        rows = [shown_component(body) for body in pages]
    columns = CONTAINER_COLUMNS if name is None else VERSION_COLUMNS
    print_answer(rows, output=output, query=query, columns=columns, empty="No components.")


@command.command("show")
@click.argument("component", required=False)
@click.option("--name", "-n", help="The component, as `az ml` takes it.")
@click.option("--version", "-v", help="A version.")
@click.option("--label", "-l", type=click.Choice(["latest"]), help="The newest version. The default.")
@place_options
@output_options
def show_component(
    component: str | None,
    name: str | None,
    version: str | None,
    label: str | None,
    place: Place,
    output: str,
    query: str | None,
) -> None:
    """Show one version of a component; NAME:VERSION is taken too.

    \b
    Example: plumbline component show claims_train --query version --output tsv --stack local
    """
    if (component is None) == (name is None):
        raise UsageError("component: got no name or two, expected one: as an argument, or with --name.")
    if version and label:
        raise UsageError("--label: got it with --version, expected one of the two.")
    wanted, _, tail = (component or name or "").partition(":")
    version = version or tail or None
    session = place.session()
    versions = f"{session.target.workspace_id}/components/{wanted}/versions"
    if version:
        body = session.get(f"{versions}/{version}", api_version=api_version("components"))
    else:
        body = next(iter(session.pages(versions, api_version=api_version("components"), **NEWEST)), None)
    if body is None:
        raise UserError(
            f"component {wanted}{':' if version else ''}{version or ''}: got nothing in workspace "
            f"{session.target.workspace_name}, expected it registered. "
            f"See what is: plumbline component list{place.words}"
        )
    print_answer(shown_component(body), output=output, query=query, columns=SHOW_COLUMNS)


def shown_container(body: Mapping[str, Any]) -> dict[str, Any]:
    """What `az ml component list` answers for a container that ARM answers."""
    from plumbline.ops.job.shown_job import creation_context

    properties = body.get("properties") or {}
    shown = {
        "name": body.get("name"),
        "id": f"azureml:{body.get('id')}",
        "description": properties.get("description"),
        "tags": properties.get("tags") or {},
        "latest_version": properties.get("latestVersion"),
        "is_archived": str(properties.get("isArchived", False)).lower() == "true",
        "creation_context": creation_context(body.get("systemData")),
    }
    return {key: value for key, value in shown.items() if value is not None}


def shown_component(body: Mapping[str, Any]) -> dict[str, Any]:
    """What `az ml component show` answers for a version that ARM answers."""
    from plumbline.ops.job.shown_job import creation_context, shown_node

    properties = body.get("properties") or {}
    spec = dict(properties.get("componentSpec") or {})
    parts = str(body.get("id", "")).split("/")
    head = {
        "name": spec.get("name") or parts[-3],
        "version": spec.get("version") or parts[-1],
        "id": f"azureml:{body.get('id')}",
        "type": spec.get("type"),
        "display_name": spec.get("display_name"),
        "description": properties.get("description") or spec.get("description"),
        "tags": properties.get("tags") or spec.get("tags") or {},
    }
    left_out = {"_source", "sourceJobId", *head}
    rest = _typed({key: value for key, value in spec.items() if key not in left_out and value is not None})
    if isinstance(rest.get("jobs"), dict):
        rest["jobs"] = {key: shown_node(node) for key, node in rest["jobs"].items()}
    tail = {
        # The client's answer has no such field: it is shown when it matters.
        "is_archived": True if str(properties.get("isArchived")).lower() == "true" else None,
        "creation_context": creation_context(body.get("systemData")),
    }
    return {key: value for key, value in {**head, **rest, **tail}.items() if value is not None}


def _typed(spec: dict[str, Any]) -> dict[str, Any]:
    """A spec with the types that azure-ai-ml shows: Azure answers every scalar as text."""
    if "is_deterministic" in spec:
        spec["is_deterministic"] = _truth(spec["is_deterministic"])
    if isinstance(spec.get("inputs"), Mapping):
        spec["inputs"] = {
            name: {**row, "optional": _truth(row["optional"])} if "optional" in row else row
            for name, row in spec["inputs"].items()
        }
    for part in ("resources", "distribution"):
        if isinstance(spec.get(part), Mapping):
            spec[part] = {key: _count(value) for key, value in spec[part].items()}
    return spec


def _truth(value: Any) -> Any:
    return value.lower() == "true" if isinstance(value, str) else value


def _count(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value
