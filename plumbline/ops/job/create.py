"""`plumbline job create`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from plumbline.ops.errors import UserError
from plumbline.ops.job.options import Place, place_options
from plumbline.ops.output import output_options, print_answer

COLUMNS = {
    "Name": "name",
    "Status": "status",
    "Display name": "display_name",
    "Digest": 'tags."plumbline.digest"',
    "Studio": "services.Studio.endpoint",
}


@click.command("create")
@click.option(
    "--file", "-f", "file", type=click.Path(path_type=Path), required=True, help="The job's az ml YAML."
)
@click.option(
    "--set", "sets", multiple=True, metavar="PATH=VALUE", help="Override a field: inputs.alpha=0.1."
)
@click.option("--name", "-n", help="The job's name. Default: a new one.")
@click.option("--stream", is_flag=True, help="Follow it to its end.")
@click.option("--web", is_flag=True, help="Open it in the browser.")
@click.option(
    "--anonymous",
    is_flag=True,
    help="Let azure-ai-ml register what the file names under names of no release; it can never be released.",
)
@place_options
@output_options
def command(
    file: Path,
    sets: tuple[str, ...],
    name: str | None,
    stream: bool,
    web: bool,
    anonymous: bool,
    place: Place,
    output: str,
    query: str | None,
) -> None:
    """Submit a job whose components are registered, and watch it if asked.

    The definitions are checked first, all of them, then compared with what is registered: a job runs what
    is written here, or is not submitted. Any job file other than a pipeline's own goes with --anonymous only.

    \b
    Exit codes with --stream: 0 Completed, 3 the release gate closed, 1 anything else.
    Example: plumbline job create --file pipelines/claims_release/pipeline.yml --set inputs.alpha=0.1 --stream
    """
    from plumbline.ops.job.override import parse_overrides

    overrides = parse_overrides(sets)
    body, session = (_anonymous if anonymous else _released)(file, overrides, name, place)
    answer_submission(body, session, place, stream=stream, web=web, output=output, query=query)


def _released(file: Path, overrides: Any, name: str | None, place: Place) -> tuple[dict[str, Any], Any]:
    from plumbline.ops.job.definition import load_job_definition
    from plumbline.ops.job.release_run import release_job, submit_release_run

    definition = load_job_definition(file)
    if definition is None:
        raise UserError(
            f"{file}: got a job that is no pipeline of a folder of definitions, expected pipeline.yml beside its "
            "components. Submit it as it is, never to be released: add --anonymous"
        )
    for warning in definition.pipeline.warnings:
        click.echo(f"warning: {warning}", err=True)
    release_job(definition, overrides)  # what does not fit is reported before a login is asked for
    session = _fresh(place, name)
    return submit_release_run(session, definition, overrides, name=name), session


def _anonymous(file: Path, overrides: Any, name: str | None, place: Place) -> tuple[dict[str, Any], Any]:
    import yaml

    from plumbline.ops.checkout import source_commit
    from plumbline.ops.job.override import set_raw
    from plumbline.ops.job.release_run import new_name
    from plumbline.ops.job.submission import ANONYMOUS_TAG, COMMIT_TAG, OWN_TAGS, Submitter

    if not file.is_file():
        raise UserError(f"--file: got {file}, which is no file, expected a job's YAML. Check the path.")
    try:
        mapping = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise UserError(
            f"{file}{line}: got no YAML ({getattr(error, 'problem', error)}). Correct the file."
        ) from error
    if not isinstance(mapping, dict):
        raise UserError(
            f"{file}: got {type(mapping).__name__}, expected a job as a mapping. Correct the file."
        )
    set_raw(mapping, overrides)
    own = {key: value for key, value in (mapping.get("tags") or {}).items() if key not in OWN_TAGS}
    folder = file.resolve().parent
    mapping["tags"] = {**own, ANONYMOUS_TAG: "true", COMMIT_TAG: source_commit(folder)}
    mapping["name"] = name or mapping.get("name") or new_name(str(mapping.get("display_name") or file.stem))
    session = _fresh(place, mapping["name"])
    return Submitter(session).submit(mapping, root=folder), session


def _fresh(place: Place, name: str | None) -> Any:
    """A session of a workspace that has no job of a name yet: a PUT would change that one, and run nothing."""
    from plumbline.azure.api_versions import api_version

    session = place.session()
    if (
        name
        and session.get(f"{session.target.workspace_id}/jobs/{name}", api_version=api_version("jobs"))
        is not None
    ):
        raise UserError(
            f"job {name}: create: got a job of this name already, expected a new name. Leave --name out to get one."
        )
    return session


def answer_submission(
    body: dict[str, Any],
    session: Any,
    place: Place,
    *,
    stream: bool,
    web: bool,
    output: str,
    query: str | None,
) -> None:
    """Say what was submitted; with `stream` follow it, and end with its exit code."""
    from plumbline.ops.job.shown_job import shown_job

    shown = shown_job(body)
    endpoint = ((body["properties"].get("services") or {}).get("Studio") or {}).get("endpoint")
    if web and endpoint:
        import webbrowser

        webbrowser.open(endpoint)
    if not stream:
        print_answer(shown, output=output, query=query, columns=COLUMNS)
        return
    from plumbline.ops.job.follow import follow

    # What a script reads is one JSON document; everything that is said on the way goes to stderr.
    talk_on_stderr = output != "table" or query is not None
    outcome = follow(session, shown["name"], err=talk_on_stderr, words=place.words)
    if talk_on_stderr:
        print_answer(shown_job(dict(outcome.job)), output=output, query=query, columns=COLUMNS)
    raise SystemExit(outcome.exit_code)
