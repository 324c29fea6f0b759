"""What a command answers: a table, JSON or TSV, narrowed by a JMESPath query, as Azure's CLI has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click
import jmespath
import jmespath.exceptions

from plumbline.ops.errors import UsageError

FORMATS = ("table", "json", "tsv", "markdown")
F = TypeVar("F", bound=Callable[..., Any])


def output_options(command: F) -> F:
    """Give a command `--output` and `--query`."""
    command = click.option("--query", help="A JMESPath query over the JSON answer.")(command)
    return click.option(
        "--output",
        "-o",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="Form of the answer.",
    )(command)


def print_answer(
    answer: Any,
    *,
    output: str,
    query: str | None,
    columns: Mapping[str, str],
    empty: str = "Nothing to show.",
) -> None:
    """Print an answer on stdout, and nothing else there.

    Args:
        answer: What `json` prints: a mapping, or a sequence of mappings.
        columns: Heading -> JMESPath of its value in a row; for `table`, `tsv` and `markdown` without a query.
    Raises: UsageError: the query is no JMESPath.
    """
    if query is not None:
        try:
            answer = jmespath.search(query, answer)
        except jmespath.exceptions.JMESPathError as error:
            raise UsageError(f"--query: got {query!r} ({error}), expected JMESPath.") from error
    if output == "json":
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    rows = _rows(answer, None if query is not None else columns)
    if output == "tsv":
        for row in rows:
            click.echo("\t".join(_text(value) for value in row.values()))
    elif not rows:
        click.echo(empty)
    elif output == "markdown":
        _print_markdown(rows)
    else:
        _print_table(rows)


def _rows(answer: Any, columns: Mapping[str, str] | None) -> list[dict[str, Any]]:
    entries = answer if isinstance(answer, Sequence) and not isinstance(answer, str) else [answer]
    rows = []
    for entry in entries:
        if columns is not None:
            rows.append({heading: jmespath.search(path, entry) for heading, path in columns.items()})
        elif isinstance(entry, Mapping):
            rows.append({str(key): value for key, value in entry.items()})
        elif isinstance(entry, list):
            rows.append({f"Column{at + 1}": value for at, value in enumerate(entry)})
        elif entry is not None:
            rows.append({"Result": entry})
    return rows


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _print_table(rows: list[dict[str, Any]]) -> None:
    headings = list(rows[0])
    texts = [[_text(row.get(heading)).replace("\n", " ") for heading in headings] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(headings, *texts, strict=True)]
    for line in (headings, ["-" * width for width in widths], *texts):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _print_markdown(rows: list[dict[str, Any]]) -> None:
    headings = list(rows[0])
    click.echo(f"| {' | '.join(headings)} |")
    click.echo(f"|{'---|' * len(headings)}")
    for row in rows:
        cells = [_text(row.get(heading)).replace("|", "\\|").replace("\n", " ") for heading in headings]
        click.echo(f"| {' | '.join(cells)} |")
