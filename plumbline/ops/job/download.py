"""`plumbline job download`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from plumbline.ops.errors import UsageError, UserError
from plumbline.ops.job.options import Place, job_name, place_options

# Folders as the official client lays them out.
OUTPUTS, ARTIFACTS = "named-outputs", "artifacts"


@click.command("download")
@job_name
@click.option("--all", "everything", is_flag=True, help="Every output of the job, and the logs of its steps.")
@click.option("--output-name", metavar="OUTPUT", help="This output only.")
@click.option(
    "--download-path",
    "-p",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder to write to. Default: here.",
)
@place_options
def command(job: str, everything: bool, output_name: str | None, download_path: Path, place: Place) -> None:
    """Fetch what an ended job left: outputs below named-outputs, logs below artifacts.

    Without --output-name and --all the logs alone.

    \b
    Example: plumbline job download calm_lake_x7 --output-name evaluation --download-path out --stack local
    """
    if everything and output_name:
        raise UsageError("--output-name: got it with --all, expected one of the two.")
    from plumbline.ops.job.datastore_files import DatastoreFiles
    from plumbline.ops.run_history import ENDED, RunHistory

    session = place.session()
    history = RunHistory(session)
    body = history.job(job)
    status = body["properties"]["status"]
    if status not in ENDED:
        raise UserError(
            f"job {job}: download: got status {status}, expected an ended job. "
            f"Wait for it: plumbline job stream {job}{place.words}"
        )
    count = 0
    if everything or output_name:
        outputs = history.outputs(job)
        if output_name and output_name not in outputs:
            known = ", ".join(sorted(outputs)) or "none"
            raise UserError(
                f"--output-name: got {output_name!r}, expected one of the job's outputs: {known}."
            )
        files = DatastoreFiles(session)
        for name, uri in sorted(outputs.items()):
            if output_name in {None, name}:
                count += files.fetch(uri, download_path / OUTPUTS / name)
    if not output_name:
        count += _fetch_logs(session, history, body, download_path / ARTIFACTS)
    click.echo(f"{job}: {count} file{'s' if count != 1 else ''} in {download_path}.")


def _fetch_logs(session: Any, history: Any, body: dict[str, Any], folder: Path) -> int:
    """The job's own logs, and each step's below its name; a reused step's are those of the run it reused."""
    runs = [("", str(body["name"]))] + [
        (step.step, step.reused_from or step.name) for step in history.steps(body) if not step.is_group
    ]

    def fetch(entry: tuple[str, str]) -> int:
        label, run = entry
        files = history.details(run).get("logFiles") or {}
        for path, url in files.items():
            target = (folder / label / path).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise UserError(f"run {run}: got a log named {path!r}, expected one below the run's own.")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(session.fetch(url))
        return len(files)

    return sum(session.side_by_side(fetch, runs))
